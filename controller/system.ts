import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock } from '../proto/contract/clock.js';
import type { Random } from '../proto/contract/random.js';
import type { Timers } from './usecases/ports.js';

/** The controller's real clock. Monotonic time counts from the start of this process. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The kernel's randomness. */
export const systemRandom: Random = {
  unit: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

/** setTimeout fires at once beyond this many milliseconds (2^31 - 1); nothing here waits that long. */
const TIMEOUT_MS_MAX = 2_147_483_647;

/** Timers that never keep the process alive by themselves: the listeners do. */
export const systemTimers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, ms), TIMEOUT_MS_MAX));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
