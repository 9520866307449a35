import type { RawKeyPair } from './ports.js';

export type HostKeyType = 'ssh-ed25519' | 'ecdsa-sha2-nistp256';

/** A host key as files of sshd. */
export interface HostKey {
  readonly type: HostKeyType;
  readonly privateText: string;
  /** "type base64", one line without its end. */
  readonly publicLine: string;
}

/** Of a key without a passphrase the cipher's block is eight bytes. */
const BLOCK_BYTES = 8;
const LINE_CHARACTERS = 70;

/**
 * A host key in OpenSSH's own form: the only one that all releases take for Ed25519.
 * Source: openssh-portable, PROTOCOL.key; RFC 8709, 4 (Ed25519); RFC 5656, 3.1 (ECDSA).
 * @param check four random bytes, written twice: they tell a right passphrase from a wrong one
 */
export function encodeHostKey(type: HostKeyType, pair: RawKeyPair, check: Uint8Array, comment: string): HostKey {
  const publicBlob = join(text(type), ...publicFields(type, pair));
  const privateFields =
    type === 'ssh-ed25519'
      ? [string(pair.publicKey), string(join(pair.privateKey, pair.publicKey))]
      : [...publicFields(type, pair), bigNumber(pair.privateKey)];
  const unpadded = join(check, check, text(type), ...privateFields, text(comment));
  const padding = Uint8Array.from(
    { length: (BLOCK_BYTES - (unpadded.length % BLOCK_BYTES)) % BLOCK_BYTES },
    (_, i) => i + 1,
  );
  const file = join(
    new TextEncoder().encode('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    number(1),
    string(publicBlob),
    string(join(unpadded, padding)),
  );
  const lines = base64(file).match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? [];
  return {
    type,
    privateText: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
    publicLine: `${type} ${base64(publicBlob)}`,
  };
}

function publicFields(type: HostKeyType, { publicKey }: RawKeyPair): readonly Uint8Array[] {
  return type === 'ssh-ed25519' ? [string(publicKey)] : [text('nistp256'), string(publicKey)];
}

function text(value: string): Uint8Array {
  return string(new TextEncoder().encode(value));
}

/** Length in four bytes, then the bytes. Source: RFC 4251, 5. */
function string(bytes: Uint8Array): Uint8Array {
  return join(number(bytes.length), bytes);
}

/** Positive: without zeros in front, and with one when it would read as negative. Source: RFC 4251, 5, mpint. */
function bigNumber(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? new Uint8Array() : bytes.subarray(start);
  return string((digits[0] ?? 0) >= 0x80 ? join(Uint8Array.of(0), digits) : digits);
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
