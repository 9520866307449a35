import { assert } from '../../proto/contract/assert.js';
import { renderBase32 } from './base32.js';

/**
 * Tokens: `<prefix>_<key id>_<secret>_<checksum>`. The prefix tells what it is for, to people and to scanners of leaked
 * secrets; the key id is public and finds the token in the store; the secret has 160 bits; the checksum tells a typing
 * error from a wrong token before anybody is asked.
 */

export const TOKEN_KEY_ID_CHARACTERS = 8;
export const TOKEN_SECRET_CHARACTERS = 32;
const BODY = '_([a-z2-7]{8})_([a-z2-7]{32})_([a-z2-7]{7})$';
const JOIN_TOKEN = new RegExp(`^bt1${BODY}`);
const API_TOKEN = new RegExp(`^brm${BODY}`);

export interface TokenParts {
  readonly keyId: string;
  readonly secret: string;
}

/** For nodes that join. */
export function renderToken(parts: TokenParts): string {
  return render('bt1', JOIN_TOKEN, parts);
}

/** `undefined` for anything that is not a whole, unchanged token. */
export function parseToken(text: string): TokenParts | undefined {
  return parse('bt1', JOIN_TOKEN, text);
}

/** For programs that use the API. */
export function renderApiToken(parts: TokenParts): string {
  return render('brm', API_TOKEN, parts);
}

/** `undefined` for anything that is not a whole, unchanged token. */
export function parseApiToken(text: string): TokenParts | undefined {
  return parse('brm', API_TOKEN, text);
}

function render(prefix: string, form: RegExp, { keyId, secret }: TokenParts): string {
  const body = `${prefix}_${keyId}_${secret}`;
  const token = `${body}_${checksum(body)}`;
  assert(form.test(token), 'a token is made of base32');
  return token;
}

function parse(prefix: string, form: RegExp, text: string): TokenParts | undefined {
  const [, keyId, secret, check] = form.exec(text) ?? [];
  if (keyId === undefined || secret === undefined) return undefined;
  return checksum(`${prefix}_${keyId}_${secret}`) === check ? { keyId, secret } : undefined;
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
