import { BrambleError } from '../../../proto/contract/errors.js';
import type { CollectorHost } from '../collect/collector.js';
import { errorFields, type Log } from '../log.js';

/** Looks at the machine at its own pace, whether or not anybody is connected: for what must be told within seconds. */
export interface Watch {
  /** Lower-case words joined by dashes. */
  readonly name: string;
  /** From the end of one look to the next, ms. */
  readonly intervalMs: number;
  /** May throw: the next look is another try. */
  look(host: CollectorHost, signal: AbortSignal): Promise<void>;
}

/** Runs all of them until the signal aborts; one that fails is logged when its words change, and harms no other. */
export async function runWatches(
  watches: readonly Watch[],
  { host, log }: { readonly host: CollectorHost; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(watches.map((watch) => runWatch(watch, host, log, signal)));
}

async function runWatch(watch: Watch, host: CollectorHost, log: Log, signal: AbortSignal): Promise<void> {
  let lastWords: string | undefined;
  while (!signal.aborted) {
    try {
      await watch.look(host, signal);
      lastWords = undefined;
    } catch (thrown) {
      const { message } = BrambleError.from(thrown);
      if (!signal.aborted && message !== lastWords) {
        log.warn({ ...errorFields(thrown), watch: watch.name }, 'a watch could not look');
      }
      lastWords = message;
    }
    await host.clock.sleep(watch.intervalMs, signal).catch(() => undefined); // aborted: the loop ends
  }
}
