import { BrambleError } from '../errors.js';

declare const brand: unique symbol;

/** SHA-256 of a chunk's content or of a manifest's bytes, 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [brand]: 'Digest' };
/** What an image is named by: the SHA-256 of its manifest's bytes. */
export type ImageDigest = Digest;

const DIGEST = /^[0-9a-f]{64}$/;
export const DIGEST_BYTES = 32;

/** @throws BrambleError `invalid-argument` */
export function digest(text: string): Digest {
  if (DIGEST.test(text)) return text as Digest; // the brand says that the pattern was checked
  throw new BrambleError('invalid-argument', `not a SHA-256: ${JSON.stringify(text.slice(0, 80))}`, {
    hint: 'a digest is 64 lower-case hexadecimal digits',
  });
}

/** @throws BrambleError `invalid-argument` unless there are 32 bytes */
export function digestOf(sha256: Uint8Array): Digest {
  let text = '';
  for (const byte of sha256) text += byte.toString(16).padStart(2, '0');
  return digest(text);
}

export function digestBytes(of: Digest): Uint8Array {
  return Uint8Array.from({ length: DIGEST_BYTES }, (_, at) => Number.parseInt(of.slice(at * 2, at * 2 + 2), 16));
}
