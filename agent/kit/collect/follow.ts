import { BrambleError } from '../../../proto/contract/errors.js';
import type { Host } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { Collector } from './collector.js';

/** Pause before what failed is begun again, ms. */
const AGAIN_MS = 5_000;

/** Keeps going what collectors follow, each once, until the signal aborts. One that fails disturbs no other. */
export async function followCollectors(
  collectors: readonly Collector[],
  { host, log }: { readonly host: Host; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(collectors.map((collector) => keepGoing(collector, host, log, signal)));
}

async function keepGoing(collector: Collector, host: Host, log: Log, signal: AbortSignal): Promise<void> {
  if (collector.watch === undefined) return;
  let lastWords: string | undefined;
  while (!signal.aborted) {
    try {
      await collector.watch(host, signal);
      if (!signal.aborted) return; // it has nothing to watch here
    } catch (thrown) {
      if (signal.aborted) return;
      const { message } = BrambleError.from(thrown);
      if (message !== lastWords) {
        log.warn(
          { ...errorFields(thrown), collector: collector.name },
          'what a collector follows cannot be followed now',
        );
      }
      lastWords = message;
    }
    await host.clock.sleep(AGAIN_MS, signal).catch(() => undefined); // the loop looks at the signal
  }
}

/** A watch that looks so often, from the end of one look to the next; a look that fails ends it, to be begun again. */
export function lookEvery(
  intervalMs: number,
  look: (host: Host, signal: AbortSignal) => Promise<void>,
): NonNullable<Collector['watch']> {
  return async (host, signal) => {
    while (!signal.aborted) {
      await look(host, signal);
      await host.clock.sleep(intervalMs, signal).catch(() => undefined); // the loop looks at the signal
    }
  };
}
