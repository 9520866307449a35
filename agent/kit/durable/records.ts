import { assert } from '../../../proto/contract/assert.js';
import { crc32 } from './crc32.js';

/**
 * Record = length of the payload (uint32, little endian), CRC-32 of length and payload (uint32), payload. The length is
 * covered too, so that a run of zeros, which a crash may leave at the end of a file, is never a valid record.
 */
const HEADER_BYTES = 8;

/** Larger than any message of the contract; a longer length is damage. */
export const RECORD_LIMIT_BYTES = 256 * 1024;

export function encodeRecords(payloads: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = payloads.reduce((sum, payload) => sum + HEADER_BYTES + payload.length, 0);
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const payload of payloads) {
    assert(payload.length > 0 && payload.length <= RECORD_LIMIT_BYTES, `record of ${payload.length} bytes`);
    view.setUint32(at, payload.length, true);
    view.setUint32(at + 4, crc32(payload, crc32(bytes.subarray(at, at + 4))), true);
    bytes.set(payload, at + HEADER_BYTES);
    at += HEADER_BYTES + payload.length;
  }
  return bytes;
}

export interface DecodedRecords {
  readonly payloads: readonly Uint8Array[];
  /** Where the last good record ends; what follows cannot be trusted. */
  readonly goodBytes: number;
}

/** Reads up to the first record that is cut short or damaged. Never throws. */
export function decodeRecords(bytes: Uint8Array): DecodedRecords {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloads: Uint8Array[] = [];
  let at = 0;
  while (at + HEADER_BYTES < bytes.length) {
    const length = view.getUint32(at, true);
    const end = at + HEADER_BYTES + length;
    if (length === 0 || length > RECORD_LIMIT_BYTES || end > bytes.length) break;
    const payload = bytes.subarray(at + HEADER_BYTES, end);
    if (view.getUint32(at + 4, true) !== crc32(payload, crc32(bytes.subarray(at, at + 4)))) break;
    payloads.push(payload);
    at = end;
  }
  return { payloads, goodBytes: at };
}
