import { schedule } from 'node-cron';
import type { Log } from '../usecases/ports.js';

/** Work that comes back by the clock. */
export interface Tick {
  /** For the log and the counters. */
  readonly name: string;
  /** Cron expression in UTC, seconds first when it has six fields. */
  readonly when: string;
  run(): Promise<unknown>;
}

/** Calls back by the clock, until the returned function is called. */
export interface Scheduler {
  schedule(when: string, call: () => void): () => void;
}

/** node-cron. It only calls; whether the call does anything is decided by Ticks. */
export const cronScheduler: Scheduler = {
  schedule(when, call) {
    const task = schedule(when, call, { timezone: 'UTC', suppressMissedWarning: true });
    return () => {
      void task.destroy();
    };
  },
};

interface Running {
  readonly tick: Tick;
  isRunning: boolean;
  runsCount: number;
  skippedCount: number;
  failedCount: number;
}

/** Starts ticks when they are due. One that still runs when it is due again is skipped, and counted. */
export class Ticks {
  readonly #scheduler: Scheduler;
  readonly #log: Log;
  readonly #all: readonly Running[];
  readonly #cancels: (() => void)[] = [];
  readonly #pending = new Set<Promise<void>>();

  constructor(scheduler: Scheduler, log: Log, ticks: readonly Tick[]) {
    this.#scheduler = scheduler;
    this.#log = log;
    this.#all = ticks.map((tick) => ({ tick, isRunning: false, runsCount: 0, skippedCount: 0, failedCount: 0 }));
  }

  start(): void {
    for (const running of this.#all) {
      this.#cancels.push(this.#scheduler.schedule(running.tick.when, () => this.#due(running)));
    }
  }

  /** No tick starts any more; resolves when those that run are done. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    await Promise.all(this.#pending);
  }

  /** Flat numbers for /metrics. */
  counters(): Record<string, number> {
    return Object.fromEntries(
      this.#all.flatMap(({ tick, runsCount, skippedCount, failedCount }) => {
        const name = tick.name.replaceAll('-', '_');
        return [
          [`tick_${name}_runs_total`, runsCount],
          [`tick_${name}_skipped_total`, skippedCount],
          [`tick_${name}_failed_total`, failedCount],
        ];
      }),
    );
  }

  #due(running: Running): void {
    if (running.isRunning) {
      running.skippedCount += 1;
      return;
    }
    running.isRunning = true;
    running.runsCount += 1;
    const pending = this.#run(running).finally(() => {
      running.isRunning = false;
      this.#pending.delete(pending);
    });
    this.#pending.add(pending);
  }

  async #run(running: Running): Promise<void> {
    try {
      await running.tick.run();
    } catch (thrown) {
      running.failedCount += 1;
      this.#log.warn({ err: thrown, tick: running.tick.name }, 'a tick failed; it is tried again at its next time');
    }
  }
}
