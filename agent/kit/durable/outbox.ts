import type { Clock } from '../../../proto/contract/clock.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Random } from '../../../proto/contract/random.js';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import type { OutboxHead } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Files } from '../host/ports.js';
import { Journal } from './journal.js';
import { type Entry, OutboxEntries } from './outbox-entries.js';
import {
  decodeOutboxRecord,
  encodeAcknowledged,
  encodeAdded,
  encodeAddedWithMark,
  encodeDropped,
  encodeMark,
  type Mark,
  type Priority,
  type SequenceRange,
} from './outbox-records.js';

export interface EventStamp {
  readonly bootId: string;
  /** Since boot. */
  readonly uptimeMs: number;
  readonly wallClockUnixMs: number;
}

export interface OutboxOptions {
  readonly files: Files;
  readonly path: string;
  readonly random: Random;
  /** Stamps EventsDropped events; without it they carry the stamp of the last event. */
  readonly clock?: Clock;
  /** Bound on the records that wait. Default 1 MiB. */
  readonly limitBytes?: number;
}

const LIMIT_BYTES = 2 ** 20;
const EVENT_LIMIT_BYTES = 64 * 1024;
/** A file is rewritten when it is larger than this and mostly dead records. */
const COMPACT_ABOVE_BYTES = 64 * 1024;

