import type { Clock } from '../../../proto/contract/clock.js';
import { BrambleError } from '../../../proto/contract/errors.js';

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** One person's page, or a program that reads the fleet node by node. */
export const PRINCIPAL_RATE: Rate = { burst: 2_000, perSecond: 200 };
/** Everybody at one address who has not signed in. */
export const STRANGER_RATE: Rate = { burst: 200, perSecond: 20 };
const BUCKETS_MAX = 10_000;

/** Token buckets by name. A name that was forgotten because there are too many starts with a full one. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws BrambleError `resource-exhausted` */
  take(name: string, { burst, perSecond }: Rate): void {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(name) ?? { left: burst, atMs: nowMs };
    bucket.left = Math.min(burst, bucket.left + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(name); // put back at the end: the first is the one that was not seen for longest
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > BUCKETS_MAX) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (bucket.left < 1) {
      throw new BrambleError('resource-exhausted', `more than ${perSecond} requests in a second`, {
        hint: 'wait a second, and ask for more with each request',
      });
    }
    bucket.left -= 1;
  }
}
