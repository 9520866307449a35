import { TokenBucket } from '../../../proto/contract/token-bucket.js';
import type { UplinkBudget } from '../../domain/site.js';
import { ourBytesPerS, type UplinkDirection } from '../../domain/uplink.js';

/** What goes in bulk, and waits for its turn; everything else is on the streams of agents, and never waits. */
export type BulkKind = 'images' | 'uploads' | 'events';

const DIRECTION = { images: 'down', uploads: 'up', events: 'up' } as const satisfies Record<BulkKind, UplinkDirection>;

/** So much may go at once after a rest: a queue at a slow line that a command waits in for no longer than this. */
const BURST_MS = 500;
const WINDOW_SLOTS = 12;

type Bytes = Record<UplinkDirection | BulkKind, number>;

/** The uplink of one site: one bucket for each direction, out of which everything of ours is paid, and what went lately. */
export class SiteLine {
  #budget: UplinkBudget | undefined;
  #buckets: Record<UplinkDirection, TokenBucket> | undefined;
  readonly #slots: Bytes[] = [nothing()];
  /** Bulk that the connections have not been seen to carry yet: it was paid for already. */
  readonly #paid: Record<UplinkDirection, number> = { down: 0, up: 0 };

  setBudget(budget: UplinkBudget | undefined, nowMs: number): void {
    const before = this.#budget;
    this.#budget = budget;
    if (budget?.downBitsPerS === before?.downBitsPerS && budget?.upBitsPerS === before?.upBitsPerS) return;
    const bucket = (rate: number) => new TokenBucket(rate, (rate * BURST_MS) / 1_000, nowMs);
    this.#buckets = budget && {
      down: bucket(ourBytesPerS(budget, 'down')),
      up: bucket(ourBytesPerS(budget, 'up')),
    };
  }

  get budget(): UplinkBudget | undefined {
    return this.#budget;
  }

  /** @returns how long so many bytes have to wait until they may go, ms; they count as gone */
  takeBulk(kind: BulkKind, bytes: number, nowMs: number): number {
    const direction = DIRECTION[kind];
    this.#slot[kind] += bytes;
    this.#paid[direction] += bytes;
    return this.#buckets?.[direction].takeOnCredit(nowMs, bytes) ?? 0;
  }

  /** What connections have carried: what was not paid for is, now, so that bulk makes room for it. */
  carried(direction: UplinkDirection, bytes: number, nowMs: number): void {
    this.#slot[direction] += bytes;
    const paid = Math.min(bytes, this.#paid[direction]);
    this.#paid[direction] -= paid;
    this.#buckets?.[direction].takeOnCredit(nowMs, bytes - paid);
  }

  /** The next slot of the window begins. */
  turn(): void {
    this.#slots.push(nothing());
    if (this.#slots.length > WINDOW_SLOTS) this.#slots.shift();
  }

  /** Bits per second over the window. @param slotMs between two turns */
  rates(slotMs: number): Readonly<Bytes> {
    const sum = nothing();
    for (const slot of this.#slots) for (const kind of KINDS) sum[kind] += slot[kind];
    const perS = 8_000 / (slotMs * this.#slots.length);
    for (const kind of KINDS) sum[kind] = Math.round(sum[kind] * perS);
    return sum;
  }

  get #slot(): Bytes {
    return this.#slots.at(-1) ?? nothing(); // there always is one
  }
}

const KINDS = ['down', 'up', 'images', 'uploads', 'events'] as const;

function nothing(): Bytes {
  return { down: 0, up: 0, images: 0, uploads: 0, events: 0 };
}
