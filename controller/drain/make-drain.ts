import { readFile } from 'node:fs/promises';
import { BrambleError } from '../../proto/contract/errors.js';
import { Secret } from '../../proto/contract/secret.js';
import type { DrainHook } from '../usecases/provisioning/ports.js';
import { commandDrain } from './command.js';
import { webhookDrain } from './webhook.js';

/** How work is moved away from a node before it is disrupted, as the operator has configured it. */
type DrainSettings =
  | { readonly kind: 'webhook'; readonly url: string; readonly secretFile: string; readonly timeoutMs: number }
  | { readonly kind: 'command'; readonly command: readonly [string, ...string[]]; readonly timeoutMs: number };

const SECRET_CHARACTERS_MIN = 16;

/** @throws BrambleError `failed-precondition` for a secret that cannot be read, or is none */
export async function makeDrain(
  settings: DrainSettings | undefined,
  nowMs: () => number,
): Promise<DrainHook | undefined> {
  if (settings === undefined) return undefined;
  if (settings.kind === 'command') return commandDrain(settings);
  const { url, secretFile, timeoutMs } = settings;
  return webhookDrain({ url, timeoutMs, nowMs, secret: await readSecret(secretFile) });
}

async function readSecret(path: string): Promise<Secret> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new BrambleError('failed-precondition', `the secret of the drain hook cannot be read: ${path}`, { cause });
  }
  if (text.length >= SECRET_CHARACTERS_MIN) return new Secret(text);
  throw new BrambleError('failed-precondition', `the secret of the drain hook is too short: ${path}`, {
    hint: 'openssl rand -hex 32 makes one',
  });
}
