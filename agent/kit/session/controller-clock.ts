import type { Clock } from '../../../proto/contract/clock.js';

/**
 * The controller's time as this node can tell it: what the last Welcome said, carried on by the monotonic clock. Steps of
 * this node's wall clock change nothing here. It lags by the time that the Welcome took to arrive.
 */
export class ControllerClock {
  readonly #clock: Clock;
  /** Controller's clock minus the monotonic one. */
  #aheadMs: number | undefined;
  #wake: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the time of a Welcome that has just arrived, ms since 1970-01-01 UTC. */
  anchor(controllerUnixMs: number): void {
    this.#aheadMs = controllerUnixMs - this.#clock.monotonicMs();
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Ms since 1970-01-01 UTC; `undefined` before the first Welcome of this process. */
  nowMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : this.#clock.monotonicMs() + this.#aheadMs;
  }

  /** Resolves once the time is known; never settles when it does not become known before the signal aborts. */
  async known(signal: AbortSignal): Promise<number> {
    while (this.#aheadMs === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
      });
    }
    signal.throwIfAborted();
    return this.#clock.monotonicMs() + this.#aheadMs;
  }

  /** This node's wall clock minus the controller's, whole ms. */
  offsetMs(): number | undefined {
    const nowMs = this.nowMs();
    return nowMs === undefined ? undefined : Math.round(this.#clock.nowMs() - nowMs);
  }
}
