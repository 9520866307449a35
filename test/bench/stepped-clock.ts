import type { HostClock } from '../../agent/kit/host/ports.js';

interface Sleeper {
  readonly dueMs: number;
  wake(): void;
}

/** A clock that stands still between two steps, so that what is done in each second is measured one second after the other. */
export class SteppedClock implements HostClock {
  readonly #startMs: number;
  #nowMs: number;
  readonly #sleepers = new Set<Sleeper>();
  #onSleep: () => void = () => undefined;

  /** @param startMs wall clock */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((done, fail) => {
      const end = (): void => {
        this.#sleepers.delete(sleeper);
        signal.removeEventListener('abort', stop);
      };
      const stop = (): void => {
        end();
        fail(signal.reason);
      };
      const sleeper: Sleeper = {
        dueMs: this.#nowMs + ms,
        wake: () => {
          end();
          done();
        },
      };
      if (signal.aborted) return fail(signal.reason);
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', stop);
      this.#onSleep();
    });
  }

  /** Goes on to this time, and waits until whoever it woke has done what is due and sleeps again. */
  async goTo(nowMs: number): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const count = this.#sleepers.size;
    const due = [...this.#sleepers].filter(({ dueMs }) => dueMs <= this.#nowMs);
    const asleep = new Promise<void>((done) => {
      this.#onSleep = () => {
        if (this.#sleepers.size >= count) done();
      };
    });
    for (const sleeper of due) sleeper.wake();
    if (due.length > 0) await asleep;
    this.#onSleep = () => undefined;
  }
}
