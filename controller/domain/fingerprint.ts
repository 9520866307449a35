import { assert } from '../../proto/contract/assert.js';
import { WORDS } from './fingerprint-words.js';

/** Words in a fingerprint: 64 bits, so that a key with the same words as another cannot be searched for in practice. */
export const FINGERPRINT_WORDS = 8;

const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * A key's fingerprint in words, for a person who compares what a board's console shows with what the controller shows.
 * @param spkiSha256 lower-case hex SHA-256 of the DER SubjectPublicKeyInfo
 */
export function renderFingerprint(spkiSha256: string): string {
  assert(SHA256_HEX.test(spkiSha256), 'a fingerprint is made of a SHA-256 in hex');
  return Array.from({ length: FINGERPRINT_WORDS }, (_, index) => wordAt(spkiSha256, index)).join(' ');
}

function wordAt(hex: string, index: number): string {
  const word = WORDS[Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16)];
  assert(word !== undefined, 'one word for every byte');
  return word;
}
