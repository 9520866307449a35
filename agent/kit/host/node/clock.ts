import { readFileSync } from 'node:fs';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { HostClock } from '../ports.js';

/** Longest delay that setTimeout takes: 2^31-1 ms, about 24.8 days. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;
/** Wall and monotonic clock drifted apart by more: a clock step, or a suspend that only the wall clock saw. */
const APART_MS = 1_000;

/**
 * The clocks of this machine. Node offers CLOCK_MONOTONIC (hrtime), which stands still in suspend; the difference to
 * CLOCK_BOOTTIME is taken from /proc/uptime at the start and again whenever the wall clock moved against it, as it does
 * after a suspend. So a reading costs no system call. Source: clock_gettime(2), proc_uptime(5).
 */
export function makeNodeClock(): HostClock {
  const originMs = hrtimeMs() - performance.now();
  let bootOffsetMs = readBootOffsetMs();
  let wallOffsetMs = Date.now() - hrtimeMs();
  let lastMs = 0;
  const monotonicMs = (): number => {
    const nowMs = originMs + performance.now(); // the same clock as hrtime, without a big integer for every reading
    const wallNowOffsetMs = Date.now() - nowMs;
    if (Math.abs(wallNowOffsetMs - wallOffsetMs) > APART_MS) {
      wallOffsetMs = wallNowOffsetMs;
      // Never smaller: /proc/uptime counts in hundredths of a second, and a suspend only adds.
      bootOffsetMs = Math.max(bootOffsetMs, readBootOffsetMs());
    }
    lastMs = Math.max(lastMs, nowMs + bootOffsetMs);
    return lastMs;
  };
  return { nowMs: () => Date.now(), monotonicMs, sleep };
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let leftMs = Math.max(0, ms);
  for (; leftMs > TIMEOUT_MAX_MS; leftMs -= TIMEOUT_MAX_MS) await sleepOnce(TIMEOUT_MAX_MS, signal);
  await sleepOnce(leftMs, signal);
}

function sleepOnce(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = (): void => {
      clearTimeout(timer);
      reject(new BrambleError('cancelled', 'sleep was cancelled'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancelled);
      resolve();
    }, ms);
    if (signal.aborted) cancelled();
    else signal.addEventListener('abort', cancelled, { once: true });
  });
}

function hrtimeMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** CLOCK_BOOTTIME minus CLOCK_MONOTONIC, ms; 0 where there is no /proc (then suspend does not count). */
function readBootOffsetMs(): number {
  try {
    const uptimeMs = Number(readFileSync('/proc/uptime', 'latin1').split(' ', 1)[0]) * 1000;
    const offsetMs = uptimeMs - hrtimeMs();
    // Below its resolution the difference says nothing: without a suspend the two clocks are one.
    return Number.isFinite(offsetMs) && offsetMs > 20 ? offsetMs : 0;
  } catch {
    return 0;
  }
}
