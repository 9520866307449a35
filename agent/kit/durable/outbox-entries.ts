import { assert } from '../../../proto/contract/assert.js';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import type { Priority, SequenceRange } from './outbox-records.js';

/** One event that waits. */
export interface Entry {
  readonly event: Event;
  readonly priority: Priority;
  readonly record: Uint8Array;
  /** May be sent: it is durable, or storage has failed and memory is all there is. */
  isReady: boolean;
  /** Was handed out in this process: only then can an acknowledgement mean it. */
  isOffered: boolean;
}

/** Ascending by sequence, with the size of their records and those that the file does not hold yet. */
export class OutboxEntries {
  readonly #entries: Entry[] = [];
  readonly #unstored = new Set<Entry>();
  #bytes = 0;

  get count(): number {
    return this.#entries.length;
  }

  /** Of the records that they are stored as. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  get all(): readonly Entry[] {
    return this.#entries;
  }

  at(index: number): Entry | undefined {
    return this.#entries[index];
  }

  /** In the order in which they came. */
  get unstored(): readonly Entry[] {
    return [...this.#unstored];
  }

  /** Their records are in the file and synced. */
  stored(entries: readonly Entry[]): void {
    for (const entry of entries) this.#unstored.delete(entry);
  }

  insert(entry: Entry, isStored: boolean): void {
    if (!isStored) this.#unstored.add(entry);
    const last = this.#entries.at(-1);
    if (last === undefined || last.event.sequence < entry.event.sequence) this.#entries.push(entry);
    else this.#entries.splice(this.indexAfter(entry.event.sequence), 0, entry);
    this.#bytes += entry.record.length;
  }

  /** Takes out what `isIn` selects among the first `end`; answers with its unbroken runs. */
  remove(end: number, isIn: (entry: Entry) => boolean): readonly SequenceRange[] {
    const ranges: [number, number][] = [];
    const kept: Entry[] = [];
    let wasIn = false;
    for (const entry of this.#entries.slice(0, end)) {
      const run = wasIn ? ranges.at(-1) : undefined;
      wasIn = isIn(entry);
      if (!wasIn) {
        kept.push(entry);
        continue;
      }
      if (run === undefined) ranges.push([entry.event.sequence, entry.event.sequence]);
      else run[1] = entry.event.sequence;
      this.#bytes -= entry.record.length;
      this.#unstored.delete(entry);
    }
    this.#entries.splice(0, end, ...kept);
    return ranges;
  }

  /** Index of the first entry whose sequence is above. */
  indexAfter(sequence: number): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle];
      assert(entry !== undefined, 'the middle of a range lies inside it');
      if (entry.event.sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
