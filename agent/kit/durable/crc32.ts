/** CRC-32 of ISO 3309, reflected polynomial 0xEDB88320. Source: RFC 1952, section 8 (the same as zlib's). */
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** Checksum of `bytes`, 0 to 2^32-1; `start` is the checksum of what came before them. */
export function crc32(bytes: Uint8Array, start = 0): number {
  let crc = ~start;
  // By index: iterating costs several times as much, and this runs over whole files.
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}
