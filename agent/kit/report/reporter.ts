import type { Random } from '../../../proto/contract/random.js';
import type { Report } from '../../../proto/gen/bramble/agent/v1/report.js';
import { SeriesEncoder } from '../../../proto/wire/series.js';
import type { CollectorScheduler } from '../collect/scheduler.js';
import type { HostClock } from '../host/ports.js';
import { Metronome } from './metronome.js';

export interface ReporterOptions {
  readonly clock: HostClock;
  readonly random: Random;
  readonly scheduler: Pick<CollectorScheduler, 'collect'>;
  readonly intervalMs: number;
  /** Queues a report on the live stream; `false` = the transport wants a pause. */
  readonly send: (report: Report) => boolean;
  /** At every tick, connected or not. */
  readonly onTick: () => Promise<void>;
}

/** Longest wait for slow collectors, ms: a report is a sign of life and must not come late. */
const COLLECT_WAIT_MS = 1_000;
/** A controller that asks for everything again and again gets it no more often than this, ms. */
const RESYNC_GAP_MS = 1_000;
/** Ticks left out after the transport has asked for a pause: 1, 2, 4, and then always this many. */
const SKIPPED_TICKS_MAX = 8;
/** A tick that is so late hangs. */
const HANGS_AFTER_MS = 60_000;

/** Ticks at the assigned interval, and reports while there is a stream. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #encoder = new SeriesEncoder();
  readonly #metronome: Metronome;
  /** Number of the stream that reports go to; `undefined` = none. Grows, so that a tick notices a change under its feet. */
  #stream: number | undefined;
  #streams = 0;
  #mustBeFull = false;
  #nextMs = Number.POSITIVE_INFINITY;
  #tickedAtMs = Number.NEGATIVE_INFINITY;
  #skipTicks = 0;
  #skipNext = 1;
  #wake = new AbortController();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#metronome = new Metronome(options.random);
  }

  /** Values left out of reports so far. */
  get valuesRefusedCount(): number {
    return this.#encoder.refusedCount;
  }

  /** True while ticks happen when they should. */
  isAlive(nowMs: number): boolean {
    return nowMs <= this.#nextMs + HANGS_AFTER_MS;
  }

  /** A new stream: its first report is full and comes at once. */
  goOnline(): void {
    this.#streams += 1;
    this.#stream = this.#streams;
    this.#encoder.reset();
    this.#mustBeFull = true;
    this.#skipTicks = 0;
    this.#skipNext = 1;
    this.#tickAt(this.#options.clock.monotonicMs());
  }

  goOffline(): void {
    this.#stream = undefined;
  }

  /** The other end lost track: the next report is full, and comes soon. */
  resync(): void {
    this.#mustBeFull = true;
    this.#tickAt(Math.max(this.#options.clock.monotonicMs(), this.#tickedAtMs + RESYNC_GAP_MS));
  }

  setInterval(intervalMs: number): void {
    if (intervalMs === this.#metronome.intervalMs) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.#metronome.restart(nowMs, intervalMs);
    this.#tickAt(this.#metronome.next(nowMs));
  }

  /** Ticks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    if (this.#metronome.intervalMs === 0) this.setInterval(intervalMs);
    const onAbort = (): void => {
      this.#wake.abort();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    while (!signal.aborted) {
      const waitMs = this.#nextMs - clock.monotonicMs();
      if (waitMs > 0)
        await this.#sleep(Math.ceil(waitMs)); // whole ms: a timer that is early costs another one
      else await this.#tick();
    }
    signal.removeEventListener('abort', onAbort);
  }

  /** Earlier than planned, never later. */
  #tickAt(atMs: number): void {
    this.#nextMs = Math.min(this.#nextMs, atMs);
    this.#wake.abort();
  }

  async #sleep(waitMs: number): Promise<void> {
    this.#wake = new AbortController();
    await this.#options.clock.sleep(waitMs, this.#wake.signal).catch(() => undefined); // woken: the plan has changed
  }

  async #tick(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    this.#tickedAtMs = nowMs;
    this.#nextMs = this.#metronome.next(nowMs);
    await this.#options.onTick();
    const stream = this.#stream;
    if (stream === undefined || this.#isSkipped()) return;
    const takenAtMs = this.#options.clock.monotonicMs();
    const samples = await this.#options.scheduler.collect(COLLECT_WAIT_MS);
    if (this.#stream !== stream) return; // the stream went away meanwhile
    const full = this.#mustBeFull;
    this.#mustBeFull = false;
    const isFlowing = this.#options.send(this.#encoder.encode(samples, takenAtMs, full));
    this.#skipTicks = isFlowing ? 0 : this.#skipNext;
    this.#skipNext = isFlowing ? 1 : Math.min(SKIPPED_TICKS_MAX, this.#skipNext * 2);
  }

  /** What is left out now the next report says: it is told from the last one that was sent. */
  #isSkipped(): boolean {
    if (this.#skipTicks === 0) return false;
    this.#skipTicks -= 1;
    return true;
  }
}
