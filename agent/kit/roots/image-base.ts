import { BrambleError } from '../../../proto/contract/errors.js';
import { isImageId } from '../../../proto/contract/netboot/parse.js';
import { BOOT_TREE, IMAGES, imageVolume, ROOT_TREE } from './layout.js';
import type { ImageSource, PoolFiles, RootDriver, Tell } from './ports.js';

export interface ImageBaseOptions {
  readonly pool: string;
  readonly files: PoolFiles;
  readonly driver: RootDriver;
  readonly source: ImageSource;
  /** UUID for the export of a shared system. */
  readonly newFsid: () => string;
}

/** An image that is unpacked in the pool, for roots to be cloned from. */
export interface UnpackedImage {
  readonly image: string;
  readonly fsid: string;
}

/** Beside the volumes: what is not mounted can be known, and a clone does not carry it along. */
const RECORDS = 'unpacked';

/** Images unpacked once each. Complete is what has a record; whatever else is there was cut off, and is made anew. */
export class ImageBase {
  readonly #options: ImageBaseOptions;

  constructor(options: ImageBaseOptions) {
    this.#options = options;
  }

  /** @throws BrambleError of the source, or `failed-precondition` for an image that no board can boot from */
  async ensure(image: string, signal: AbortSignal, tell: Tell = () => undefined): Promise<UnpackedImage> {
    if (!isImageId(image)) throw new BrambleError('invalid-argument', 'that is no name of an image');
    const found = await this.find(image, signal);
    return found ?? this.#unpack(image, signal, tell);
  }

  async find(image: string, signal: AbortSignal): Promise<UnpackedImage | undefined> {
    const { files, driver } = this.#options;
    const found = parseUnpacked(await files.readText(this.#record(image)), image);
    if (found !== undefined) await driver.attach(imageVolume(image), signal);
    return found;
  }

  async list(): Promise<readonly string[]> {
    const names = await this.#options.files.list(`${this.#options.pool}/${RECORDS}`);
    return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  }

  /** Names at the top of its boot files. */
  bootNames(image: string): Promise<readonly string[]> {
    return this.#options.files.list(this.#path(image, BOOT_TREE));
  }

  /**
   * Removes what is in no use, and has gone from where images come from; also what a crash left of one that was being unpacked.
   * Answers with what went. Nobody unpacks meanwhile.
   */
  async sweep(used: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const { files, driver, pool } = this.#options;
    const gone: string[] = [];
    const whole = await this.list();
    for (const image of (await files.list(`${pool}/${IMAGES}`)).filter(isImageId)) {
      if (whole.includes(image)) continue;
      await driver.destroy(imageVolume(image), signal);
      gone.push(image);
    }
    for (const image of whole) {
      if (used.includes(image) || (await this.#options.source.has(image))) continue;
      await this.remove(image, signal);
      gone.push(image);
    }
    return gone;
  }

  async remove(image: string, signal: AbortSignal): Promise<void> {
    const { files, driver } = this.#options;
    await files.remove(this.#record(image)); // from here on it is none that is complete
    await driver.destroy(imageVolume(image), signal);
  }

  async #unpack(image: string, signal: AbortSignal, tell: Tell): Promise<UnpackedImage> {
    const { files, driver, source, newFsid } = this.#options;
    const volume = imageVolume(image);
    await driver.destroy(volume, signal);
    try {
      await driver.make(volume, undefined, signal);
      await source.materialise(image, this.#path(image), signal, tell);
      await this.#checkBoot(image);
      await driver.sync(volume, signal);
    } catch (thrown) {
      // Also when it was stopped: gigabytes that nobody knows of. What does not go now goes with the next sweep.
      await driver.destroy(volume, new AbortController().signal).catch(() => undefined);
      throw thrown;
    }
    const unpacked = { image, fsid: newFsid() };
    await files.writeText(this.#record(image), `${JSON.stringify(unpacked)}\n`);
    return unpacked;
  }

  /** TFTP follows links, and is no root: a link among the boot files would give away whatever it points to. */
  async #checkBoot(image: string): Promise<void> {
    const { files } = this.#options;
    const there = await files.list(this.#path(image));
    for (const tree of [ROOT_TREE, BOOT_TREE]) {
      if (!there.includes(tree)) await files.makeFolder(this.#path(image, tree));
    }
    const boot = await files.openTree(this.#path(image, BOOT_TREE));
    try {
      const strange = await boot.openUp();
      if (strange === undefined) return;
      throw new BrambleError('failed-precondition', `image ${image}: boot file ${strange} is no plain file`, {
        hint: 'boot files are given out by TFTP, which follows links; make the image without it',
      });
    } finally {
      await boot.close();
    }
  }

  #record(image: string): string {
    return `${this.#options.pool}/${RECORDS}/${image}.json`;
  }

  #path(image: string, name = ''): string {
    const folder = `${this.#options.pool}/${imageVolume(image)}`;
    return name === '' ? folder : `${folder}/${name}`;
  }
}

function parseUnpacked(text: string | undefined, image: string): UnpackedImage | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null || !('fsid' in value)) return undefined;
    return typeof value.fsid === 'string' ? { image, fsid: value.fsid } : undefined;
  } catch {
    return undefined; // cut short: it is unpacked again
  }
}
