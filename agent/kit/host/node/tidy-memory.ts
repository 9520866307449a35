/** Two hours of a fleet's usual interval. */
const TICKS_BETWEEN = 240;

/**
 * Collects garbage now and then. Left alone, V8 lets some 5 MB of dead objects pile up before it looks at the old ones,
 * which is a tenth of what the agent may use; a full collection of so small a heap takes some 10 ms.
 * Needs `node --expose-gc`; without the flag it does nothing.
 */
export function makeMemoryTidier(): () => void {
  let ticks = 0;
  return () => {
    ticks += 1;
    if (ticks % TICKS_BETWEEN === 0) globalThis.gc?.();
  };
}