/**
 * Events that wait for the controller's acknowledgement, on storage. Invariants: sequences ascend for the life of the
 * outbox and are never used twice; an event whose `add` resolved while storage worked is offered by every later process
 * until it is acknowledged; without new events nothing is written.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #journal: Journal;
  readonly #listeners: (() => void)[] = [];
  readonly #entries = new OutboxEntries();
  readonly #marks = new Map<string, string>();
  #nextSequence = 0;
  #droppedCount = 0;
  /** Dropped events that no EventsDropped event has told yet. */
  #untoldCount = 0;
  /** Drops that the file does not know of yet. */
  #unstoredDrops: SequenceRange[] = [];
  #lastStamp: EventStamp | undefined;
  #isOpen = false;
  #storageError: BrambleError | undefined;
  #damagedBytes = 0;
  /** The write under way, and the one that starts after it and takes everything that came meanwhile. */
  #round: Promise<void> = Promise.resolve();
  #nextRound: Promise<void> | undefined;

  private constructor(options: OutboxOptions) {
    this.#options = options;
    this.#journal = new Journal({ files: options.files, path: options.path, snapshot: () => this.#snapshot() });
  }

  /** Never throws: what cannot be read or written now is tried again with the next event. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    // A lost outbox starts somewhere else than the one before it, so that no (boot, sequence) is used twice.
    outbox.#nextSequence = 1 + randomBits(options.random, 40);
    await outbox.#guardStorage(() => outbox.#ensureOpen());
    return outbox;
  }

  /** Events that wait. */
  get count(): number {
    return this.#entries.count;
  }

  /** Events that the bound has dropped since the outbox was created. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** True while events live in memory only, because storage refused them. */
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

  /** Calls after every event that became ready to send. */
  onAdded(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Resolves once the event is durable, or once it is in memory when storage has failed. A mark is kept with it, both or none.
   * @throws BrambleError `invalid-argument` for an event over 64 KiB
   */
  async add(kind: NonNullable<Event['kind']>, stamp: EventStamp, priority: Priority, mark?: Mark): Promise<Event> {
    const event: Event = { ...stamp, sequence: this.#nextSequence, kind };
    const record = mark === undefined ? encodeAdded(event, priority) : encodeAddedWithMark(event, mark);
    if (record.length > EVENT_LIMIT_BYTES) {
      throw new BrambleError('invalid-argument', `event of ${record.length} bytes is over ${EVENT_LIMIT_BYTES}`);
    }
    if (mark !== undefined) this.#marks.set(mark.name, mark.text);
    this.#nextSequence += 1;
    this.#lastStamp = stamp;
    this.#makeRoom(record.length);
    this.#entries.insert({ event, priority, record, isReady: false, isOffered: false }, false);
    await this.#storeSoon();
    for (const listener of this.#listeners) listener();
    return event;
  }

  /** The newest mark of that name; `undefined` = there never was one, or it is lost. */
  mark(name: string): string | undefined {
    return this.#marks.get(name);
  }

  /** A mark that no event goes with. Resolves once it is durable, or in memory when storage has failed. */
  async setMark(mark: Mark): Promise<void> {
    this.#marks.set(mark.name, mark.text);
    if (!this.storageFailed) await this.#guardStorage(() => this.#journal.append([encodeMark(mark)]));
  }

  /** Oldest first. What is handed out here may be acknowledged. */
  pending(afterSequence: number, limit: number): readonly Event[] {
    const events: Event[] = [];
    for (let at = this.#entries.indexAfter(afterSequence); events.length < limit; at++) {
      const entry = this.#entries.at(at);
      if (entry === undefined || !entry.isReady) break; // later ones wait for it, or order would be lost
      entry.isOffered = true;
      events.push(entry.event);
    }
    return events;
  }

  /** Forgets what the controller has committed. Losing this in a crash only means that it is sent again. */
  async acknowledge(throughSequence: number): Promise<void> {
    const end = this.#entries.indexAfter(throughSequence);
    const ranges = this.#entries.remove(end, (entry) => entry.isOffered);
    if (ranges.length === 0) return;
    if (!this.storageFailed) {
      await this.#guardStorage(() => this.#journal.appendLazily([encodeAcknowledged(ranges)]));
    }
    await this.#tellDropped();
    await this.#compactIfWorthIt();
  }

  /** Tries again to write what storage has refused. `storageFailed` tells whether it worked. */
  async flush(): Promise<void> {
    if (this.storageFailed) await this.#storeSoon();
  }

  head(): OutboxHead {
    return {
      oldestSequence: this.#entries.at(0)?.event.sequence ?? 0,
      nextSequence: this.#nextSequence,
      droppedCount: this.#droppedCount,
    };
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#journal.close();
  }

  /** Reads the file when that has not succeeded yet. Events added meanwhile stay, in their place. */
  async #ensureOpen(): Promise<void> {
    if (this.#isOpen) return;
    const { droppedBytes, writeError } = await this.#journal.open((records) => {
      this.#replay(records);
    });
    this.#isOpen = true;
    this.#damagedBytes = droppedBytes;
    if (writeError !== undefined) throw writeError;
  }

  #replay(records: readonly Uint8Array[]): void {
    const found = new Map<number, Entry>();
    let nextSequence = 0;
    const newer = new Map(this.#marks); // set before the file could be read
    for (const bytes of records) {
      const record = decodeOutboxRecord(bytes);
      if (record?.kind === 'added' || record?.kind === 'mark') this.#keepMark(record.mark);
      if (record?.kind === 'mark') continue;
      if (record?.kind === 'added') {
        const { event, priority } = record;
        found.set(event.sequence, { event, priority, record: bytes, isReady: true, isOffered: false });
        nextSequence = Math.max(nextSequence, event.sequence + 1);
        this.#untoldCount = Math.max(0, this.#untoldCount - toldBy(event));
      } else if (record !== undefined) {
        for (const range of record.ranges) removeRange(found, range);
      }
      if (record?.kind === 'dropped') {
        nextSequence = Math.max(nextSequence, record.counters.nextSequence);
        this.#droppedCount = record.counters.droppedCount;
        this.#untoldCount = record.counters.untoldCount;
      }
    }
    for (const entry of found.values()) this.#entries.insert(entry, true);
    for (const [name, text] of newer) this.#marks.set(name, text);
    if (nextSequence === 0) return;
    // A random gap: sequences given out while storage had failed, then lost with the process, are not given again.
    const afterGap = nextSequence + randomBits(this.#options.random, 32);
    this.#nextSequence = this.#entries.all.reduce((next, { event }) => Math.max(next, event.sequence + 1), afterGap);
  }

  #keepMark(mark: Mark | undefined): void {
    if (mark !== undefined) this.#marks.set(mark.name, mark.text);
  }

  /** Drops the oldest until `bytes` more fit, results last. */
  #makeRoom(bytes: number): void {
    let excess = this.#entries.sizeBytes + bytes - this.#limitBytes;
    if (excess <= 0) return;
    const victims = new Set<Entry>();
    for (const priority of ['normal', 'result'] as const) {
      for (const entry of this.#entries.all) {
        if (excess <= 0) break;
        if (entry.priority !== priority) continue;
        victims.add(entry);
        excess -= entry.record.length;
        // A dropped notice is no event lost, but what it told is untold again.
        const told = toldBy(entry.event);
        this.#untoldCount += told > 0 ? told : 1;
        this.#droppedCount += told > 0 ? 0 : 1;
      }
    }
    this.#unstoredDrops.push(...this.#entries.remove(this.#entries.count, (entry) => victims.has(entry)));
  }

  /** Everything that is not in the file yet goes there in one append; calls meanwhile share the next one. */
  #storeSoon(): Promise<void> {
    this.#nextRound ??= this.#round.then(async () => {
      const round = this.#nextRound;
      this.#nextRound = undefined;
      if (round !== undefined) this.#round = round;
      const missing = this.#entries.unstored;
      await this.#guardStorage(() => this.#store(missing));
      for (const entry of missing) entry.isReady = true; // durable, or memory is all there is
    });
    return this.#nextRound;
  }

  async #store(missing: readonly Entry[]): Promise<void> {
    await this.#ensureOpen();
    const drops = this.#unstoredDrops;
    const records = missing.map((entry) => entry.record);
    // After a failure something is written in any case: only a write can tell that storage works again.
    if (drops.length > 0 || this.storageFailed) records.unshift(encodeDropped(drops, this.#counters()));
    if (records.length === 0) return;
    this.#unstoredDrops = [];
    try {
      await this.#journal.append(records);
    } catch (error) {
      this.#unstoredDrops.unshift(...drops);
      throw error;
    }
    this.#entries.stored(missing);
  }

  /** Says how much was dropped, once there is room to say it. */
  async #tellDropped(): Promise<void> {
    const stamp = this.#lastStamp;
    if (this.#untoldCount === 0 || stamp === undefined || this.#entries.sizeBytes > this.#limitBytes / 2) return;
    const droppedCount = this.#untoldCount;
    this.#untoldCount = 0;
    const clock = this.#options.clock;
    const now = clock && { uptimeMs: Math.floor(clock.monotonicMs()), wallClockUnixMs: clock.nowMs() };
    await this.add({ $case: 'eventsDropped', value: { droppedCount } }, { ...stamp, ...now }, 'normal');
  }

  async #compactIfWorthIt(): Promise<void> {
    const { sizeBytes } = this.#journal;
    const isWorthIt = sizeBytes > COMPACT_ABOVE_BYTES && sizeBytes > 2 * this.#entries.sizeBytes;
    if (isWorthIt && !this.storageFailed) await this.#guardStorage(() => this.#journal.rewrite());
  }

  async #guardStorage(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#storageError = undefined;
    } catch (error) {
      if (!(error instanceof BrambleError)) throw error; // a bug is no storage failure
      this.#storageError = error;
    }
  }

  /** Counters and marks come last: they are newer than what replaying the events would find. */
  #snapshot(): readonly Uint8Array[] {
    const marks = [...this.#marks].map(([name, text]) => encodeMark({ name, text }));
    return [...this.#entries.all.map((entry) => entry.record), encodeDropped([], this.#counters()), ...marks];
  }

  #counters(): { nextSequence: number; droppedCount: number; untoldCount: number } {
    return { nextSequence: this.#nextSequence, droppedCount: this.#droppedCount, untoldCount: this.#untoldCount };
  }

  get #limitBytes(): number {
    return this.#options.limitBytes ?? LIMIT_BYTES;
  }
}

function randomBits(random: Random, bits: 32 | 40): number {
  return random.bytes(bits / 8).reduce((value, byte) => value * 256 + byte, 0);
}

/** Dropped events that this event tells of. */
function toldBy(event: Event): number {
  return event.kind?.$case === 'eventsDropped' ? event.kind.value.droppedCount : 0;
}

function removeRange(found: Map<number, Entry>, [first, last]: SequenceRange): void {
  for (const sequence of found.keys()) if (sequence >= first && sequence <= last) found.delete(sequence);
}
