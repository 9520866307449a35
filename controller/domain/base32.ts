import { assert } from '../../proto/contract/assert.js';

/** RFC 4648, section 6, in lower case and without padding: survives being read aloud and typed. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** The first `characters` characters of the bytes' base32. */
export function renderBase32(bytes: Uint8Array, characters: number): string {
  assert(bytes.length * 8 >= characters * 5, 'enough bytes for that many characters');
  let text = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= 5 && text.length < characters) {
      heldBits -= 5;
      text += ALPHABET.charAt((held >>> heldBits) & 31);
    }
    held &= (1 << heldBits) - 1;
  }
  return text;
}
