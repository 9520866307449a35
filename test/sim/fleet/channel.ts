import { judgeLiveness, type Liveness } from '../../../controller/domain/liveness.js';

export const REPORT_INTERVAL_MS = 30_000;

/** Reports of one agent as the controller hears them: every half minute, at a moment of its own. */
export class Channel {
  readonly #offsetMs: number;
  isUp = true;
  #sinceMs = 0;
  #lastMs: number | undefined;

  constructor(offset: number) {
    this.#offsetMs = (offset * 7_919) % REPORT_INTERVAL_MS;
  }

  set(isUp: boolean, nowMs: number): void {
    if (isUp === this.isUp) return;
    if (!isUp) this.#lastMs = this.lastSeenAtMs(nowMs);
    else this.#sinceMs = nowMs;
    this.isUp = isUp;
  }

  /** A controller that starts has heard nobody; who is up comes back to it after a while of its own. */
  forget(nowMs: number): void {
    this.#lastMs = undefined;
    this.#sinceMs = nowMs + this.#offsetMs;
  }

  lastSeenAtMs(nowMs: number): number | undefined {
    if (!this.isUp || nowMs < this.#sinceMs) return this.#lastMs;
    const beatMs = Math.floor((nowMs - this.#offsetMs) / REPORT_INTERVAL_MS) * REPORT_INTERVAL_MS + this.#offsetMs;
    return Math.max(this.#sinceMs, beatMs);
  }

  /** How long it has been heard without a gap. */
  upForMs(nowMs: number): number {
    return this.isUp ? Math.max(0, nowMs - this.#sinceMs) : 0;
  }

  liveness(nowMs: number, graceUntilMs: number): Liveness {
    return judgeLiveness(
      {
        reportIntervalMs: REPORT_INTERVAL_MS,
        lastSeenAtMs: this.lastSeenAtMs(nowMs),
        excusedUntilMs: undefined,
        graceUntilMs,
      },
      nowMs,
    ).liveness;
  }
}
