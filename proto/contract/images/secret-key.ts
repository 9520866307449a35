/**
 * Secret keys as minisign(1) keeps them, with a password or without. Source: src/minisign.h of 0.11, struct SeckeyStruct_;
 * libsodium, crypto_pwhash_scryptsalsa208sha256_nosodium.c for how its two limits become scrypt's numbers.
 */
import { BrambleError } from '../errors.js';
import { parseBase64, renderBase64 } from './base64.js';
import { keyIdBytes, renderKeyId } from './minisign.js';

export interface MinisignSecretKey {
  readonly keyId: string;
  /** RFC 8032: 32 bytes from which the key pair follows. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** scrypt's numbers for one key file. */
export interface ScryptCost {
  readonly salt: Uint8Array;
  /** N, a power of two. */
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  /** Bytes wanted. */
  readonly bytes: number;
}

export interface SecretKeyMeans {
  /** RFC 8032, 5.1.5. */
  publicKeyOf(seed: Uint8Array): Uint8Array;
  /** The password's key stream. Asked only for a file that has a password. */
  deriveStream(cost: ScryptCost): Promise<Uint8Array>;
}

const LAYOUT = { kdf: 2, salt: 6, opsLimit: 38, memLimit: 46, secret: 54, end: 158 } as const;
const STREAM_BYTES = LAYOUT.end - LAYOUT.secret;
const KEY_ID_BYTES = 8;
const SEED_BYTES = 32;
const SECRET_BYTES = 64;
/** 1 GiB is what minisign(1) writes; more would be asked of us by a file that somebody else made. */
const MEM_LIMIT_MAX = 2 ** 30;

export function hasPassword(text: string): boolean {
  const bytes = fileBytes(text);
  return bytes[LAYOUT.kdf] !== 0 || bytes[LAYOUT.kdf + 1] !== 0;
}

/** @throws BrambleError `invalid-argument`, `permission-denied` (wrong password), `unsupported` */
export async function openSecretKey(text: string, means: SecretKeyMeans): Promise<MinisignSecretKey> {
  const bytes = fileBytes(text);
  const secret = bytes.slice(LAYOUT.secret, LAYOUT.end);
  if (hasPassword(text)) {
    const stream = await means.deriveStream(scryptCost(bytes));
    for (let at = 0; at < secret.length; at++) secret[at] = (secret[at] ?? 0) ^ (stream[at] ?? 0);
  }
  const seed = secret.slice(KEY_ID_BYTES, KEY_ID_BYTES + SEED_BYTES);
  const publicKey = secret.slice(KEY_ID_BYTES + SEED_BYTES, KEY_ID_BYTES + SECRET_BYTES);
  // Says the same as the checksum in the file, of which a key without a password has none.
  if (!means.publicKeyOf(seed).every((byte, at) => byte === publicKey[at])) {
    throw hasPassword(text)
      ? new BrambleError('permission-denied', 'the password is not that of this key')
      : new BrambleError('data-loss', 'the two halves of this key do not belong together');
  }
  return { keyId: renderKeyId(secret.slice(0, KEY_ID_BYTES)), seed, publicKey };
}

/** A key file without a password, byte for byte as `minisign -G -W` makes one: its checksum stays empty. */
export function renderSecretKey({ keyId, seed, publicKey }: MinisignSecretKey): string {
  const bytes = new Uint8Array(LAYOUT.end);
  bytes.set([0x45, 0x64, 0, 0, 0x42, 0x32]); // "Ed", no key derivation, "B2"
  bytes.set([...keyIdBytes(keyId), ...seed, ...publicKey], LAYOUT.secret);
  return `untrusted comment: minisign secret key without a password\n${renderBase64(bytes)}\n`;
}

function fileBytes(text: string): Uint8Array {
  const bytes = parseBase64(text.replace(/\r/g, '').split('\n')[1] ?? '');
  if (bytes?.length !== LAYOUT.end || String.fromCharCode(...bytes.slice(0, 2)) !== 'Ed') {
    throw new BrambleError('invalid-argument', 'not a minisign secret key', {
      hint: 'make one with `bramble image key` or with `minisign -G`',
    });
  }
  return bytes;
}

function scryptCost(bytes: Uint8Array): ScryptCost {
  if (String.fromCharCode(...bytes.slice(LAYOUT.kdf, LAYOUT.kdf + 2)) !== 'Sc') {
    throw new BrambleError('unsupported', 'the password of this key is not kept by scrypt');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const opsLimit = Math.max(32_768, Number(view.getBigUint64(LAYOUT.opsLimit, true)));
  const memLimit = Number(view.getBigUint64(LAYOUT.memLimit, true));
  if (memLimit > MEM_LIMIT_MAX) throw new BrambleError('unsupported', 'this key wants more than 1 GiB to be opened');
  const blockSize = 8;
  const salt = bytes.slice(LAYOUT.salt, LAYOUT.opsLimit);
  const byMemory = opsLimit >= memLimit / 32;
  const most = byMemory ? memLimit / (blockSize * 128) : opsLimit / (blockSize * 4);
  const cost = 2 ** Math.max(1, Math.floor(Math.log2(most)));
  const parallelization = byMemory
    ? Math.max(1, Math.floor(Math.min(opsLimit / 4 / cost, 0x3fff_ffff) / blockSize))
    : 1;
  return { salt, cost, blockSize, parallelization, bytes: STREAM_BYTES };
}
