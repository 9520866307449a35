import { FACTS, type FactName } from '../../proto/contract/facts.js';
import { ByteReader, ByteWriter } from '../domain/byte-stream.js';
import type { HistoryRows } from '../domain/history.js';
import type { FactChange } from './agent-messages.js';

/** Most number series of one node that history keeps. */
const SERIES_MAX = 4_096;
const FIRST_CAPACITY = 32;

/** A row in the journal: time since the row before, then entries, then END. An entry is `1 + position * KINDS + kind`. */
const END = 0;
const DELTA = 0;
const ABSOLUTE = 1;
const WITHDRAWN = 2;
const KINDS = 3;

/**
 * The latest rows of one node, not yet packed: only what changed from row to row, in a few bytes. Ten thousand of these
 * live in one process, so everything is in flat arrays; see FactTable for the way a series is found.
 */
export class SampleJournal {
  #facts: FactName[] = [];
  #instances: string[] = [];
  /** The value of each series now, and before the first row; NaN = no data. */
  #current = new Float64Array(FIRST_CAPACITY).fill(Number.NaN);
  #before = new Float64Array(FIRST_CAPACITY).fill(Number.NaN);
  #rows = new ByteWriter();
  #rowsCount = 0;
  #firstAtMs = 0;
  #lastAtMs = 0;

  get rowsCount(): number {
    return this.#rowsCount;
  }

  /** Bytes of the rows; what the series themselves take is about 30 bytes each. */
  get sizeBytes(): number {
    return this.#rows.length;
  }

  /** When the oldest row came; meaningless without rows. */
  get firstAtMs(): number {
    return this.#firstAtMs;
  }

  /** Takes a row in; returns how many values were left out because they are not whole, or series too many. */
  add(atMs: number, full: boolean, changes: readonly FactChange[]): number {
    const at = Math.round(atMs);
    if (this.#rowsCount === 0) this.#firstAtMs = this.#lastAtMs = at;
    this.#rows.signed(at - this.#lastAtMs);
    this.#lastAtMs = at;
    this.#rowsCount += 1;
    const missing = full ? new Set(this.#facts.keys()) : undefined;
    let leftOutCount = 0;
    let position = 0;
    for (const { fact, instance, value } of changes) {
      if (typeof value === 'string') continue; // texts have no history
      const isKept = value !== undefined && Number.isSafeInteger(value);
      if (value !== undefined && !isKept) leftOutCount += 1;
      position = this.#find(fact, instance, position);
      if (position === this.#facts.length) {
        if (!isKept) continue;
        if (position >= SERIES_MAX) {
          leftOutCount += 1;
          continue;
        }
        this.#append(fact, instance);
      }
      missing?.delete(position);
      this.#change(position, isKept ? value : Number.NaN);
      position += 1;
    }
    for (const gone of missing ?? []) this.#change(gone, Number.NaN);
    this.#rows.varint(END);
    return leftOutCount;
  }

  /** The rows as a table. */
  table(): HistoryRows {
    const reader = new ByteReader(this.#rows.peek());
    const values = this.#before.slice(0, this.#facts.length);
    const columns = Array.from(values, (): (number | undefined)[] => []);
    const atMs: number[] = [];
    let at = this.#firstAtMs;
    for (let row = 0; row < this.#rowsCount; row++) {
      at += reader.signed();
      atMs.push(at);
      for (let entry = reader.varint(); entry !== END; entry = reader.varint()) {
        const position = Math.floor((entry - 1) / KINDS);
        const kind = (entry - 1) % KINDS;
        const moved = kind === WITHDRAWN ? Number.NaN : reader.signed();
        values[position] = kind === DELTA ? (values[position] ?? 0) + moved : moved;
      }
      for (let position = 0; position < values.length; position++) {
        const value = values[position] ?? Number.NaN;
        columns[position]?.push(Number.isNaN(value) ? undefined : value);
      }
    }
    const all = columns.map((column, position) => ({ ...this.#seriesAt(position), values: column }));
    return { atMs, columns: all.filter((column) => column.values.some((value) => value !== undefined)) };
  }

  /** Forgets the rows, keeps the current values: the next row continues from them. */
  restart(): void {
    const kept = [...this.#facts.keys()].filter((position) => !Number.isNaN(this.#current[position]));
    if (kept.length < this.#facts.length) {
      this.#facts = kept.map((position) => this.#factAt(position));
      this.#instances = kept.map((position) => this.#instances[position] ?? '');
      const current = this.#current;
      this.#current = new Float64Array(capacityFor(kept.length)).fill(Number.NaN);
      kept.forEach((position, i) => {
        this.#current[i] = current[position] ?? Number.NaN;
      });
      this.#before = new Float64Array(this.#current.length);
    }
    this.#before.set(this.#current);
    this.#rows = new ByteWriter();
    this.#rowsCount = 0;
  }

  #seriesAt(position: number): { readonly factId: number; readonly instance: string } {
    return { factId: FACTS[this.#factAt(position)].id, instance: this.#instances[position] ?? '' };
  }

  #factAt(position: number): FactName {
    return this.#facts[position] ?? 'collector_state'; // positions come from the list itself
  }

  #change(position: number, value: number): void {
    const before = this.#current[position] ?? Number.NaN;
    if (value === before || (Number.isNaN(value) && Number.isNaN(before))) return;
    this.#current[position] = value;
    const delta = value - before;
    const kind = Number.isNaN(value) ? WITHDRAWN : Number.isSafeInteger(delta) ? DELTA : ABSOLUTE;
    this.#rows.varint(1 + position * KINDS + kind);
    if (kind === DELTA) this.#rows.signed(delta);
    else if (kind === ABSOLUTE) this.#rows.signed(value);
  }

  #append(fact: FactName, instance: string): void {
    this.#facts.push(fact);
    this.#instances.push(instance);
    if (this.#facts.length <= this.#current.length) return;
    this.#current = grown(this.#current);
    this.#before = grown(this.#before);
  }

  /** Position of a series, looked for from `start` on and then before it; the length when there is none. */
  #find(fact: FactName, instance: string, start: number): number {
    const count = this.#facts.length;
    for (let i = start; i < count; i++) {
      if (this.#facts[i] === fact && this.#instances[i] === instance) return i;
    }
    for (let i = 0; i < start && i < count; i++) {
      if (this.#facts[i] === fact && this.#instances[i] === instance) return i;
    }
    return count;
  }
}

function capacityFor(count: number): number {
  return Math.max(FIRST_CAPACITY, count);
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2).fill(Number.NaN);
  larger.set(values);
  return larger;
}
