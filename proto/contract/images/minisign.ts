/**
 * Keys and signatures as minisign(1) writes them, so that its own program checks ours and makes what we check.
 * Source: https://jedisct1.github.io/minisign/, "Signature format" and "Public key format"; src/minisign.h of 0.11.
 */
import { BrambleError } from '../errors.js';
import { parseBase64, renderBase64 } from './base64.js';

const ALGORITHM_BYTES = 2;
const KEY_ID_BYTES = 8;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const COMMENT_CHARACTERS_MAX = 1_024;

export interface MinisignPublicKey {
  /** 16 upper-case hexadecimal digits, as minisign(1) prints it. */
  readonly keyId: string;
  readonly publicKey: Uint8Array;
}

export interface MinisignSignature {
  readonly keyId: string;
  /** Ed25519 over the BLAKE2b-512 of the file. */
  readonly signature: Uint8Array;
  /** Signed together with the signature. */
  readonly trustedComment: string;
  /** Ed25519 over signature and trusted comment. */
  readonly commentSignature: Uint8Array;
}

/** Cryptography that the contract itself has not. */
export interface SignatureCheck {
  blake2b512(bytes: Uint8Array): Uint8Array;
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** @throws BrambleError `invalid-argument` */
export function parsePublicKey(text: string): MinisignPublicKey {
  const lines = linesOf(text);
  // The line with the comment may be left away, as on minisign's own command line.
  const bytes = parseBase64((lines.length === 1 ? lines[0] : lines[1]) ?? '');
  if (bytes?.length !== ALGORITHM_BYTES + KEY_ID_BYTES + PUBLIC_KEY_BYTES || algorithmOf(bytes) !== 'Ed') {
    throw new BrambleError('invalid-argument', 'not a minisign public key', {
      hint: 'a public key file has a comment and one line that begins with RW',
    });
  }
  return { keyId: keyIdOf(bytes), publicKey: bytes.slice(ALGORITHM_BYTES + KEY_ID_BYTES) };
}

export function renderPublicKey({ keyId, publicKey }: MinisignPublicKey): string {
  const bytes = Uint8Array.from([...asciiBytes('Ed'), ...keyIdBytes(keyId), ...publicKey]);
  return `untrusted comment: minisign public key ${keyId}\n${renderBase64(bytes)}\n`;
}

/** @throws BrambleError `invalid-argument`, `unsupported` for the form that signs the file itself, without BLAKE2b */
export function parseSignature(text: string): MinisignSignature {
  const [untrusted, first, trusted, second, ...rest] = linesOf(text);
  const bytes = parseBase64(first ?? '');
  const commentSignature = parseBase64(second ?? '');
  const whole = bytes?.length === ALGORITHM_BYTES + KEY_ID_BYTES + SIGNATURE_BYTES;
  if (
    untrusted?.startsWith('untrusted comment: ') !== true ||
    bytes === undefined ||
    !whole ||
    trusted?.startsWith('trusted comment: ') !== true ||
    commentSignature?.length !== SIGNATURE_BYTES ||
    rest.length > 0
  ) {
    throw new BrambleError('invalid-argument', 'not a minisign signature');
  }
  const algorithm = algorithmOf(bytes);
  if (algorithm !== 'ED') {
    throw new BrambleError('unsupported', 'only signatures over the BLAKE2b of a file are taken', {
      hint: 'sign with minisign 0.11 or newer, or with `minisign -H`',
    });
  }
  const trustedComment = trusted.slice('trusted comment: '.length);
  return {
    keyId: keyIdOf(bytes),
    signature: bytes.slice(ALGORITHM_BYTES + KEY_ID_BYTES),
    trustedComment,
    commentSignature,
  };
}

export function renderSignature(made: MinisignSignature): string {
  const bytes = Uint8Array.from([...asciiBytes('ED'), ...keyIdBytes(made.keyId), ...made.signature]);
  return [
    `untrusted comment: signature from key ${made.keyId}`,
    renderBase64(bytes),
    `trusted comment: ${made.trustedComment}`,
    renderBase64(made.commentSignature),
    '',
  ].join('\n');
}

/** What the second signature covers. @throws BrambleError `invalid-argument` for a comment that is not one line of ASCII */
export function commentMessage(signature: Uint8Array, trustedComment: string): Uint8Array {
  if (!/^[\t\x20-\x7e]*$/.test(trustedComment) || trustedComment.length > COMMENT_CHARACTERS_MAX) {
    throw new BrambleError('invalid-argument', 'a trusted comment is one line of printable ASCII');
  }
  return Uint8Array.from([...signature, ...asciiBytes(trustedComment)]);
}

/** True when both signatures are that key's. */
export function isSignedBy(
  key: MinisignPublicKey,
  file: Uint8Array,
  made: MinisignSignature,
  check: SignatureCheck,
): boolean {
  if (made.keyId !== key.keyId) return false;
  const { signature, trustedComment, commentSignature } = made;
  return (
    check.verifyEd25519(key.publicKey, check.blake2b512(file), signature) &&
    check.verifyEd25519(key.publicKey, commentMessage(signature, trustedComment), commentSignature)
  );
}

/** The id is a number, least significant byte first; people see it the other way round. */
export function keyIdBytes(keyId: string): Uint8Array {
  return Uint8Array.from({ length: KEY_ID_BYTES }, (_, at) => {
    const from = (KEY_ID_BYTES - 1 - at) * 2;
    return Number.parseInt(keyId.slice(from, from + 2), 16);
  });
}

export function renderKeyId(littleEndian: Uint8Array): string {
  return Array.from(littleEndian.toReversed(), (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}

function keyIdOf(bytes: Uint8Array): string {
  return renderKeyId(bytes.slice(ALGORITHM_BYTES, ALGORITHM_BYTES + KEY_ID_BYTES));
}

function algorithmOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.slice(0, ALGORITHM_BYTES));
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n');
}
