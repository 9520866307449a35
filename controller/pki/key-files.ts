import { chmod, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BrambleError } from '../../proto/contract/errors.js';

/**
 * The directory of keys: 0700, every file 0600, replaced atomically. Whoever can read it owns the fleet, so a file that
 * others may read is refused rather than repaired: it may have been read already.
 */
export class KeyFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the directory when it is absent. @throws BrambleError `failed-precondition` when others may look into it */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    } catch (thrown) {
      throw new BrambleError('failed-precondition', `cannot make the key directory ${this.#dir}`, {
        cause: thrown,
        hint: 'give its parent to the user that runs the controller',
      });
    }
    await this.#refuseWhenOpen(this.#dir, 0o700);
  }

  /** `undefined` when there is none. @throws BrambleError `failed-precondition` */
  async read(name: string): Promise<string | undefined> {
    const path = join(this.#dir, name);
    try {
      await this.#refuseWhenOpen(path, 0o600);
      return await readFile(path, 'utf8');
    } catch (thrown) {
      if (thrown instanceof BrambleError) throw thrown;
      if (isMissing(thrown)) return undefined;
      throw new BrambleError('failed-precondition', `cannot read the key file ${path}`, {
        cause: thrown,
        hint: 'give it to the user that runs the controller',
      });
    }
  }

  /** Durable when it resolves: a key that was used and then lost would orphan every node. @throws BrambleError `unavailable` */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.#dir, name);
    const temporary = `${path}.new`;
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await chmod(temporary, 0o600); // a leftover of a crash may have had another mode
      await rename(temporary, path);
      const dir = await open(this.#dir, 'r');
      await dir.sync().finally(() => dir.close());
    } catch (thrown) {
      throw new BrambleError('unavailable', `cannot write the key file ${path}`, {
        cause: thrown,
        hint: 'look for a full or read-only disk',
      });
    }
  }

  async #refuseWhenOpen(path: string, mode: 0o600 | 0o700): Promise<void> {
    const { mode: found } = await stat(path);
    if ((found & 0o077) === 0) return;
    const octal = mode.toString(8);
    throw new BrambleError('failed-precondition', `others than its owner may use ${path}`, {
      hint: `if nobody can have read it, run chmod ${octal} ${path}; else make new keys and enrol the fleet again`,
    });
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
