import { assert } from '../../../proto/contract/assert.js';
import { type Random, seededRandom } from '../../../proto/contract/random.js';
import { RunningHash } from './running-hash.js';
import { type SimCall, type Timer, TimerQueue } from './timer-queue.js';

export interface SimTimer {
  /** Does nothing once the call has started. */
  cancel(): void;
}

const TRACE_LINES_KEPT = 20_000;
/** A promise that is still open after so much virtual time waits for something that will not come. */
const SETTLE_LIMIT_MS = 30 * 24 * 3_600_000;

/**
 * One simulated universe: virtual time, one queue of what happens next, and randomness from one seed. Nothing in it
 * reads the real clock, so that a seed replays bit by bit; `trace` and `traceHash` let two runs be compared.
 *
 * After each timer every promise job that it caused runs to its end before the next timer starts. Code under simulation
 * must therefore wait for ports of the simulation only, never for real I/O.
 */
export class SimWorld {
  readonly seed: number;
  /** For faults and delays of the world itself; parts of it take their own by `randomFor`. */
  readonly random: Random;
  readonly #queue = new TimerQueue();
  readonly #lines: string[] = [];
  readonly #hash = new RunningHash();
  readonly #failures: unknown[] = [];
  /** Called before and after everything that happens, the promise jobs of which are part of it. */
  onStep: { readonly begins: () => void; readonly over: () => void } | undefined;
  /** How many things have happened. */
  stepsCount = 0;
  #nowMs = 0;
  #running = false;

  constructor(seed: number) {
    this.seed = seed;
    this.random = seededRandom(seed);
  }

  /** Virtual time since the world began, ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** A generator of its own for a part of the world: a draw more in one part changes nothing in another. */
  randomFor(label: string): Random {
    const hash = new RunningHash();
    hash.add(label);
    return seededRandom((this.seed ^ Number.parseInt(hash.hex().slice(0, 8), 16)) >>> 0);
  }

  /** Calls in `delayMs` of virtual time; equal times keep the order of the calls to `after`. */
  after(delayMs: number, call: SimCall): SimTimer {
    assert(delayMs >= 0, `delay must not be negative: ${delayMs}`);
    const timer: Timer = { atMs: this.#nowMs + delayMs, order: 0, call };
    this.#queue.push(timer);
    return {
      cancel: () => {
        timer.call = undefined;
      },
    };
  }

  /** Plays everything that happens up to and including `untilMs`. Throws what a call threw. */
  async run(untilMs: number): Promise<void> {
    await this.#exclusively(async () => {
      await this.#drain();
      for (let next = this.#queue.peek(); next !== undefined && next.atMs <= untilMs; next = this.#queue.peek()) {
        await this.#step();
      }
      this.#nowMs = Math.max(this.#nowMs, untilMs);
    });
  }

  async runFor(durationMs: number): Promise<void> {
    await this.run(this.#nowMs + durationMs);
  }

  /** Plays until the promise settles and answers with its outcome. */
  async settle<T>(promise: Promise<T>, limitMs: number = SETTLE_LIMIT_MS): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    const untilMs = this.#nowMs + limitMs;
    await this.#exclusively(async () => {
      await this.#drain();
      while (!settled) {
        const next = this.#queue.peek();
        assert(next !== undefined, 'the promise waits, and nothing is left to happen');
        assert(next.atMs <= untilMs, `the promise is still open after ${limitMs} ms`);
        await this.#step();
      }
    });
    return promise;
  }

  /** Notes one line, stamped with virtual time. */
  trace(line: string): void {
    const stamped = `${this.#nowMs} ${line}`;
    this.#hash.add(stamped);
    this.#lines.push(stamped);
    if (this.#lines.length > TRACE_LINES_KEPT * 2) this.#lines.splice(0, TRACE_LINES_KEPT);
  }

  /** The newest lines, oldest first; at least the last 20,000. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Of every line ever noted, 16 hex digits. */
  get traceHash(): string {
    return this.#hash.hex();
  }

  /** Ends the run with this error, as if a call had thrown it. For callbacks that nobody awaits. */
  fail(error: unknown): void {
    this.#failures.push(error);
  }

  async #step(): Promise<void> {
    const timer = this.#queue.pop();
    if (timer?.call === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    const call = timer.call;
    timer.call = undefined;
    this.stepsCount += 1;
    this.onStep?.begins();
    try {
      const pending = call();
      if (pending !== undefined) pending.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
    await this.#drain();
    this.onStep?.over();
  }

  /** One turn of the event loop runs after every promise job, those that these jobs queue included. */
  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (this.#failures.length > 0) throw this.#failures.shift();
  }

  async #exclusively(play: () => Promise<void>): Promise<void> {
    assert(!this.#running, 'the world is already running');
    this.#running = true;
    try {
      await play();
    } finally {
      this.#running = false;
    }
  }
}
