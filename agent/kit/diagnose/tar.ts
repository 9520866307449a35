import { assert } from '../../../proto/contract/assert.js';

/** Everything is in blocks of this size. Source: POSIX.1-2017, pax(1), ustar Interchange Format. */
const BLOCK_BYTES = 512;
/** Longest name that fits the first field of a header, bytes. */
const NAME_MAX = 100;

/** One file of an archive: its header, its content and what fills the last block. Names are plain ASCII. */
export function tarEntry(name: string, content: Uint8Array, modifiedAtMs: number): Uint8Array {
  assert(/^[\x21-\x7e]+$/.test(name) && name.length <= NAME_MAX, `a name that tar can hold: ${name}`);
  const entry = new Uint8Array(BLOCK_BYTES + Math.ceil(content.length / BLOCK_BYTES) * BLOCK_BYTES);
  const put = (at: number, text: string): void => {
    entry.set(new TextEncoder().encode(text), at);
  };
  put(0, name);
  put(100, octal(0o644, 8));
  put(108, octal(0, 8)); // uid
  put(116, octal(0, 8)); // gid
  put(124, octal(content.length, 12));
  put(136, octal(Math.max(0, Math.floor(modifiedAtMs / 1_000)), 12));
  put(148, ' '.repeat(8)); // the checksum counts as blanks
  put(156, '0'); // a regular file
  put(257, 'ustar\0' + '00');
  const sum = entry.subarray(0, BLOCK_BYTES).reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  entry.set(content, BLOCK_BYTES);
  return entry;
}

/** Two blocks of zeros. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK_BYTES);
}

/** A number as octal digits that fill a field but for its last byte, a NUL. */
function octal(value: number, size: number): string {
  return `${value.toString(8).padStart(size - 1, '0')}\0`;
}
