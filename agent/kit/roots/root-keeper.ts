import { BrambleError } from '../../../proto/contract/errors.js';
import type { BootBoard } from '../../../proto/contract/netboot/boot-set.js';
import { VOLUME_NAMES, type VolumeName } from '../../../proto/contract/netboot/cmdline.js';
import { isBoardSerial } from '../../../proto/contract/netboot/parse.js';
import type { PortSubnet } from '../../../proto/contract/netboot/subnet.js';
import type { ImageBase } from './image-base.js';
import {
  BOOT_TREE,
  boardFolder,
  CURRENT,
  generationVolume,
  imageVolume,
  keptVolume,
  PREVIOUS,
  ROOT_TREE,
} from './layout.js';
import { makePersonal, newFsid, writePersonal } from './personalise.js';
import type { PoolFiles, RootDriver, Tell, Uniqueness } from './ports.js';
import {
  type GenerationRecord,
  generationFolder,
  generationOf,
  INTENT_FILE,
  type Intent,
  parseGeneration,
  parseIntent,
  recordFile,
  renderRecord,
} from './record.js';

export interface RootKeeperOptions {
  readonly pool: string;
  readonly files: PoolFiles;
  readonly driver: RootDriver;
  readonly images: ImageBase;
  readonly unique: Uniqueness;
  /** Has DHCP, TFTP and NFS follow what the pool is now. Called again after a crash. */
  readonly publish: (signal: AbortSignal) => Promise<void>;
}

export interface PrepareOrder {
  readonly board: BootBoard;
  readonly subnet: PortSubnet;
  readonly image: string;
  /** Of the data volume, when there is none yet. */
  readonly dataBytes: number;
  /** The data volume of before is wiped when this one is served. */
  readonly freshData: boolean;
}

/** Keys, outbox and ledger of an agent, with room to spare. */
const STATE_BYTES = 256 * 2 ** 20;

/** The roots of one board, as they are. */
export interface BoardRoots {
  readonly serial: string;
  readonly current: number | undefined;
  readonly previous: number | undefined;
  /** Complete ones, oldest first. */
  readonly generations: readonly GenerationRecord[];
  /** Something was cut off, and is finished by the next change or recover(). */
  readonly underWay: Intent['kind'] | undefined;
}

/**
 * Roots of boards as generations. Each change is a sequence of steps that can be taken twice, and stands on storage as an
 * intent before the first of them: whatever was cut off is finished, or begun anew, from there. At every moment `current`
 * names a complete generation, the old one or the new one.
 */
export class RootKeeper {
  readonly #options: RootKeeperOptions;

  constructor(options: RootKeeperOptions) {
    this.#options = options;
  }

