import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { BrambleError } from '../../proto/contract/errors.js';
import { Secret } from '../../proto/contract/secret.js';

const SECRET_CHARACTERS_MAX = 1_024;

/** @throws BrambleError `failed-precondition` */
export function readSecretFile(path: string): Secret {
  try {
    return new Secret(readFileSync(path, 'utf8').trim().slice(0, SECRET_CHARACTERS_MAX));
  } catch (cause) {
    throw new BrambleError('failed-precondition', `cannot read ${path}: ${String(cause)}`, {
      hint: 'name a file that holds the token and nothing else, readable by you alone',
      cause,
    });
  }
}

/**
 * On a terminal the line is not shown; from a pipe it is the first line. Never an argument: every user of a machine sees
 * those of every program.
 * @throws BrambleError `cancelled`, `invalid-argument` when nothing came
 */
export async function askSecret(question: string, signal: AbortSignal): Promise<Secret> {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: silent(), terminal: isTerminal });
  try {
    const line = await firstLine(lines, signal);
    if (line === undefined) {
      throw new BrambleError('invalid-argument', 'no password came from standard input', {
        hint: 'type it, or send it by a pipe',
      });
    }
    return new Secret(line.slice(0, SECRET_CHARACTERS_MAX));
  } finally {
    lines.close();
    if (isTerminal) process.stderr.write('\n');
  }
}

function firstLine(lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      reject(new BrambleError('cancelled', 'interrupted'));
    };
    lines.once('line', resolve);
    lines.once('close', () => {
      resolve(undefined);
    });
    lines.once('SIGINT', cancel); // in a terminal that is read raw Ctrl-C is a key
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** Where the terminal's echo goes. */
function silent(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
