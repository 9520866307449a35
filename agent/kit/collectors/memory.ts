import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import { Samples, wholeNumber } from './sample.js';

const KIB = 1024;

/** All in bytes. */
export interface Memory {
  readonly totalBytes: number;
  /** What new programs can have without swapping, as the kernel estimates it. */
  readonly availableBytes: number;
  /** Waits to be written to storage. */
  readonly dirtyBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

/**
 * Parses /proc/meminfo. Source: proc_meminfo(5); Linux fs/proc/meminfo.c. Its "kB" are 1024 bytes.
 * @throws BrambleError `data-loss` naming the line that is missing or unreadable.
 */
export function parseMeminfo(text: string): Memory {
  const bytes = (name: string): number => {
    const start = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1;
    const isThere = start > 0 || text.startsWith(`${name}:`);
    const end = text.indexOf(' kB\n', start);
    if (!isThere || end < 0) throw new BrambleError('data-loss', `/proc/meminfo: no ${name}`);
    return wholeNumber(text.slice(start + name.length + 1, end).trimStart(), `/proc/meminfo ${name}`) * KIB;
  };
  return {
    totalBytes: bytes('MemTotal'),
    availableBytes: bytes('MemAvailable'),
    dirtyBytes: bytes('Dirty'),
    swapTotalBytes: bytes('SwapTotal'),
    swapFreeBytes: bytes('SwapFree'),
  };
}

const OOM_KILL = '\noom_kill ';

/**
 * Processes killed for want of memory since boot, of /proc/vmstat. Source: Linux mm/vmstat.c, since 4.13.
 * `undefined` when the kernel does not count them.
 * @throws BrambleError `data-loss`
 */
export function parseOomKills(text: string): number | undefined {
  const at = text.indexOf(OOM_KILL);
  if (at < 0) return undefined;
  const end = text.indexOf('\n', at + OOM_KILL.length);
  if (end < 0) throw new BrambleError('data-loss', '/proc/vmstat: oom_kill is cut short');
  return wholeNumber(text.slice(at + OOM_KILL.length, end), '/proc/vmstat oom_kill');
}

/** /proc/vmstat costs twice what meminfo does and holds one rare number: looked at this often, ms. */
const OOM_SURVEY_MS = 60_000;

export function makeMemoryCollector(): Collector {
  let oomKills: number | undefined;
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'memory',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      const meminfo = kernel.readText('/proc/meminfo');
      if (meminfo === undefined) return noData('no /proc/meminfo');
      const memory = parseMeminfo(meminfo);
      if (clock.monotonicMs() - surveyedMs >= OOM_SURVEY_MS) {
        const vmstat = kernel.readText('/proc/vmstat');
        oomKills = vmstat === undefined ? undefined : parseOomKills(vmstat);
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      samples.number('memory_total_bytes', memory.totalBytes);
      samples.number('memory_available_bytes', memory.availableBytes);
      samples.number('memory_dirty_bytes', memory.dirtyBytes);
      samples.number('swap_total_bytes', memory.swapTotalBytes);
      samples.number('swap_free_bytes', memory.swapFreeBytes);
      samples.number('memory_oom_kills_count', oomKills);
      return ok(samples.list);
    },
  };
}
