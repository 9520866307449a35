import type { Clock } from '../../proto/contract/clock.js';
import type { Random } from '../../proto/contract/random.js';
import { renderHex } from '../domain/hex.js';
import type { Trust } from './ports.js';

const NONCE_LIFE_MS = 60_000;
const RANDOM_BYTES = 16;
const EXPIRY_BYTES = 8;
const STAMP_BYTES = 16;
export const NONCE_BYTES = RANDOM_BYTES + EXPIRY_BYTES + STAMP_BYTES;

/** Nonces that were used and have not expired yet; only those who hold a good token get in here. */
const USED_MAX = 10_000;

/**
 * Challenges of enrolment: random bytes, when they expire, and a stamp over both and the key that asked. Giving one out
 * keeps nothing, so strangers cannot fill memory by asking; only a nonce that was used with a good proof is remembered,
 * until it expires. Time is monotonic: no clock step makes an old nonce young.
 */
export class EnrollmentNonces {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #trust: Pick<Trust, 'tokenHmac' | 'equal'>;
  /** Tells the nonces of this process from those of the one before, whose monotonic clock meant another time. */
  readonly #process: Uint8Array;
  /** Nonce in hex -> when it expires; in the order of use. */
  readonly #used = new Map<string, number>();

  constructor(clock: Clock, random: Random, trust: Pick<Trust, 'tokenHmac' | 'equal'>) {
    this.#clock = clock;
    this.#random = random;
    this.#trust = trust;
    this.#process = random.bytes(RANDOM_BYTES);
  }

  give(spkiSha256: Uint8Array): Uint8Array {
    const expiresAtMs = Math.ceil(this.#clock.monotonicMs() + NONCE_LIFE_MS);
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce.set(this.#random.bytes(RANDOM_BYTES));
    new DataView(nonce.buffer).setFloat64(RANDOM_BYTES, expiresAtMs);
    nonce.set(this.#stamp(nonce, spkiSha256), RANDOM_BYTES + EXPIRY_BYTES);
    return nonce;
  }

  /** True when it was given to this key, by this process, not long ago, and was not used. */
  isGood(nonce: Uint8Array, spkiSha256: Uint8Array): boolean {
    if (nonce.length !== NONCE_BYTES) return false;
    const stamp = nonce.subarray(RANDOM_BYTES + EXPIRY_BYTES);
    if (!this.#trust.equal(stamp, this.#stamp(nonce, spkiSha256))) return false;
    return this.#clock.monotonicMs() < expiryOf(nonce) && !this.#used.has(renderHex(nonce));
  }

  /** From now on it is no longer good. `false`: it was used already, or too many wait for their end. */
  use(nonce: Uint8Array): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const [used, expiresAtMs] of this.#used) {
      if (expiresAtMs > nowMs) break; // all live equally long, so the rest expires later
      this.#used.delete(used);
    }
    const name = renderHex(nonce);
    if (this.#used.has(name) || this.#used.size >= USED_MAX) return false;
    this.#used.set(name, nowMs + NONCE_LIFE_MS);
    return true;
  }

  #stamp(nonce: Uint8Array, spkiSha256: Uint8Array): Uint8Array {
    const parts = [new TextEncoder().encode('bramble-nonce-v1\0'), this.#process, spkiSha256];
    return this.#trust
      .tokenHmac(concat([...parts, nonce.subarray(0, RANDOM_BYTES + EXPIRY_BYTES)]))
      .slice(0, STAMP_BYTES);
  }
}

function expiryOf(nonce: Uint8Array): number {
  return new DataView(nonce.buffer, nonce.byteOffset, nonce.byteLength).getFloat64(RANDOM_BYTES);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