  /**
   * Makes a new generation beside those that are there; nothing that is served changes.
   * @throws BrambleError of the image, of the storage; `failed-precondition` for an image that cannot be personalised
   */
  async prepare(order: PrepareOrder, signal: AbortSignal, tell?: Tell): Promise<GenerationRecord> {
    const { serial } = order.board;
    await this.recover(serial, signal);
    await this.#options.images.ensure(order.image, signal, tell);
    const generation = 1 + Math.max(0, ...(await this.#numbers(serial)));
    await this.#intend(serial, { kind: 'prepare', generation });
    await this.#ensureKept(order, signal);
    const record = await this.#build(order, generation, signal);
    await this.#settle(serial);
    return record;
  }

  /**
   * Serves a generation from now on. The board is off: what it had mounted is gone.
   * @throws BrambleError `not-found` for one that is not complete
   */
  async activate(serial: string, generation: number, signal: AbortSignal): Promise<BoardRoots> {
    await this.recover(serial, signal);
    await this.#find(serial, generation);
    const from = await this.#pointer(serial, CURRENT);
    await this.#finish(serial, { kind: 'activate', from, to: generation }, signal);
    return this.look(serial);
  }

  /**
   * Serves the generation before `from` again. Asked twice it is done once: `from` says which one is to be left.
   * @throws BrambleError `failed-precondition` when there is none, or `from` is not what is served
   */
  async rollBack(serial: string, from: number, signal: AbortSignal): Promise<BoardRoots> {
    await this.recover(serial, signal);
    const { current, previous } = await this.look(serial);
    if (current !== from && previous === from) return this.look(serial); // done before
    const why =
      current !== from ? `is served generation ${current ?? 'none'}, not ${from}` : 'has no generation to go back to';
    if (current !== from || previous === undefined) {
      throw new BrambleError('failed-precondition', `board ${serial} ${why}`);
    }
    return this.activate(serial, previous, signal);
  }

  /** Nothing of the board is served any more; its roots and its state are wiped, its data unless it is to be kept. */
  async remove(serial: string, keepData: boolean, signal: AbortSignal): Promise<void> {
    this.#checkSerial(serial);
    await this.#finish(serial, { kind: 'remove', keepData }, signal);
  }

  /** Finishes what a crash cut off. Nothing to finish is fine. */
  async recover(serial: string, signal: AbortSignal): Promise<void> {
    this.#checkSerial(serial);
    const { files } = this.#options;
    const intent = parseIntent(await files.readText(this.#path(serial, INTENT_FILE)));
    if (intent !== undefined) await this.#finish(serial, intent, signal);
    for (const { generation } of (await this.look(serial)).generations) {
      await this.#options.driver.attach(generationVolume(serial, generation), signal);
    }
    for (const name of await this.kept(serial)) await this.#options.driver.attach(keptVolume(serial, name), signal);
  }

  async recoverAll(signal: AbortSignal): Promise<void> {
    for (const serial of await this.#serials()) await this.recover(serial, signal);
  }

  async look(serial: string): Promise<BoardRoots> {
    const { files } = this.#options;
    const found = await Promise.all((await this.#numbers(serial)).map((each) => this.#record(serial, each)));
    return {
      serial,
      current: await this.#pointer(serial, CURRENT),
      previous: await this.#pointer(serial, PREVIOUS),
      generations: found.filter((record) => record !== undefined),
      underWay: parseIntent(await files.readText(this.#path(serial, INTENT_FILE)))?.kind,
    };
  }

  /** Volumes beside the roots that are whole. */
  async kept(serial: string): Promise<readonly VolumeName[]> {
    const names = await this.#options.files.list(this.#path(serial));
    return VOLUME_NAMES.filter((name) => names.includes(recordFile(name)));
  }

  async list(): Promise<readonly BoardRoots[]> {
    return Promise.all((await this.#serials()).map((serial) => this.look(serial)));
  }

  async #finish(serial: string, intent: Intent, signal: AbortSignal): Promise<void> {
    await this.#intend(serial, intent);
    switch (intent.kind) {
      case 'prepare':
        // With its record it was complete but for this; without, nobody has ever seen it.
        if ((await this.#record(serial, intent.generation)) === undefined) {
          await this.#options.driver.destroy(generationVolume(serial, intent.generation), signal);
        }
        break;
      case 'activate':
        await this.#point(serial, intent, signal);
        break;
      case 'remove':
        await this.#wipe(serial, intent.keepData, signal);
        if (!intent.keepData) return this.#options.files.remove(this.#path(serial)); // with the intent in it
        break;
    }
    return this.#settle(serial);
  }

  async #point(serial: string, { from, to }: Extract<Intent, { kind: 'activate' }>, signal: AbortSignal) {
    const { files, publish } = this.#options;
    await this.#freshenData(serial, to, signal);
    if (from !== undefined && from !== to) await files.link(this.#path(serial, PREVIOUS), generationFolder(from));
    await files.link(this.#path(serial, CURRENT), generationFolder(to));
    await publish(signal);
    const kept = [to, await this.#pointer(serial, PREVIOUS)];
    for (const each of await this.#numbers(serial)) {
      if (!kept.includes(each)) await this.#discard(serial, each, signal);
    }
  }

  async #wipe(serial: string, keepData: boolean, signal: AbortSignal): Promise<void> {
    const { files, driver, publish } = this.#options;
    // What is served ends first: no board ever sees a tree that disappears.
    for (const pointer of [CURRENT, PREVIOUS]) await files.remove(this.#path(serial, pointer));
    await publish(signal);
    for (const each of await this.#numbers(serial)) await this.#discard(serial, each, signal);
    for (const name of VOLUME_NAMES) {
      if (name === 'data' && keepData) continue;
      await files.remove(this.#path(serial, recordFile(name)));
      await driver.destroy(keptVolume(serial, name), signal);
    }
  }

  /** Its record goes first: what is half gone is not complete. */
  async #discard(serial: string, generation: number, signal: AbortSignal): Promise<void> {
    const volume = generationVolume(serial, generation);
    await this.#options.files.remove(this.#path(serial, recordFile(generationFolder(generation))));
    await this.#options.driver.destroy(volume, signal);
  }

  async #build(order: PrepareOrder, generation: number, signal: AbortSignal): Promise<GenerationRecord> {
    const { pool, files, driver, unique } = this.#options;
    const { serial, hostname } = order.board;
    const volume = generationVolume(serial, generation);
    await driver.destroy(volume, signal);
    await driver.clone(imageVolume(order.image), volume, signal);
    const personal = makePersonal(order.board, order.subnet, unique);
    await writePersonal(
      files,
      { root: `${pool}/${volume}/${ROOT_TREE}`, boot: `${pool}/${volume}/${BOOT_TREE}` },
      personal,
    );
    await driver.sync(volume, signal);
    const record: GenerationRecord = {
      generation,
      image: order.image,
      fsid: newFsid(unique),
      hostname,
      hostKeys: personal.hostKeys.map(({ publicLine }) => publicLine),
      ...(order.freshData && { freshDataBytes: order.dataBytes }),
    };
    await files.writeText(this.#path(serial, recordFile(generationFolder(generation))), renderRecord(record));
    return record;
  }

  /** Not before: until it is served another one the board lives with its data. */
  async #freshenData(serial: string, generation: number, signal: AbortSignal): Promise<void> {
    const record = await this.#record(serial, generation);
    if (record?.freshDataBytes === undefined) return;
    const { freshDataBytes, ...settled } = record;
    await this.#makeKept(serial, ['data'], freshDataBytes, signal);
    await this.#options.files.writeText(
      this.#path(serial, recordFile(generationFolder(generation))),
      renderRecord(settled),
    );
  }

  async #ensureKept({ board: { serial }, dataBytes }: PrepareOrder, signal: AbortSignal): Promise<void> {
    const kept = await this.kept(serial);
    const wanted = VOLUME_NAMES.filter((name) => !kept.includes(name));
    await this.#makeKept(serial, wanted, dataBytes, signal);
  }

  async #makeKept(
    serial: string,
    wanted: readonly VolumeName[],
    dataBytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { driver, files } = this.#options;
    for (const name of wanted) {
      await files.remove(this.#path(serial, recordFile(name)));
      await driver.destroy(keptVolume(serial, name), signal);
      await driver.make(keptVolume(serial, name), name === 'data' ? dataBytes : STATE_BYTES, signal);
    }
    // One after the other: on one filesystem the first flush is that of all.
    for (const name of wanted) await driver.sync(keptVolume(serial, name), signal);
    for (const name of wanted) await files.writeText(this.#path(serial, recordFile(name)), '{}\n');
  }

  async #intend(serial: string, intent: Intent): Promise<void> {
    await this.#options.files.writeText(this.#path(serial, INTENT_FILE), renderRecord(intent));
  }

  async #settle(serial: string): Promise<void> {
    await this.#options.files.remove(this.#path(serial, INTENT_FILE));
  }

  async #find(serial: string, generation: number): Promise<GenerationRecord> {
    const record = await this.#record(serial, generation);
    if (record !== undefined) return record;
    throw new BrambleError('not-found', `board ${serial} has no complete generation ${generation}`);
  }

  async #record(serial: string, generation: number): Promise<GenerationRecord | undefined> {
    const path = this.#path(serial, recordFile(generationFolder(generation)));
    const record = parseGeneration(await this.#options.files.readText(path));
    return record?.generation === generation ? record : undefined;
  }

  async #pointer(serial: string, name: string): Promise<number | undefined> {
    return generationOf(await this.#options.files.readLink(this.#path(serial, name)));
  }

  /** Ascending; complete or not. */
  async #numbers(serial: string): Promise<readonly number[]> {
    const names = await this.#options.files.list(this.#path(serial));
    const numbers = names.map((name) => generationOf(name.replace(/\.json$/, ''))).filter((each) => each !== undefined);
    return [...new Set(numbers)].sort((a, b) => a - b);
  }

  async #serials(): Promise<readonly string[]> {
    return (await this.#options.files.list(`${this.#options.pool}/roots`)).filter(isBoardSerial);
  }

  #checkSerial(serial: string): void {
    if (!isBoardSerial(serial))
      throw new BrambleError('invalid-argument', 'a serial number has eight digits, a-f included');
  }

  #path(serial: string, name = ''): string {
    const folder = `${this.#options.pool}/${boardFolder(serial)}`;
    return name === '' ? folder : `${folder}/${name}`;
  }
}
