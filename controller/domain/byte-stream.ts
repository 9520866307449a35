/** Bytes in and out for packed formats: whole numbers of any safe size, short text, bits. Exact up to 2^53 - 1. */

import { BrambleError } from '../../proto/contract/errors.js';

const FIRST_CAPACITY_BYTES = 256;
/** A varint of 2^53 - 1 takes eight bytes. */
const VARINT_BYTES_MAX = 8;
const SIGN_BIT = 0x40;
const PIECE_BITS = 24;
const PIECE_SIZE = 2 ** PIECE_BITS;

export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Base 128, lowest seven bits first. */
  varint(value: number): void {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** Like varint, but the first byte spends a bit on the sign; zigzag would leave the exact range beyond 2^52. */
  signed(value: number): void {
    const magnitude = Math.abs(value);
    const low = magnitude % 0x40;
    const rest = Math.floor(magnitude / 0x40);
    this.byte(low | (value < 0 ? SIGN_BIT : 0) | (rest > 0 ? 0x80 : 0));
    if (rest > 0) this.varint(rest);
  }

  /** As UTF-16 code units, so that every string comes back as it was. */
  text(value: string): void {
    this.varint(value.length);
    for (let i = 0; i < value.length; i++) this.varint(value.charCodeAt(i));
  }

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Each value in `widthBits` bits, lowest first, filled up to a whole byte at the end. */
  packed(values: ArrayLike<number>, from: number, widthBits: number): void {
    let pending = 0;
    let pendingBits = 0;
    for (let i = from; i < values.length; i++) {
      let rest = values[i] ?? 0;
      for (let left = widthBits; left > 0; left -= PIECE_BITS) {
        // Bitwise operators see 32 bits: fewer than 8 wait, and a piece brings at most 24.
        pending |= (left > PIECE_BITS ? rest % PIECE_SIZE : rest) << pendingBits;
        if (left > PIECE_BITS) rest = Math.floor(rest / PIECE_SIZE);
        for (pendingBits += Math.min(left, PIECE_BITS); pendingBits >= 8; pendingBits -= 8) {
          this.byte(pending & 0xff);
          pending >>>= 8;
        }
      }
    }
    if (pendingBits > 0) this.byte(pending);
  }

  /** What was written so far, as a copy. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written so far, without a copy: valid until the next write. */
  peek(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  #grow(by: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + by));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Reads what ByteWriter wrote. Whatever else it is given, it throws BrambleError `data-loss` and stays in bounds. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get leftBytes(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw broken('it ends too early');
    this.#at += 1;
    return value;
  }

  /** @param most anything above is refused, so that a length from broken bytes allocates nothing. */
  varint(most: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > most) throw broken(`a number is ${value}, at most ${most} makes sense`);
        return value;
      }
      scale *= 0x80;
    }
    throw broken('a number is too long');
  }

  signed(): number {
    const first = this.byte();
    const rest = first < 0x80 ? 0 : this.varint(2 ** 47 - 1);
    const magnitude = rest * 0x40 + (first & 0x3f);
    return (first & SIGN_BIT) === 0 ? magnitude : -magnitude;
  }

  text(lengthMax: number): string {
    const units = Array.from({ length: this.varint(lengthMax) }, () => this.varint(0xffff));
    return String.fromCharCode(...units);
  }

  /** The next `count` bytes, without a copy. */
  take(count: number): Uint8Array {
    if (count > this.leftBytes) throw broken('it ends too early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Fills `into` from index `from` on; see ByteWriter.packed. */
  packed(into: Float64Array, from: number, widthBits: number): void {
    let pending = 0;
    let pendingBits = 0;
    for (let i = from; i < into.length; i++) {
      let value = 0;
      let scale = 1;
      for (let left = widthBits; left > 0; left -= PIECE_BITS) {
        const take = Math.min(left, PIECE_BITS);
        for (; pendingBits < take; pendingBits += 8) pending |= this.byte() << pendingBits;
        value += (pending & ((1 << take) - 1)) * scale;
        pending >>>= take;
        pendingBits -= take;
        scale *= PIECE_SIZE;
      }
      into[i] = value;
    }
  }
}

export function broken(why: string): BrambleError {
  return new BrambleError('data-loss', `packed history cannot be read: ${why}`);
}
