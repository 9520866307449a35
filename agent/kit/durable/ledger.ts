import { BrambleError } from '../../../proto/contract/errors.js';
import { type Command, CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { LedgerHead } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Files } from '../host/ports.js';
import { Journal } from './journal.js';
import {
  applyLedgerRecord,
  encodeAccepted,
  encodeEntry,
  encodeEpoch,
  encodeFinished,
  encodeStarted,
  type FinalState,
  isFinal,
  type LedgerContent,
  type LedgerEntry,
} from './ledger-records.js';

export type { FinalState, LedgerEntry, LedgerState } from './ledger-records.js';

export interface LedgerOptions {
  readonly files: Files;
  readonly path: string;
  /** A finished command is forgotten when it was issued so long before the newest one. Default 90 days. */
  readonly retainMs?: number;
  /** Most commands kept; the oldest finished ones go first. Default 4096. */
  readonly limitEntries?: number;
}

const RETAIN_MS = 90 * 24 * 3_600_000;
const LIMIT_ENTRIES = 4096;
const HEAD_IDS = 16;
const TEXT_LIMIT_CHARACTERS = 4096;
/** A file is rewritten when it is larger than this and has doubled since it was last written whole. */
const COMPACT_ABOVE_BYTES = 64 * 1024;

/**
 * What this actuator has been told to do and how far it got, on storage: the ground of at-most-once. Every change is
 * synced before its promise resolves; when it rejects, the step that it stands for must not be taken.
 *
 * Ages are judged among the commands' own issue times, which are the controller's: this node's clock may be wrong by
 * decades. What is forgotten after `retainMs` cannot run again, because its deadline has long passed.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #journal: Journal;
  readonly #content: LedgerContent = { entries: new Map(), epochHighest: 0 };
  #isOpen = false;
  #damagedBytes = 0;
  #storageError: BrambleError | undefined;
  /** The file's size when it was last written whole. */
  #wholeBytes = 0;
  /** One change at a time: a record is applied in memory before the next one is judged. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: LedgerOptions) {
    this.#options = options;
    this.#journal = new Journal({ files: options.files, path: options.path, snapshot: () => this.#snapshot() });
  }

  /** Never throws: a ledger that cannot be read accepts nothing until it can. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options);
    try {
      await ledger.#ensureOpen();
    } catch (error) {
      ledger.#storageError = BrambleError.from(error);
    }
    return ledger;
  }

  find(id: string): LedgerEntry | undefined {
    return this.#content.entries.get(id);
  }

  /** Accepted or started, not finished; in the order of acceptance. */
  unfinished(): readonly LedgerEntry[] {
    return [...this.#content.entries.values()].filter((entry) => !isFinal(entry.state));
  }

  /** Highest epoch of any command ever accepted here; 0 = none. */
  get epochHighest(): number {
    return this.#content.epochHighest;
  }

  /** True while the last change could not be written. */
  get storageFailed(): boolean {
    return this.#storageError !== undefined;
  }

  /** Why, while `storageFailed`. */
  get storageError(): BrambleError | undefined {
    return this.#storageError;
  }

  /** Bytes at the end of the file that were no records when it was opened: a torn append, or damage. */
  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  /**
   * Commands that were begun within the last `withinMs`, by the worse of two clocks: those issued since then by the controller's word, and
   * those accepted since then by this machine's own uptime, for a controller may say what it likes about time.
   */
  begunWithin(
    withinMs: number,
    { controllerNowMs, uptimeMs }: { readonly controllerNowMs: number; readonly uptimeMs: number },
  ): number {
    const begun = [...this.#content.entries.values()].filter(
      ({ state }) => state !== CommandState.ACCEPTED && state !== CommandState.REJECTED,
    );
    const issued = begun.filter(({ command }) => command.issuedAtUnixMs > controllerNowMs - withinMs);
    const accepted = ofThisBoot(begun, uptimeMs).filter(
      ({ acceptedUptimeMs }) => acceptedUptimeMs > uptimeMs - withinMs,
    );
    return Math.max(issued.length, accepted.length);
  }

  head(): LedgerHead {
    const ids = [...this.#content.entries.keys()];
    return {
      newestCommandIds: ids.slice(-HEAD_IDS).reverse(),
      entriesCount: ids.length,
      epochHighest: this.#content.epochHighest,
    };
  }

  /**
   * Remembers a command that will be carried out.
   * @throws BrambleError `already-exists` (it is in the ledger, which may have become readable only now), `unavailable`
   */
  accept(command: Command, uptimeMs: number): Promise<void> {
    return this.#change(command.id, (entry) => {
      if (entry !== undefined) throw new BrambleError('already-exists', `command ${command.id} is in the ledger`);
      return encodeAccepted(command, Math.floor(uptimeMs));
    });
  }

  /**
   * Comes right before acting. `before`: what the handler needs to tell afterwards whether it acted.
   * @throws BrambleError `failed-precondition` (not accepted, or started before), `unavailable`
   */
  start(id: string, before: string): Promise<void> {
    return this.#change(id, (entry) => {
      if (entry?.state === CommandState.ACCEPTED) return encodeStarted(id, before);
      throw new BrambleError('failed-precondition', `command ${id} cannot start: ${describe(entry)}`);
    });
  }

  /**
   * Comes right after acting. The result stands in memory even when it cannot be written: it has happened.
   * @throws BrambleError `failed-precondition` (unknown, or finished before), `unavailable`
   */
  async finish(id: string, state: FinalState, detail: string): Promise<void> {
    const record = encodeFinished(id, state, detail.slice(0, TEXT_LIMIT_CHARACTERS));
    const judge = (entry: LedgerEntry | undefined): Uint8Array => {
      if (entry !== undefined && !isFinal(entry.state)) return record;
      throw new BrambleError('failed-precondition', `command ${id} cannot finish: ${describe(entry)}`);
    };
    try {
      await this.#change(id, judge);
    } catch (error) {
      if (BrambleError.from(error).code === 'unavailable') applyLedgerRecord(record, this.#content);
      throw error;
    }
    await this.#exclusively(() => this.#forgetOld());
  }

  async close(): Promise<void> {
    await this.#exclusively(() => this.#journal.close());
  }

  #change(id: string, judge: (entry: LedgerEntry | undefined) => Uint8Array): Promise<void> {
    return this.#exclusively(async () => {
      await this.#guardStorage(() => this.#ensureOpen());
      const record = judge(this.#content.entries.get(id));
      await this.#guardStorage(async () => {
        // A result that is only in memory must come first, or the file would tell a story that never was.
        if (this.storageFailed) await this.#journal.rewrite();
        await this.#journal.append([record]);
        this.#storageError = undefined;
      });
      applyLedgerRecord(record, this.#content);
    });
  }

  /** Whatever storage says, it means the same to the caller. */
  async #guardStorage(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BrambleError)) throw error; // a bug is no storage failure
      this.#storageError = error;
      throw new BrambleError('unavailable', `the command ledger cannot be used: ${error.message}`, {
        cause: error,
        hint: error.hint ?? 'no command is carried out until the state directory can be written again',
        context: error.context,
      });
    }
  }

  async #ensureOpen(): Promise<void> {
    if (this.#isOpen) return;
    const { droppedBytes, writeError } = await this.#journal.open((records) => {
      for (const record of records) applyLedgerRecord(record, this.#content);
    });
    this.#isOpen = true;
    this.#damagedBytes = droppedBytes;
    this.#wholeBytes = this.#journal.sizeBytes;
    if (writeError !== undefined) throw writeError;
  }

  /** Keeps memory and file bounded. The file may lag behind: what was forgotten only comes back after a restart. */
  async #forgetOld(): Promise<void> {
    const { entries } = this.#content;
    const retainMs = this.#options.retainMs ?? RETAIN_MS;
    const limitEntries = this.#options.limitEntries ?? LIMIT_ENTRIES;
    const newestMs = [...entries.values()].reduce((max, { command }) => Math.max(max, command.issuedAtUnixMs), 0);
    for (const [id, { command, state }] of entries) {
      const isOld = command.issuedAtUnixMs < newestMs - retainMs || entries.size > limitEntries;
      if (isOld && isFinal(state)) entries.delete(id);
    }
    const { sizeBytes } = this.#journal;
    if (this.storageFailed || sizeBytes < COMPACT_ABOVE_BYTES || sizeBytes < 2 * this.#wholeBytes) return;
    try {
      await this.#journal.rewrite();
      this.#wholeBytes = this.#journal.sizeBytes;
    } catch (error) {
      this.#storageError = BrambleError.from(error); // the command itself is finished and written: nothing to reject
    }
  }

  #snapshot(): readonly Uint8Array[] {
    const { entries, epochHighest } = this.#content;
    return [encodeEpoch(epochHighest), ...[...entries.values()].flatMap(encodeEntry)];
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined); // told to the caller; the next one starts afresh
    return result;
  }
}

function describe(entry: LedgerEntry | undefined): string {
  return entry === undefined ? 'it was not accepted' : `it is in state ${entry.state}`;
}

/** The newest entries: uptimes ascend within a boot, and the first one that is higher than a later one belongs to an earlier boot. */
function ofThisBoot(entries: readonly LedgerEntry[], uptimeMs: number): readonly LedgerEntry[] {
  let highestMs = uptimeMs;
  const found: LedgerEntry[] = [];
  for (const entry of entries.toReversed()) {
    if (entry.acceptedUptimeMs > highestMs) break;
    highestMs = entry.acceptedUptimeMs;
    found.push(entry);
  }
  return found;
}
