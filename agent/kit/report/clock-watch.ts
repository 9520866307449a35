import type { Clock } from '../../../proto/contract/clock.js';

/** What moves the wall clock by less between two looks is slewing, not a step, ms. */
const STEP_MS = 1_000;

/** Notices when somebody sets the wall clock. Looks only when asked; between two looks many steps are one. */
export class ClockWatch {
  readonly #clock: Clock;
  #aheadMs: number | undefined;
  #stepsCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Steps seen so far. */
  get stepsCount(): number {
    return this.#stepsCount;
  }

  /** How far the wall clock was set since the last look, whole ms, negative = back; `undefined` = it was not. */
  check(): number | undefined {
    const aheadMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    const movedMs = aheadMs - (this.#aheadMs ?? aheadMs);
    this.#aheadMs = aheadMs;
    if (Math.abs(movedMs) <= STEP_MS) return undefined;
    this.#stepsCount += 1;
    return Math.round(movedMs);
  }
}
