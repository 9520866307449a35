import type { Watch } from '../agent/kit/watch/watch.js';
import { BrambleError } from '../proto/contract/errors.js';
import { BootLoops } from './boot/boot-loops.js';
import { askRoots } from './roots/ask.js';

/** A boot path that somebody changed is right again before a board that failed tries for the third time. */
const INTERVAL_MS = 60_000;

/**
 * Has the boot path say what the boot set and the pool are, again and again: what a crash cut off is finished, and what
 * somebody else changed is put right. Boards that start over and over again are held back.
 */
export function makeRootsWatch(loops = new BootLoops()): Watch {
  return {
    name: 'roots',
    intervalMs: INTERVAL_MS,
    async look({ machine }, signal) {
      const { interfaces, told } = loops.take();
      try {
        await askRoots(machine, { kind: 'converge', ...(interfaces.length > 0 && { loops: interfaces }) }, signal);
        told();
      } catch (error) {
        const { code } = BrambleError.from(error);
        // No roots are kept here, or another order is under way, which does the same at its end.
        if (!['unsupported', 'permission-denied', 'unavailable'].includes(code)) throw error;
      }
    },
  };
}
