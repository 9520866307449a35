import { assert } from '../../proto/contract/assert.js';
import { renderBase32 } from './base32.js';

/**
 * Join tokens: `bt1_<key id>_<secret>_<checksum>`. The key id is public and finds the token in the store, the secret has
 * 160 bits, the checksum tells a typing error from a wrong token before anybody is asked.
 */

export const TOKEN_KEY_ID_CHARACTERS = 8;
export const TOKEN_SECRET_CHARACTERS = 32;
const TOKEN = /^bt1_([a-z2-7]{8})_([a-z2-7]{32})_([a-z2-7]{7})$/;

export interface TokenParts {
  readonly keyId: string;
  readonly secret: string;
}

export function renderToken({ keyId, secret }: TokenParts): string {
  const body = `bt1_${keyId}_${secret}`;
  const token = `${body}_${checksum(body)}`;
  assert(TOKEN.test(token), 'a token is made of base32');
  return token;
}

/** `undefined` for anything that is not a whole, unchanged token. */
export function parseToken(text: string): TokenParts | undefined {
  const [, keyId, secret, check] = TOKEN.exec(text) ?? [];
  if (keyId === undefined || secret === undefined) return undefined;
  return checksum(`bt1_${keyId}_${secret}`) === check ? { keyId, secret } : undefined;
}

function checksum(text: string): string {
  const crc = crc32(text);
  return renderBase32(Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc, 0), 7);
}

/** CRC-32 of ASCII text. Source: ISO-HDLC (the one of Ethernet and zip), bit by bit: tokens are short and rare. */
function crc32(ascii: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < ascii.length; i++) {
    crc ^= ascii.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
