import { TokenBucket } from '../../proto/contract/token-bucket.js';

/** What a peer may cost, in one place. Tests tighten some of it. */
export interface RpcLimits {
  /** Connections of members, all together; and of strangers. */
  readonly linkConnectionsMax: number;
  readonly enrolConnectionsMax: number;
  /** The first frame of a stream comes within this time. */
  readonly helloWithinMs: number;
  /** Frames that wait for a slow reader; one more ends the stream. */
  readonly sendQueueFramesMax: number;
  /** A stream that was told goodbye ends within this time, or its connection is destroyed. */
  readonly endWithinMs: number;
  /** Frames of all kinds but events: per second in the long run, and at once. */
  readonly framesPerSecond: number;
  readonly framesBurst: number;
  /** Batches of events; an outbox that was filled during an outage is emptied at this rate. */
  readonly eventBatchesPerSecond: number;
  readonly eventBatchesBurst: number;
  /** Waits in a row, without a moment of rest, after which a stream counts as an offender and is closed. */
  readonly waitsInARowMax: number;
  /** Calls that one connection may open within the window; opening and resetting calls is the cheapest attack there is. */
  readonly callsPerWindowMax: number;
  readonly callsWindowMs: number;
  /** How long whoever went beyond it is not let in. */
  readonly penaltyMs: number;
  /** Questions of strangers behind one address: a whole site may be behind it. */
  readonly asksPerSecond: number;
  readonly asksBurst: number;
  readonly uploadBytesMax: number;
  readonly uploadWithinMs: number;
}

export const DEFAULT_LIMITS: RpcLimits = {
  linkConnectionsMax: 20_000,
  enrolConnectionsMax: 1_000,
  helloWithinMs: 10_000,
  sendQueueFramesMax: 256,
  endWithinMs: 500,
  framesPerSecond: 2,
  framesBurst: 20,
  eventBatchesPerSecond: 5,
  eventBatchesBurst: 64,
  waitsInARowMax: 600,
  callsPerWindowMax: 200,
  callsWindowMs: 10_000,
  penaltyMs: 600_000,
  asksPerSecond: 5,
  asksBurst: 100,
  uploadBytesMax: 16 * 2 ** 20,
  uploadWithinMs: 600_000,
};

const BUCKETS_MAX = 10_000;
/** Looking through all buckets is itself work that a flood must not be able to order at will. */
const SWEEP_EVERY_MS = 1_000;

/** A bucket per name; names that have had rest are forgotten, so that memory stays bounded. */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweptAtMs = -Infinity;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  tryTake(name: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      if (this.#buckets.size >= BUCKETS_MAX && nowMs - this.#sweptAtMs >= SWEEP_EVERY_MS) this.sweep(nowMs);
      if (this.#buckets.size >= BUCKETS_MAX) return false; // a flood from everywhere: newcomers wait
      bucket = new TokenBucket(this.#perSecond, this.#burst, nowMs);
      this.#buckets.set(name, bucket);
    }
    return bucket.tryTake(nowMs);
  }

  sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [name, bucket] of this.#buckets) if (bucket.isFull(nowMs)) this.#buckets.delete(name);
  }

  get count(): number {
    return this.#buckets.size;
  }
}

const PENALTIES_MAX = 10_000;

/** Who is not let in for a while, and until when. */
export class PenaltyBox {
  readonly #until = new Map<string, number>();

  add(name: string, untilMs: number): void {
    if (this.#until.size >= PENALTIES_MAX) {
      const [oldest] = this.#until.keys();
      if (oldest !== undefined) this.#until.delete(oldest);
    }
    this.#until.set(name, untilMs);
  }

  has(name: string, nowMs: number): boolean {
    const untilMs = this.#until.get(name);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#until.delete(name);
    return false;
  }

  sweep(nowMs: number): void {
    for (const [name, untilMs] of this.#until) if (untilMs <= nowMs) this.#until.delete(name);
  }

  get count(): number {
    return this.#until.size;
  }
}

/**
 * What shares a fate: an IPv4 address, or the /64 of an IPv6 one, because that is what one subscriber gets.
 * @param address as node:net gives it, without a port
 */
export function addressPrefix(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
