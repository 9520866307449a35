import { BrambleError } from '../../../proto/contract/errors.js';
import type { Files, KeyPair, Keys } from '../host/ports.js';
import type { Identity } from './identity.js';
import { parseIdentity, parseKeyPair, renderIdentity, renderKeyPair } from './identity-file.js';

/**
 * The node's identity on its state volume: one file, replaced as a whole, so that key and certificate always belong
 * together. Beside it, until the controller has answered, the key that is to come next.
 */
export class IdentityStore {
  readonly #files: Files;
  readonly #keys: Keys;
  readonly #identityPath: string;
  readonly #nextKeyPath: string;

  constructor({ files, keys, stateDir }: { readonly files: Files; readonly keys: Keys; readonly stateDir: string }) {
    this.#files = files;
    this.#keys = keys;
    this.#identityPath = `${stateDir}/identity.json`;
    this.#nextKeyPath = `${stateDir}/next-key.json`;
  }

  /** `undefined` for a node that has not enrolled. @throws BrambleError `data-loss`, or of the storage */
  async load(): Promise<Identity | undefined> {
    const text = await this.#files.readText(this.#identityPath);
    return text === undefined ? undefined : parseIdentity(text);
  }

  /** @throws BrambleError of the storage */
  async save(identity: Identity): Promise<void> {
    await this.#files.writeAtomic(this.#identityPath, renderIdentity(identity), 0o600);
  }

  /**
   * The key for the next credential: made once and stored before anybody sees it, so that a lost answer is asked for again
   * with the same key. @throws BrambleError of the storage
   */
  async nextKey(current: Identity | undefined): Promise<KeyPair> {
    const stored = await this.#storedKey();
    // A process that died right after it had saved a new identity leaves the key that is in use by now.
    if (stored !== undefined && stored.privateKeyPem !== current?.privateKeyPem) return stored;
    const pair = this.#keys.makeKeyPair();
    await this.#files.writeAtomic(this.#nextKeyPath, renderKeyPair(pair), 0o600);
    return pair;
  }

  /** Makes `identity` the one that counts, and its key no longer the next one. @throws BrambleError of the storage */
  async adopt(identity: Identity): Promise<void> {
    await this.save(identity);
    await this.#files.remove(this.#nextKeyPath).catch(() => undefined); // nextKey() knows a key that is in use
  }

  async #storedKey(): Promise<KeyPair | undefined> {
    const text = await this.#files.readText(this.#nextKeyPath);
    if (text === undefined) return undefined;
    try {
      return parseKeyPair(text);
    } catch (error) {
      if (BrambleError.from(error).code === 'data-loss') return undefined; // no credential was stored for it: make another
      throw error;
    }
  }
}
