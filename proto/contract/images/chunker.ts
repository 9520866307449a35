/**
 * Content-defined chunking: where a stream is cut depends on the bytes around the cut alone, so that what is inserted somewhere moves
 * the cuts near it and no others. Source: Xia et al., "FastCDC", USENIX ATC 2016 (gear hash, two masks around the wanted size).
 */

/** No chunk is smaller, but for the last of a stream. */
export const CHUNK_BYTES_MIN = 32 * 1024;
/** The size around which chunks gather. */
const CHUNK_BYTES_WANTED = 64 * 1024;
export const CHUNK_BYTES_MAX = 192 * 1024;

/** A file of this size or more begins a chunk of its own: it is found again wherever its neighbours move. */
export const OWN_CHUNK_BYTES_MIN = CHUNK_BYTES_WANTED;

/** Before the wanted size two bits more than its logarithm must be zero, after it two bits less. The topmost know the last 32 bytes. */
const MASK_STRICT = 0xffff_c000 | 0;
const MASK_LOOSE = 0xfffc_0000 | 0;

export type Gear = Int32Array;

/** 256 numbers without a pattern; the same for ever, or nothing would be found again. */
export function makeGear(): Gear {
  const gear = new Int32Array(256);
  let state = 0x6272_616d; // "bram"
  for (let at = 0; at < gear.length; at++) {
    // Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", the 32-bit finaliser of murmur3.
    state = (state + 0x9e37_79b9) | 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    gear[at] = mixed ^ (mixed >>> 16);
  }
  return gear;
}

/**
 * Size of the chunk that begins at `start`. When `end` is not the end of the stream, there must be CHUNK_BYTES_MAX bytes before it.
 */
export function chunkBytesAt(bytes: Uint8Array, start: number, end: number, gear: Gear): number {
  const available = end - start;
  if (available <= CHUNK_BYTES_MIN) return available;
  const last = start + Math.min(available, CHUNK_BYTES_MAX);
  const middle = Math.min(last, start + CHUNK_BYTES_WANTED);
  const strict = cutAfter(bytes, { from: start + CHUNK_BYTES_MIN, to: middle, hash: 0 }, MASK_STRICT, gear);
  if (strict !== undefined) return strict - start;
  if (middle === last) return last - start;
  const hash = hashBefore(bytes, middle, gear);
  return (cutAfter(bytes, { from: middle, to: last, hash }, MASK_LOOSE, gear) ?? last) - start;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Of what is before it. */
  readonly hash: number;
}

/** A hash of 32 bits that is shifted by one for each byte knows the last 32 of them, and no others. */
const REMEMBERED_BYTES = 32;

function hashBefore(bytes: Uint8Array, to: number, gear: Gear): number {
  let hash = 0;
  for (let at = to - REMEMBERED_BYTES; at < to; at++) hash = roll(hash, bytes, at, gear);
  return hash;
}

/**
 * Position behind the first byte after which to cut; `undefined` = nowhere in it. Eight bytes a turn: the loop itself costs as
 * much as what it does.
 */
function cutAfter(bytes: Uint8Array, stretch: Stretch, mask: number, gear: Gear): number | undefined {
  let { from: at, hash } = stretch;
  const { to } = stretch;
  for (; at < to - 7; at += 8) {
    hash = roll(hash, bytes, at, gear);
    if ((hash & mask) === 0) return at + 1;
    hash = roll(hash, bytes, at + 1, gear);
    if ((hash & mask) === 0) return at + 2;
    hash = roll(hash, bytes, at + 2, gear);
    if ((hash & mask) === 0) return at + 3;
    hash = roll(hash, bytes, at + 3, gear);
    if ((hash & mask) === 0) return at + 4;
    hash = roll(hash, bytes, at + 4, gear);
    if ((hash & mask) === 0) return at + 5;
    hash = roll(hash, bytes, at + 5, gear);
    if ((hash & mask) === 0) return at + 6;
    hash = roll(hash, bytes, at + 6, gear);
    if ((hash & mask) === 0) return at + 7;
    hash = roll(hash, bytes, at + 7, gear);
    if ((hash & mask) === 0) return at + 8;
  }
  for (; at < to; at++) {
    hash = roll(hash, bytes, at, gear);
    if ((hash & mask) === 0) return at + 1;
  }
  return undefined;
}

/** Both are within their arrays, so there is a number: to ask whether there is would halve the speed of it all. */
function roll(hash: number, bytes: Uint8Array, at: number, gear: Gear): number {
  const byte = bytes[at] as number; // callers end before the array does
  return ((hash << 1) + (gear[byte] as number)) | 0; // one for every byte there is
}
