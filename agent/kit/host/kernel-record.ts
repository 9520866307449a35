import type { KernelLogBatch, KernelLogRecord } from './ports.js';

/** "prio,seq,ts,flags[,more];text"; lines after the first carry KEY=value pairs. */
const HEAD = /^(\d{1,10}),(\d{1,16}),(\d{1,16}),[^;]{1,64};/;

/**
 * Parses one record of /dev/kmsg; `undefined` when it is cut short or has another form. Sources: Linux
 * Documentation/ABI/testing/dev-kmsg; kernel/printk/printk.c, info_print_ext_header() and msg_print_ext_body().
 */
export function parseKernelRecord(record: string): KernelLogRecord | undefined {
  const end = record.indexOf('\n');
  const head = HEAD.exec(record);
  if (end < 0 || head === null || !record.endsWith('\n')) return undefined;
  const priority = Number(head[1]);
  return {
    sequence: Number(head[2]),
    facility: priority >>> 3,
    level: priority & 7,
    atMs: Number(head[3]) / 1000,
    text: record.slice(head[0].length, end),
  };
}

/** What one read(2) of /dev/kmsg brought: a record, nothing new, or the news that records were overwritten meanwhile. */
export type KernelLogRead = string | 'empty' | 'overwritten';

/** Reads the log record by record and counts what is missing between them. */
export class KernelLogReader {
  readonly #next: () => KernelLogRead;
  #expected: number | undefined;

  constructor(next: () => KernelLogRead) {
    this.#next = next;
  }

  /** At most `recordsMax` reads that brought something. */
  read(recordsMax: number): KernelLogBatch {
    const records: KernelLogRecord[] = [];
    let droppedCount = 0;
    for (let reads = 0; reads < recordsMax; reads++) {
      const text = this.#next();
      if (text === 'empty') break;
      // The kernel says so once, and then goes on with the oldest record that it has: the gap tells how many are missing.
      if (text === 'overwritten') continue;
      const record = parseKernelRecord(text);
      if (record === undefined) continue; // it leaves a gap too
      if (this.#expected !== undefined) droppedCount += Math.max(0, record.sequence - this.#expected);
      this.#expected = record.sequence + 1;
      records.push(record);
    }
    return { records, droppedCount };
  }
}

/** Reads in one go, so that a kernel that talks faster than it is read does not keep anybody. */
const TAIL_READS_MAX = 200;
const TAIL_BATCH = 500;

/** The newest records of a log that is read from its oldest one. */
export function tailOf(reader: KernelLogReader, recordsMax: number): readonly KernelLogRecord[] {
  let tail: KernelLogRecord[] = [];
  for (let reads = 0; reads < TAIL_READS_MAX; reads++) {
    const { records } = reader.read(TAIL_BATCH);
    if (records.length === 0) break;
    tail = [...tail, ...records].slice(-recordsMax);
  }
  return tail;
}
