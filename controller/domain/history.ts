/**
 * Packs the samples of one node over a stretch of time into a few bytes, column by column.
 *
 * Layout, version 1 (numbers are varints, see byte-stream.ts):
 * version byte, rows, columns, column of times; for each column: fact id, instance (its number among the texts so far,
 * or the next number and the text), length in bytes, presence, column of the values that are there; checksum, 4 bytes.
 * Presence is the number of runs, then their lengths, data and no data in turn; 0 runs = data in every row.
 */

import { assert } from '../../proto/contract/assert.js';
import { ByteReader, ByteWriter, broken } from './byte-stream.js';
import { readColumn, writeColumn } from './history-column.js';

/** One series of a node: a fact's number in the contract, and what it is about (empty for the node itself). */
export interface HistorySeries {
  readonly factId: number;
  readonly instance: string;
}

export interface HistoryColumn extends HistorySeries {
  /** One per row: a safe integer, or `undefined` where there was no data. */
  readonly values: readonly (number | undefined)[];
}

/** A table: one row per report, in the order of arrival; each row has the value of every series at that time. */
export interface HistoryRows {
  /** Controller's wall clock of each row, ms; may step back when the clock was set. */
  readonly atMs: readonly number[];
  readonly columns: readonly HistoryColumn[];
}

/** One point of one series. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly value: number;
}

const VERSION = 1;
const CHECKSUM_BYTES = 4;
/** A node-hour at one report a second has 3,600 rows. */
export const HISTORY_ROWS_MAX = 20_000;
const COLUMNS_MAX = 5_000;
/** Bounds what broken bytes can make this process allocate. */
const CELLS_MAX = 2 ** 24;
const INSTANCE_CHARACTERS_MAX = 4_096;

/** @param rows at most HISTORY_ROWS_MAX rows; columns are different series. */
export function packHistory(rows: HistoryRows): Uint8Array {
  const count = rows.atMs.length;
  assert(count <= HISTORY_ROWS_MAX, 'more rows than a segment may have');
  assert(rows.columns.length <= COLUMNS_MAX && count * rows.columns.length <= CELLS_MAX, 'more columns than may be');
  const writer = new ByteWriter();
  writer.byte(VERSION);
  writer.varint(count);
  writer.varint(rows.columns.length);
  writeColumn(writer, rows.atMs);
  const instances = new Map<string, number>();
  const body = new ByteWriter();
  for (const { factId, instance, values } of rows.columns) {
    assert(values.length === count, 'a column has as many values as there are rows');
    writer.varint(factId);
    const known = instances.get(instance);
    writer.varint(known ?? instances.size);
    if (known === undefined) {
      instances.set(instance, instances.size);
      writer.text(instance);
    }
    body.clear();
    writeColumn(body, writePresence(body, values));
    writer.varint(body.length);
    writer.append(body.peek());
  }
  const sum = checksum(writer.peek());
  for (let i = 0; i < CHECKSUM_BYTES; i++) writer.byte((sum >>> (8 * i)) & 0xff);
  return writer.finish();
}

/** @throws BrambleError `data-loss` when the bytes are not exactly what packHistory() made */
export function unpackHistory(bytes: Uint8Array): HistoryRows {
  const columns: HistoryColumn[] = [];
  const atMs = readTable(bytes, (series, body, count) => {
    columns.push({ ...series, values: readValues(body, count) });
  });
  return { atMs, columns };
}

/** The points of one series, without unpacking the others; rows without data are left out. @throws as unpackHistory() */
export function unpackSeries(bytes: Uint8Array, wanted: HistorySeries): readonly HistoryPoint[] {
  let values: readonly (number | undefined)[] = [];
  const times = readTable(bytes, (series, body, count) => {
    if (series.factId === wanted.factId && series.instance === wanted.instance) values = readValues(body, count);
  });
  return times.flatMap((atMs, row) => {
    const value = values[row];
    return value === undefined ? [] : [{ atMs, value }];
  });
}

function readTable(
  bytes: Uint8Array,
  onColumn: (series: HistorySeries, body: Uint8Array, count: number) => void,
): readonly number[] {
  if (bytes.length <= CHECKSUM_BYTES) throw broken('it ends too early');
  const content = bytes.subarray(0, bytes.length - CHECKSUM_BYTES);
  const sums = new ByteReader(bytes.subarray(bytes.length - CHECKSUM_BYTES));
  const sum = (sums.byte() | (sums.byte() << 8) | (sums.byte() << 16) | (sums.byte() << 24)) >>> 0;
  if (checksum(content) !== sum) throw broken('its checksum is wrong');
  const reader = new ByteReader(content);
  const version = reader.byte();
  if (version !== VERSION) throw broken(`version ${version} is not known`);
  const count = reader.varint(HISTORY_ROWS_MAX);
  const columnsCount = reader.varint(COLUMNS_MAX);
  if (count * columnsCount > CELLS_MAX) throw broken('it is larger than any history');
  const times = Array.from(readColumn(reader, count));
  const instances: string[] = [];
  for (let column = 0; column < columnsCount; column++) {
    const factId = reader.varint();
    const index = reader.varint(instances.length);
    if (index === instances.length) instances.push(reader.text(INSTANCE_CHARACTERS_MAX));
    onColumn({ factId, instance: instances[index] ?? '' }, reader.take(reader.varint()), count);
  }
  if (reader.leftBytes > 0) throw broken('something follows its end');
  return times;
}

/** Writes where there is data, returns the values that are there. */
function writePresence(writer: ByteWriter, values: readonly (number | undefined)[]): readonly number[] {
  const present: number[] = [];
  const runs: number[] = [];
  let runLength = 0;
  let inData = true;
  for (const value of values) {
    if ((value !== undefined) !== inData) {
      runs.push(runLength);
      runLength = 0;
      inData = !inData;
    }
    runLength += 1;
    if (value === undefined) continue;
    assert(Number.isSafeInteger(value), 'history keeps safe integers only');
    present.push(value);
  }
  if (present.length === values.length) {
    writer.varint(0);
    return present;
  }
  runs.push(runLength);
  writer.varint(runs.length);
  for (const length of runs) writer.varint(length);
  return present;
}

function readValues(body: Uint8Array, count: number): readonly (number | undefined)[] {
  const reader = new ByteReader(body);
  const runs = Array.from({ length: reader.varint(count + 1) }, () => reader.varint(count));
  if (runs.length > 0 && runs.reduce((sum, length) => sum + length, 0) !== count) {
    throw broken('a column does not fit its rows');
  }
  const presentCount = runs.length === 0 ? count : runs.reduce((sum, n, i) => (i % 2 === 0 ? sum + n : sum), 0);
  const present = readColumn(reader, presentCount);
  if (reader.leftBytes > 0) throw broken('a column is longer than its values');
  const values: (number | undefined)[] = [];
  let next = 0;
  (runs.length === 0 ? [count] : runs).forEach((length, i) => {
    for (let n = 0; n < length; n++) values.push(i % 2 === 0 ? present[next++] : undefined);
  });
  return values;
}

/** FNV-1a, 32 bits: every change of a single byte changes it. Source: draft-eastlake-fnv-17, 2 and 5. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
