import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { BrambleError } from '../../proto/contract/errors.js';
import { FRESHNESS_DOMAIN } from '../../proto/contract/images/freshness.js';
import type { Random } from '../../proto/contract/random.js';
import { spkiSha256 } from '../../proto/wire/chain.js';
import type { SignedCommand } from '../domain/command.js';
import type { Trust } from '../usecases/ports.js';
import type { KeyFiles } from './key-files.js';
import { parseSubjectKey } from './subject-key.js';

/** What a signature of a command covers before the payload (contract: SignedCommand). */
const COMMAND_DOMAIN = Buffer.from('bramble-command-v1\0');
const TOKEN_KEY_BYTES = 32;
const KEY_ID_CHARACTERS = 16;

/** The controller's own secrets, made at the first start. */
export class Secrets implements Trust {
  readonly #tokenKey: Buffer;
  readonly #commandKey: KeyObject;
  readonly #commandKeyId: string;
  readonly commandKeys: Trust['commandKeys'];

  /** @throws BrambleError `failed-precondition`, `data-loss`, `unavailable` */
  static async load(files: KeyFiles, random: Random): Promise<Secrets> {
    const tokenKey = await loadOrMake(files, 'token.key', () =>
      Buffer.from(random.bytes(TOKEN_KEY_BYTES)).toString('hex'),
    );
    if (!/^[0-9a-f]{64}\n?$/.test(tokenKey)) throw unreadable('token.key');
    const commandKey = await loadOrMake(files, 'command.key.pem', () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    return new Secrets(Buffer.from(tokenKey.trim(), 'hex'), parseCommandKey(commandKey));
  }

  private constructor(tokenKey: Buffer, commandKey: KeyObject) {
    this.#tokenKey = tokenKey;
    this.#commandKey = commandKey;
    const spkiDer = createPublicKey(commandKey).export({ type: 'spki', format: 'der' });
    this.#commandKeyId = spkiSha256(spkiDer).slice(0, KEY_ID_CHARACTERS);
    this.commandKeys = [{ keyId: this.#commandKeyId, spkiDer }];
  }

  signCommand(payload: Uint8Array): SignedCommand {
    const signature = sign(null, Buffer.concat([COMMAND_DOMAIN, payload]), this.#commandKey);
    return { payload, keyId: this.#commandKeyId, signature };
  }

  signFreshness(text: string): ReturnType<Trust['signFreshness']> {
    const signature = sign(null, Buffer.from(FRESHNESS_DOMAIN + text), this.#commandKey);
    return { text, keyId: this.#commandKeyId, signature };
  }

  verify(spkiDer: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    try {
      const key = parseSubjectKey(spkiDer);
      return verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', message, key, signature);
    } catch {
      return false; // not a key or not a signature: either way nobody has signed this
    }
  }

  sha256(bytes: Uint8Array): Uint8Array {
    return createHash('sha256').update(bytes).digest();
  }

  tokenHmac(bytes: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#tokenKey).update(bytes).digest();
  }

  equal(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && timingSafeEqual(a, b);
  }
}

async function loadOrMake(files: KeyFiles, name: string, make: () => string): Promise<string> {
  const stored = await files.read(name);
  if (stored !== undefined) return stored;
  const made = make();
  await files.write(name, made);
  return made;
}

function parseCommandKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // the same answer as for a key of another kind
  }
  throw unreadable('command.key.pem');
}

function unreadable(name: string): BrambleError {
  return new BrambleError('data-loss', `${name} does not hold the key that it should`, {
    hint: 'restore the key directory from the newest backup',
  });
}
