import type { Clock } from '../../../proto/contract/clock.js';

/**
 * Decisions are made on the monotonic clock; what is stored and shown is of the wall clock. The two are joined once, when the
 * process starts: a step of the wall clock afterwards changes neither what is decided nor how old something is.
 */
export class SteadyClock {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = Math.round(clock.nowMs() - clock.monotonicMs());
  }

  /** Monotonic. */
  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Wall clock, as it would be without steps since the start. */
  wallOf(monotonicMs: number): number {
    return Math.round(monotonicMs + this.#offsetMs);
  }

  monotonicOf(wallMs: number): number {
    return wallMs - this.#offsetMs;
  }

  /** Of a moment that a person gave by the wall clock as it is now. */
  monotonicOfAsked(wallMs: number): number {
    return this.#clock.monotonicMs() + (wallMs - this.#clock.nowMs());
  }
}
