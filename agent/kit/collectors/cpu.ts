import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import { Samples, wholeNumber } from './sample.js';

/** Ticks (USER_HZ) since boot, all processors together. */
export interface CpuTimes {
  readonly cores: number;
  /** Everything that was not idle: time that a hypervisor took away (steal) kept work waiting too. */
  readonly busyTicks: number;
  readonly iowaitTicks: number;
  readonly totalTicks: number;
  /** Processes in uninterruptible sleep, waiting for storage or NFS. */
  readonly blockedCount: number;
}

const BLOCKED = '\nprocs_blocked ';

/**
 * Parses /proc/stat. Source: proc_stat(5); Linux fs/proc/stat.c, show_stat(). Guest time is part of user time there.
 * @throws BrambleError `data-loss` when the file is cut short or has another form.
 */
export function parseStat(text: string): CpuTimes {
  const firstEnd = text.indexOf('\n');
  if (!text.startsWith('cpu  ') || firstEnd < 0) throw cutShort();
  const ticks = text.slice(5, firstEnd).split(' ', 8);
  if (ticks.length < 8) throw cutShort();
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks.map((tick) =>
    wholeNumber(tick, '/proc/stat cpu'),
  );
  const busyTicks = user + nice + system + irq + softirq + steal;

  // The interrupt line that follows is long on some boards: it is stepped over, not split.
  let cores = 0;
  for (let at = firstEnd + 1; text.startsWith('cpu', at); at = text.indexOf('\n', at) + 1) {
    if (text.indexOf('\n', at) < 0) throw cutShort();
    cores++;
  }
  const blockedAt = text.indexOf(BLOCKED);
  const blockedEnd = blockedAt < 0 ? -1 : text.indexOf('\n', blockedAt + BLOCKED.length);
  if (cores === 0 || blockedEnd < 0) throw cutShort();
  const blocked = text.slice(blockedAt + BLOCKED.length, blockedEnd);
  return {
    cores,
    busyTicks,
    iowaitTicks: iowait,
    totalTicks: busyTicks + idle + iowait,
    blockedCount: wholeNumber(blocked, '/proc/stat procs_blocked'),
  };
}

function cutShort(): BrambleError {
  return new BrambleError('data-loss', '/proc/stat: no total of the processors, or cut short');
}

/** Load averages over 1, 5 and 15 minutes, 1/1000. */
export type LoadMilli = readonly [number, number, number];

/**
 * Parses /proc/loadavg. Source: proc_loadavg(5).
 * @throws BrambleError `data-loss`
 */
export function parseLoadavg(text: string): LoadMilli {
  const found = /^(\d+)\.(\d\d) (\d+)\.(\d\d) (\d+)\.(\d\d) \d+\/\d+ \d+\n$/.exec(text);
  if (found === null) throw new BrambleError('data-loss', '/proc/loadavg: cut short or of another form');
  const milli = (whole: number): number => Number(found[whole]) * 1000 + Number(found[whole + 1]) * 10;
  return [milli(1), milli(3), milli(5)];
}

export interface CpuShare {
  readonly busyPermille: number;
  readonly iowaitPermille: number;
}

/**
 * Share of the time between two readings. `undefined` when less than a tick has passed.
 * Counters of a processor that went offline, and iowait by itself, may step back: then that part counts as 0.
 */
export function cpuShare(before: CpuTimes, after: CpuTimes): CpuShare | undefined {
  const totalTicks = after.totalTicks - before.totalTicks;
  if (totalTicks <= 0) return undefined;
  const permille = (ticks: number): number =>
    Math.round((Math.min(Math.max(ticks, 0), totalTicks) * 1000) / totalTicks);
  return {
    busyPermille: permille(after.busyTicks - before.busyTicks),
    iowaitPermille: permille(after.iowaitTicks - before.iowaitTicks),
  };
}

/** Processors and load. Shares need two readings: the first run has none. */
export function makeCpuCollector(): Collector {
  let previous: CpuTimes | undefined;
  let share: CpuShare | undefined;
  return {
    name: 'cpu',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const stat = kernel.readText('/proc/stat');
      if (stat === undefined) return noData('no /proc/stat');
      const now = parseStat(stat);
      if (previous !== undefined) share = cpuShare(previous, now) ?? share;
      previous = now;
      const load = kernel.readText('/proc/loadavg');
      const [load1m, load5m, load15m] = load === undefined ? [] : parseLoadavg(load);
      const samples = new Samples();
      samples.number('cpu_cores_count', now.cores);
      samples.number('cpu_busy_permille', share?.busyPermille);
      samples.number('cpu_iowait_permille', share?.iowaitPermille);
      samples.number('load_1m_milli', load1m);
      samples.number('load_5m_milli', load5m);
      samples.number('load_15m_milli', load15m);
      samples.number('processes_blocked_count', now.blockedCount);
      return ok(samples.list);
    },
  };
}
