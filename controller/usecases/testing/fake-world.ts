import { seededRandom } from '../../../proto/contract/random.js';
import type { Log, World } from '../ports.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly call: () => void;
}

const WALL_START_MS = 1_763_692_800_000;
const TURNS_TO_SETTLE = 20;

/** Virtual time: nothing happens until `advance` is called, and then everything that is due, in order. */
export class FakeWorld implements World {
  readonly random;
  readonly logged: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];
  #monotonicMs: number;
  #wallOffsetMs = WALL_START_MS;
  #timers: Timer[] = [];
  #order = 0;

  constructor(seed = 1, monotonicMs = 0) {
    this.random = seededRandom(seed);
    this.#monotonicMs = monotonicMs;
  }

  readonly clock = {
    nowMs: (): number => this.#wallOffsetMs + this.#monotonicMs,
    monotonicMs: (): number => this.#monotonicMs,
  };

  readonly timers = {
    after: (ms: number, call: () => void): (() => void) => {
      const timer = { atMs: this.#monotonicMs + Math.max(0, ms), order: this.#order++, call };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
  };

  readonly log: Log = {
    info: (fields, message) => this.logged.push({ level: 'info', message, fields }),
    warn: (fields, message) => this.logged.push({ level: 'warn', message, fields }),
    error: (fields, message) => this.logged.push({ level: 'error', message, fields }),
  };

  get timersCount(): number {
    return this.#timers.length;
  }

  /** Moves the wall clock without letting time pass. */
  stepWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Lets `ms` pass: runs each timer at its time, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await this.settle();
    for (let next = this.#nextBefore(endMs); next !== undefined; next = this.#nextBefore(endMs)) {
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
      next.call();
      await this.settle();
    }
    this.#monotonicMs = endMs;
  }

  /** Lets promises that wait for no timer settle. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS_TO_SETTLE; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  #nextBefore(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
        next = timer;
    }
    return next;
  }
}
