import { BrambleError } from '../../proto/contract/errors.js';
import type { HostClock } from './host/ports.js';

/**
 * Work that may take so long and no longer. At the limit, and when the outer signal aborts, its own signal aborts; after the
 * limit nobody waits for it any more, whether it listens or not.
 * @throws BrambleError `deadline-exceeded`, `cancelled`, or what the work throws
 */
export async function withLimit<T>(
  { clock, limitMs, signal }: { readonly clock: HostClock; readonly limitMs: number; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw new BrambleError('cancelled', 'the agent stops');
  const inner = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => {
    inner.abort();
    timer.abort();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const limit = clock.sleep(limitMs, timer.signal).then(
    () => {
      throw new BrambleError('deadline-exceeded', `not done within ${limitMs / 1_000} s`);
    },
    () => {
      throw new BrambleError('cancelled', 'the agent stops'); // or the work is done, and nobody listens
    },
  );
  try {
    return await Promise.race([work(inner.signal), limit]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    inner.abort();
    timer.abort();
  }
}
