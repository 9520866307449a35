import type { Random } from '../../../proto/contract/random.js';

/** Ticks wander by so much of their interval, either way: nodes that started together do not stay together. */
const JITTER = 0.05;

/**
 * When the next tick is: at equal distances from a start, each with a little jitter of its own that does not add up. After
 * a pause, such as a suspend, the missed ticks are left out.
 */
export class Metronome {
  readonly #random: Random;
  #startMs = 0;
  #intervalMs = 0;
  #count = 0;
  #plannedMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** 0 before the first start. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Counts from here on in these steps; the first tick is one interval away. */
  restart(nowMs: number, intervalMs: number): void {
    this.#startMs = nowMs;
    this.#intervalMs = intervalMs;
    this.#count = 0;
    this.#plannedMs = nowMs;
  }

  /** The first tick after `nowMs`. */
  next(nowMs: number): number {
    if (nowMs < this.#plannedMs) return this.#plannedMs;
    const passed = Math.floor((nowMs - this.#startMs) / this.#intervalMs);
    this.#count = Math.max(this.#count, passed) + 1;
    const jitterMs = (this.#random.unit() * 2 - 1) * JITTER * this.#intervalMs;
    this.#plannedMs = Math.max(nowMs, this.#startMs + this.#count * this.#intervalMs + jitterMs);
    return this.#plannedMs;
  }
}
