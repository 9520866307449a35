import type { Host } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { Collector } from './collector.js';

/** Pause before what failed is begun again, ms. */
const AGAIN_MS = 10_000;

/** Keeps going what collectors follow, until the signal aborts. One that fails disturbs no other. */
export async function followCollectors(
  collectors: readonly Collector[],
  { host, log }: { readonly host: Host; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(collectors.map((collector) => keepGoing(collector, host, log, signal)));
}

async function keepGoing(collector: Collector, host: Host, log: Log, signal: AbortSignal): Promise<void> {
  if (collector.watch === undefined) return;
  while (!signal.aborted) {
    try {
      await collector.watch(host, signal);
      if (!signal.aborted) return; // it has nothing to watch here
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ ...errorFields(error), collector: collector.name }, 'what a collector follows cannot be followed now');
    }
    await host.clock.sleep(AGAIN_MS, signal).catch(() => undefined); // the loop looks at the signal
  }
}
