import { BrambleError } from '../../../proto/contract/errors.js';
import type { Files, LogFile } from '../host/ports.js';
import { decodeRecords, encodeRecords } from './records.js';

/** How it went to open a journal. */
export interface Recovery {
  /** Bytes after the last good record: a torn append, or damage. They are gone. */
  readonly droppedBytes: number;
  /** Why the file cannot be written at the moment. */
  readonly writeError: BrambleError | undefined;
}

export interface JournalOptions {
  readonly files: Files;
  readonly path: string;
  /** Everything alive, as records: what a rewritten file holds. Replaying a record twice must change nothing. */
  readonly snapshot: () => readonly Uint8Array[];
}

interface Waiting {
  readonly records: readonly Uint8Array[];
  readonly mustSync: boolean;
  /** Writes the snapshot into a new file instead of appending. */
  readonly mustRewrite: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Append-only file of checksummed records. Invariants:
 * - what `append` resolved for is found by the next `open`, whatever dies in between;
 * - a failed append leaves nothing that a later open would take for a record, as far as the storage lets us cut it off;
 * - after a failure that leaves the file in doubt it is never appended to again: the next write puts a new file in its
 *   place, from the snapshot. (A failed fsync is such a failure: pages that it dropped count as clean afterwards.)
 * Calls that come while a write is under way share the next one, and its one sync.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #waiting: Waiting[] = [];
  /** `undefined` while the file must be rewritten before it can be appended to. */
  #log: LogFile | undefined;
  #sizeBytes = 0;
  #isWriting = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Of the file, as far as it holds good records. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Hands what is there to `replay`, and puts a fresh file in its place: what an earlier process wrote may be readable
   * from memory without ever having reached the medium. Once, before anything else.
   * @throws BrambleError of the port, when there may be a file and it cannot be read: open may be called again later.
   */
  async open(replay: (records: readonly Uint8Array[]) => void): Promise<Recovery> {
    const { files, path } = this.#options;
    let log: LogFile;
    try {
      log = await files.openLog(path);
    } catch (error) {
      if (await this.#isAbsent()) return { droppedBytes: 0, writeError: BrambleError.from(error) };
      throw error;
    }
    const bytes = await log.readAll().catch(async (error: unknown) => {
      await closeQuietly(log);
      throw error;
    });
    const { payloads, goodBytes } = decodeRecords(bytes);
    this.#log = log;
    this.#sizeBytes = goodBytes;
    replay(payloads);
    const writeError = bytes.length === 0 ? undefined : await this.#refresh();
    return { droppedBytes: bytes.length - goodBytes, writeError };
  }

  /** Resolves once the records are durable. @throws BrambleError of the port: then none of them is. */
  append(records: readonly Uint8Array[]): Promise<void> {
    return this.#enqueue(records, true, false);
  }

  /** Without a sync of its own: a crash may lose the records. */
  appendLazily(records: readonly Uint8Array[]): Promise<void> {
    return this.#enqueue(records, false, false);
  }

  /** Replaces the file by the snapshot. @throws BrambleError of the port */
  rewrite(): Promise<void> {
    return this.#enqueue([], true, true);
  }

  async #refresh(): Promise<BrambleError | undefined> {
    try {
      await this.rewrite();
      return undefined;
    } catch (error) {
      if (error instanceof BrambleError) return error;
      throw error;
    }
  }

  /** `false` also when nobody can tell: what may exist must not be written over. */
  async #isAbsent(): Promise<boolean> {
    try {
      return (await this.#options.files.readText(this.#options.path)) === undefined;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    await log?.close();
  }

  #enqueue(records: readonly Uint8Array[], mustSync: boolean, mustRewrite: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, mustSync, mustRewrite, resolve, reject });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  /** Never rejects: every failure goes to the callers that wait for it. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#write(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isWriting = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const records = batch.flatMap((waiting) => waiting.records);
    const log = this.#log;
    if (log === undefined || batch.some((waiting) => waiting.mustRewrite)) {
      await this.#replace([...this.#options.snapshot(), ...records]);
      return;
    }
    const bytes = encodeRecords(records);
    try {
      await log.append(bytes);
    } catch (error) {
      await this.#cutBack();
      throw error;
    }
    if (batch.some((waiting) => waiting.mustSync)) {
      try {
        await log.sync();
      } catch (error) {
        await this.#cutBack();
        await this.#giveUp();
        throw error;
      }
    }
    this.#sizeBytes += bytes.length;
  }

  async #replace(records: readonly Uint8Array[]): Promise<void> {
    await this.#giveUp();
    const { files, path } = this.#options;
    const bytes = encodeRecords(records);
    await files.writeAtomic(path, bytes);
    this.#sizeBytes = bytes.length;
    // The records are durable by now. If the file cannot be opened, the next write replaces it once more.
    this.#log = await files.openLog(path).catch(() => undefined);
  }

  /** Cuts the file back to its last good record; when even that fails, nothing is ever appended to it again. */
  async #cutBack(): Promise<void> {
    try {
      await this.#log?.truncate(this.#sizeBytes);
    } catch {
      await this.#giveUp(); // the caller reports the error that led here
    }
  }

  async #giveUp(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    if (log !== undefined) await closeQuietly(log);
  }
}

async function closeQuietly(log: LogFile): Promise<void> {
  try {
    await log.close();
  } catch {
    // Nothing of value is lost with a handle that is not used again; the error before it is the one that matters.
  }
}
