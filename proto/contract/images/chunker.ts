/**
 * Content-defined chunking: where a stream is cut depends on the bytes around the cut alone, so that what is inserted somewhere moves
 * the cuts near it and no others. Source: Xia et al., "FastCDC", USENIX ATC 2016 (gear hash, two masks around the wanted size).
 */

/** No chunk is smaller, but for the last of a stream. */
export const CHUNK_BYTES_MIN = 16 * 1024;
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
  let hash = 0;
  let at = start + CHUNK_BYTES_MIN;
  for (; at < middle; at++) {
    hash = ((hash << 1) + (gear[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & MASK_STRICT) === 0) return at + 1 - start;
  }
  for (; at < last; at++) {
    hash = ((hash << 1) + (gear[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & MASK_LOOSE) === 0) return at + 1 - start;
  }
  return last - start;
}
