import type { HostClock } from '../host/ports.js';

const BEAT_MS = 5_000;

/**
 * A timer that only looks how late it is. It says that the event loop turns; `onBeat` decides whether work gets done, too.
 * Stalls between two beats go unseen; what matters, a loop that is blocked for long, does not.
 */
export class Heartbeat {
  readonly #clock: HostClock;
  readonly #onBeat: () => void;
  #stallMs = 0;

  constructor(clock: HostClock, onBeat: () => void) {
    this.#clock = clock;
    this.#onBeat = onBeat;
  }

  /** The longest delay seen since this was last asked, whole ms. */
  takeStallMs(): number {
    const stallMs = this.#stallMs;
    this.#stallMs = 0;
    return Math.round(stallMs);
  }

  /** Beats until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#onBeat();
      const dueMs = this.#clock.monotonicMs() + BEAT_MS;
      try {
        await this.#clock.sleep(BEAT_MS, signal);
      } catch {
        return; // the signal aborted: nothing else ends a sleep
      }
      this.#stallMs = Math.max(this.#stallMs, this.#clock.monotonicMs() - dueMs);
    }
  }
}
