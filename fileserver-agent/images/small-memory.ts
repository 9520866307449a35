import { array, number, record, string } from '../../agent/kit/form.js';
import type { Files } from '../../agent/kit/host/ports.js';
import { digest, type ImageDigest } from '../../proto/contract/images/digest.js';

const WANTED = array(string());
const FLOORS = record(string(), number());

/** What a site remembers of images beside the images themselves, as small files in one folder. One process writes them. */
export class ImageMemory {
  readonly #files: Pick<Files, 'readText' | 'writeAtomic'>;
  readonly #dir: string;
  /** As it is on storage; `undefined` before the first look, which comes every two seconds. */
  #wanted: readonly ImageDigest[] | undefined;

  constructor(files: Pick<Files, 'readText' | 'writeAtomic'>, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  /** Images that were asked for, oldest first. What cannot be read is asked for again by people. */
  async wanted(): Promise<readonly ImageDigest[]> {
    if (this.#wanted === undefined) {
      const text = await this.#files.readText(`${this.#dir}/wanted.json`);
      this.#wanted = parsed(text, (value) => WANTED.parse(value).map(digest)) ?? [];
    }
    return this.#wanted;
  }

  async setWanted(images: readonly ImageDigest[]): Promise<void> {
    await this.#files.writeAtomic(`${this.#dir}/wanted.json`, `${JSON.stringify(images)}\n`);
    this.#wanted = [...images];
  }

  async floor(imageClass: string): Promise<number> {
    return (await this.#floors())[imageClass] ?? 0;
  }

  /** A lower one than before changes nothing. */
  async raiseFloor(imageClass: string, floor: number): Promise<void> {
    const floors = await this.#floors();
    if ((floors[imageClass] ?? 0) >= floor) return;
    await this.#files.writeAtomic(
      `${this.#dir}/floors.json`,
      `${JSON.stringify({ ...floors, [imageClass]: floor })}\n`,
    );
  }

  async #floors(): Promise<Readonly<Record<string, number>>> {
    return parsed(await this.#files.readText(`${this.#dir}/floors.json`), (value) => FLOORS.parse(value)) ?? {};
  }
}

function parsed<T>(text: string | undefined, parse: (value: unknown) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(JSON.parse(text));
  } catch {
    return undefined; // damaged: as if it had not been written; a floor comes back with the next manifest
  }
}
