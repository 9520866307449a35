import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import type { KernelLogMatch } from '../../kit/collect/probe.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelLog, KernelLogBatch } from '../../kit/host/ports.js';
import { matchKernelLine } from './kernel-log-rules.js';
import { KernelLogTally } from './kernel-log-tally.js';

/** More than the ring of any Pi's kernel holds: a flood costs no more than this, and what it overwrote is counted. */
export const RECORDS_PER_POLL_MAX = 5_000;
/** What the kernel said so long before the agent's first look is still news: a boot may take minutes. */
const LOOKBACK_MS = 300_000;
/** A log that may not be read is tried again this often, ms. */
const RETRY_MS = 3_600_000;
/** syslog(3): messages of the kernel itself; programs that write to the log carry another. */
const FACILITY_KERNEL = 0;

/**
 * Counts what the kernel says of broken hardware, and tells of it through `onMatch`: at once, and then once in ten minutes per
 * rule with the number of lines in between. An agent that is started anew looks back a few minutes, and may tell twice.
 */
export function makeKernelLogCollector(onMatch: (match: KernelLogMatch) => void): Collector {
  const tally = new KernelLogTally();
  let refused: { readonly untilMs: number; readonly why: string } | undefined;
  let sinceMs: number | undefined;
  let linesCount = 0;
  let droppedCount = 0;
  return {
    name: 'kernel-log',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernelLog, clock }) {
      const nowMs = clock.monotonicMs();
      if (refused !== undefined && nowMs < refused.untilMs) return noData(refused.why);
      const batch = readBatch(kernelLog);
      if (batch instanceof BrambleError) {
        refused = { untilMs: nowMs + RETRY_MS, why: batch.message };
        return noData(refused.why);
      }
      sinceMs ??= nowMs - LOOKBACK_MS;
      droppedCount += batch.droppedCount;
      for (const { facility, atMs, text } of batch.records) {
        if (atMs < sinceMs) continue;
        linesCount += 1;
        const rule = facility === FACILITY_KERNEL ? matchKernelLine(text) : undefined;
        if (rule !== undefined) tally.add(rule, text);
      }
      for (const match of tally.takeDue(nowMs)) onMatch(match);
      const samples = new Samples();
      samples.number('kernel_log_lines_count', linesCount);
      samples.number('kernel_log_dropped_count', droppedCount);
      for (const { rule, count } of tally.counts()) samples.number('kernel_log_matches_count', count, rule);
      return ok(samples.list);
    },
  };
}

/** The error instead of the batch where the log cannot be read at all. */
function readBatch(kernelLog: KernelLog): KernelLogBatch | BrambleError {
  try {
    return kernelLog.read(RECORDS_PER_POLL_MAX);
  } catch (error) {
    if (error instanceof BrambleError && error.code === 'unsupported') return error;
    throw error;
  }
}
