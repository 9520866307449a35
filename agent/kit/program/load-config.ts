import { BrambleError } from '../../../proto/contract/errors.js';
import { type AgentConfig, type JoinConfig, parseAgentConfig } from '../config.js';
import type { JoinFile } from '../enroll/join.js';
import type { ProgramIo, SettingsFile } from './program-io.js';

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** Absent when the configuration names none, or its token has been taken away after the node enrolled. */
  readonly join: JoinFile | undefined;
}

const READABLE_BY_OTHERS = 0o004;
const WRITABLE_BY_OTHERS = 0o002;

/**
 * Reads the configuration and the token that it points to.
 * @throws BrambleError `not-found` (no configuration), `invalid-argument` (bad one), `failed-precondition` (others may
 * change it, or may read a secret)
 */
export async function loadConfig(path: string, read: ProgramIo['readSettings']): Promise<LoadedConfig> {
  const file = await read(path);
  if (file === undefined) {
    const hint = 'name another with --config, or copy the example that comes with the package';
    throw new BrambleError('not-found', `there is no configuration at ${path}`, { hint });
  }
  refuseWhatOthersMay(file, WRITABLE_BY_OTHERS, path, 'change');
  const config = parseAgentConfig(file.text, path);
  if (config.join === undefined) return { config, join: undefined };
  if (config.join.token.kind === 'inline') refuseSecretForAll(file, path);
  return { config, join: await readJoin(config.join, read) };
}

async function readJoin(
  { controller, pin, token }: JoinConfig,
  read: ProgramIo['readSettings'],
): Promise<JoinFile | undefined> {
  if (token.kind === 'inline') return { controller, pin, token: token.value };
  const file = await read(token.path);
  if (file === undefined) return undefined;
  refuseSecretForAll(file, token.path);
  const word = file.text.trim();
  if (/^\S+$/.test(word)) return { controller, pin, token: word };
  throw new BrambleError('invalid-argument', `${token.path} holds no token`, {
    hint: 'it holds one line: what `bramble token create` printed',
  });
}

/** Files of the state directory that hold private keys; enroll/identity-store.ts writes them. */
const KEY_FILES = ['identity.json', 'next-key.json'] as const;

/**
 * A key that others can read may be in use elsewhere already: the agent does not go on with it.
 * @throws BrambleError `failed-precondition`
 */
export async function refuseReadableKeys(stateDir: string, read: ProgramIo['readSettings']): Promise<void> {
  for (const name of KEY_FILES) {
    const path = `${stateDir}/${name}`;
    const file = await read(path);
    if (file !== undefined) refuseSecretForAll(file, path);
  }
}

function refuseSecretForAll(file: SettingsFile, path: string): void {
  refuseWhatOthersMay(file, READABLE_BY_OTHERS | WRITABLE_BY_OTHERS, path, 'read');
}

function refuseWhatOthersMay(file: SettingsFile, bits: number, path: string, verb: string): void {
  if ((file.mode & bits) === 0) return;
  const mode = file.mode.toString(8).padStart(4, '0');
  throw new BrambleError('failed-precondition', `everybody on this machine may ${verb} ${path} (mode ${mode})`, {
    hint: `chmod o-rwx ${path}`,
  });
}
