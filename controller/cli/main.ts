import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { BrambleError } from '../../proto/contract/errors.js';
import { askSecret, readSecretFile } from './ask-secret.js';
import type { CliHost } from './context.js';
import { NETWORK_PROBE } from './doctor/network-probe.js';
import { copyFolder, readTextIfThere, runController, saveConfig } from './machine.js';
import { runCli } from './run.js';
import { HttpTransport } from './transport.js';

const interrupted = new AbortController();
process.once('SIGINT', () => {
  interrupted.abort();
});
process.stdout.on('error', () => {
  process.exit(0); // the reader of a pipe has seen enough
});

const host: CliHost = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  env: process.env,
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, { signal });
    } catch (cause) {
      throw new BrambleError('cancelled', 'interrupted', { cause });
    }
  },
  exists: (path) => existsSync(path),
  readText,
  save,
  readSecretFile,
  askSecret,
  widthColumns: process.stdout.isTTY ? process.stdout.columns : undefined,
  completionMsMax: 300,
  errIsTerminal: process.stderr.isTTY && process.env['TERM'] !== 'dumb',
  readTextIfThere,
  saveConfig,
  copyFolder,
  runController,
  userName: loginName(),
  connect: (where, actor) => new HttpTransport(where, actor),
  probe: NETWORK_PROBE,
};

process.exitCode = await runCli(process.argv.slice(2), host, interrupted.signal);

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BrambleError('invalid-argument', `${path} cannot be read: ${why}`, { cause });
  }
}

async function save(path: string, content: Uint8Array): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = isThere ? 'is there already' : `cannot be written: ${String(cause)}`;
    throw new BrambleError(isThere ? 'already-exists' : 'failed-precondition', `${path} ${why}`, {
      hint: 'name another file with -o',
      cause,
    });
  }
}

/** Who is behind sudo, else who runs this; letters that a login name has. */
function loginName(): string {
  const name = process.env['SUDO_USER'] ?? nameOfUser();
  return name.replaceAll(/[^A-Za-z0-9._@+-]/g, '_').slice(0, 64) || 'unknown';
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a user id without an entry, as containers have them
  }
}
