import type { Watch } from '../agent/kit/watch/watch.js';
import { BrambleError } from '../proto/contract/errors.js';
import { askRoots } from './roots/ask.js';

/** A boot path that somebody changed is right again before a board that failed tries for the third time. */
const INTERVAL_MS = 60_000;

/**
 * Has the boot path say what root's boot set and the pool are, again and again: what a crash cut off is finished, and what
 * somebody else changed is put right. Boards come and go with root's file.
 */
export function makeRootsWatch(): Watch {
  return {
    name: 'roots',
    intervalMs: INTERVAL_MS,
    async look({ machine }, signal) {
      try {
        await askRoots(machine, { kind: 'converge' }, signal);
      } catch (error) {
        const { code } = BrambleError.from(error);
        // No roots are kept here, or another order is under way, which does the same at its end.
        if (!['unsupported', 'permission-denied', 'unavailable'].includes(code)) throw error;
      }
    },
  };
}
