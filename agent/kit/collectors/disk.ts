import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import type { KernelFiles } from '../host/ports.js';
import { type DiskCounters, moved, parseDiskstats } from './disk-counters.js';
import { readLine } from './kernel-line.js';
import { Samples } from './sample.js';

const SECTOR_BYTES = 512;

/**
 * When a device takes less than it is given: its queue was never empty, and a write waited this long on average. The SD
 * specification allows a card 250 ms of being busy for one write, and what is healthy needs a tenth of that; a mean that comes
 * near it over a whole interval is a queue that grows, and ends in timeouts that look like a dead card. Both are needed: one
 * slow write on an idle device is housekeeping of the card, and a busy device with short waits is doing its work.
 * Source: SD Physical Layer Simplified Specification, 4.6.2.2.
 */
export const SATURATED = { busyPermille: 950, writeLatencyUs: 200_000 } as const;

/** Saturation is told as a share of this time. */
const WINDOW_MS = 600_000;
/** Rates over less than this say nothing: the figures of the interval before stand. */
const INTERVAL_MIN_MS = 1_000;

/** What a device did in one interval. */
export interface DiskRates {
  readonly busyPermille: number;
  /** Mean time of a finished request; `undefined` when none was finished. */
  readonly readLatencyUs: number | undefined;
  readonly writeLatencyUs: number | undefined;
  readonly writtenBytes: number;
}

/** Rates between two readings; `undefined` when a counter was set back: these are not two readings of one device. */
export function diskRates(before: DiskCounters, after: DiskCounters, elapsedMs: number): DiskRates | undefined {
  const reads = moved(before.reads, after.reads);
  const readMs = moved(before.readMs, after.readMs);
  const writes = moved(before.writes, after.writes);
  const writeMs = moved(before.writeMs, after.writeMs);
  const sectors = moved(before.sectorsWritten, after.sectorsWritten);
  const busyMs = moved(before.busyMs, after.busyMs);
  if (reads === undefined || readMs === undefined || writes === undefined || writeMs === undefined) return undefined;
  if (sectors === undefined || busyMs === undefined) return undefined;
  const meanUs = (ms: number, count: number): number | undefined =>
    count === 0 ? undefined : Math.round((ms * 1000) / count);
  return {
    busyPermille: Math.min(1000, Math.round((busyMs * 1000) / elapsedMs)),
    readLatencyUs: meanUs(readMs, reads),
    writeLatencyUs: meanUs(writeMs, writes),
    writtenBytes: sectors * SECTOR_BYTES,
  };
}

/** Whether the interval was one in which the device took less than it was given. `hangs`: writes wait, and none was finished. */
export function isSaturated({ busyPermille, writeLatencyUs }: DiskRates, hangs: boolean): boolean {
  if (busyPermille < SATURATED.busyPermille) return false;
  return writeLatencyUs === undefined ? hangs : writeLatencyUs >= SATURATED.writeLatencyUs;
}

interface Span {
  readonly endMs: number;
  readonly saturatedMs: number;
}

/** One device between polls. */
class Disk {
  #counters: DiskCounters;
  #atMs: number;
  /** Goes on counting where the kernel's counter wraps. */
  #writtenBytes: number;
  #rates: DiskRates | undefined;
  /** Latencies stand, for as long as the window, until there is a newer one: an idle device has none of its own. */
  #read = { atMs: Number.NEGATIVE_INFINITY, us: 0 };
  #write = { atMs: Number.NEGATIVE_INFINITY, us: 0 };
  #saturated: Span[] = [];

  constructor(counters: DiskCounters, nowMs: number) {
    this.#counters = counters;
    this.#atMs = nowMs;
    this.#writtenBytes = counters.sectorsWritten * SECTOR_BYTES;
  }

  /** `false`: these are the counters of another device. */
  observe(counters: DiskCounters, nowMs: number, kernel: KernelFiles): boolean {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs < INTERVAL_MIN_MS) return true;
    const rates = diskRates(this.#counters, counters, elapsedMs);
    if (rates === undefined) return false;
    this.#counters = counters;
    this.#atMs = nowMs;
    this.#rates = rates;
    this.#writtenBytes += rates.writtenBytes;
    if (rates.readLatencyUs !== undefined) this.#read = { atMs: nowMs, us: rates.readLatencyUs };
    if (rates.writeLatencyUs !== undefined) this.#write = { atMs: nowMs, us: rates.writeLatencyUs };
    const hangs = counters.inFlight > 0 && rates.writeLatencyUs === undefined && writesWait(kernel, counters.name);
    if (isSaturated(rates, hangs)) this.#saturated.push({ endMs: nowMs, saturatedMs: elapsedMs });
    this.#saturated = this.#saturated.filter(({ endMs }) => endMs > nowMs - WINDOW_MS);
    return true;
  }

  addTo(samples: Samples, nowMs: number): void {
    const { name } = this.#counters;
    const recent = ({ atMs, us }: { atMs: number; us: number }): number | undefined =>
      nowMs - atMs < WINDOW_MS ? us : undefined;
    samples.number('disk_written_bytes', this.#writtenBytes, name);
    samples.number('disk_busy_permille', this.#rates?.busyPermille, name);
    samples.number('disk_read_latency_us', recent(this.#read), name);
    samples.number('disk_write_latency_us', recent(this.#write), name);
    if (this.#rates === undefined) return; // one reading knows nothing of the time before
    // A span that began before the window counts with the part that lies in it.
    const saturatedMs = this.#saturated.reduce(
      (sum, span) => sum + Math.min(span.saturatedMs, span.endMs - (nowMs - WINDOW_MS)),
      0,
    );
    const permille = Math.min(1000, Math.round((saturatedMs * 1000) / WINDOW_MS));
    samples.number('disk_saturated_permille', permille, name);
  }
}

/** Requests under way are counted apart only here: reads, then writes. Source: Linux Documentation/ABI/stable/sysfs-block. */
function writesWait(kernel: KernelFiles, name: string): boolean {
  const [, writes] = /^ *\d+ +(\d+)$/.exec(readLine(kernel, `/sys/block/${name}/inflight`) ?? '') ?? [];
  return writes !== undefined && writes !== '0';
}

/** How busy the block devices are, and how long they let one wait. Rates need two readings: the first run has none. */
export function makeDiskCollector(): Collector {
  const disks = new Map<string, Disk>();
  return {
    name: 'disk',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      const text = kernel.readText('/proc/diskstats');
      if (text === undefined) return noData('no /proc/diskstats');
      const nowMs = clock.monotonicMs();
      const table = parseDiskstats(text);
      const samples = new Samples();
      for (const counters of table) {
        const known = disks.get(counters.name);
        const disk = known?.observe(counters, nowMs, kernel) === true ? known : new Disk(counters, nowMs);
        disks.set(counters.name, disk);
        disk.addTo(samples, nowMs);
      }
      for (const name of disks.keys()) if (!table.some((counters) => counters.name === name)) disks.delete(name);
      return samples.list.length === 0 ? noData('no block device of its own') : ok(samples.list);
    },
  };
}
