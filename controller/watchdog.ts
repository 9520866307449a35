import type { Timers } from './usecases/ports.js';

export interface WatchdogOptions {
  /** Within which a sign of life is due, ms. */
  readonly limitMs: number;
  /** Settles when real work got through: a transaction. A failure is an answer too; only silence is none. */
  readonly progress: () => Promise<unknown>;
  readonly alive: () => Promise<void>;
  readonly timers: Timers;
}

/**
 * Gives a sign of life only after real progress: a timer that fires proves the event loop, a transaction that settles
 * proves the store's threads. While one hangs there is no sign, and whoever waits for it starts the controller again.
 * Returns the way to stop.
 */
export function startWatchdog({ limitMs, progress, alive, timers }: WatchdogOptions): () => void {
  let isStopped = false;
  let cancel = (): void => undefined;
  const check = async (): Promise<void> => {
    await progress().catch(() => undefined); // an answer; whoever asked for work hears about the failure
    if (isStopped) return;
    await alive();
    schedule();
  };
  const schedule = (): void => {
    if (!isStopped) cancel = timers.after(limitMs / 3, () => void check());
  };
  schedule();
  return () => {
    isStopped = true;
    cancel();
  };
}
