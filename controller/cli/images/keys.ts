import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  scrypt,
  sign,
} from 'node:crypto';
import { open } from 'node:fs/promises';
import { BrambleError } from '../../../proto/contract/errors.js';
import { commentMessage, renderPublicKey, renderSignature } from '../../../proto/contract/images/minisign.js';
import {
  hasPassword,
  type MinisignSecretKey,
  openSecretKey,
  renderSecretKey,
  type ScryptCost,
} from '../../../proto/contract/images/secret-key.js';
import type { Secret } from '../../../proto/contract/secret.js';

/** DER around the 32 bytes of an Ed25519 key. Source: RFC 8410, sections 4 and 7. */
const SPKI_PREFIX_BYTES = 12;
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
/** scrypt takes 128 bytes for each step of its cost and block size, and some more. */
const SCRYPT_BYTES_MAX = 2 ** 31 - 1;
const OTHERS_MAY = 0o077;
const KEY_ID_CHARACTERS = 16;
const KEY_FILE_BYTES_MAX = 4_096;

/**
 * Opens a key file of minisign(1). Without a password nobody else may read it; the password never is an argument.
 * @throws BrambleError `failed-precondition` (others may read it), `invalid-argument`, `permission-denied` (wrong password)
 */
export async function readSigningKey(path: string, askPassword: () => Promise<Secret>): Promise<MinisignSecretKey> {
  const { text, mode } = await readKeyFile(path);
  if (!hasPassword(text) && (mode & OTHERS_MAY) !== 0) {
    throw new BrambleError('failed-precondition', `others may read ${path}, and it has no password`, {
      hint: `chmod 600 ${path}; when others may have read it before, make another key and revoke this one at every site`,
    });
  }
  return openSecretKey(text, {
    publicKeyOf: (seed) => publicKeyOf(privateKeyOf(seed)),
    deriveStream: async (cost) => derive(await askPassword(), cost),
  });
}

/** A minisign signature of a file's bytes. `trustedComment` is signed too. */
export function signBytes({ keyId, seed }: MinisignSecretKey, bytes: Uint8Array, trustedComment: string): string {
  const key = privateKeyOf(seed);
  const signature = sign(null, createHash('blake2b512').update(bytes).digest(), key);
  const commentSignature = sign(null, commentMessage(signature, trustedComment), key);
  return renderSignature({ keyId, signature, trustedComment, commentSignature });
}

/** Texts of a new key's two files. Its id is the start of its public half's SHA-256: as good as chance for telling keys apart. */
export function makeSigningKey(): { readonly secret: string; readonly public: string; readonly keyId: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length);
  const publicKey = publicKeyOf(privateKey);
  const keyId = createHash('sha256').update(publicKey).digest('hex').slice(0, KEY_ID_CHARACTERS).toUpperCase();
  return { keyId, secret: renderSecretKey({ keyId, seed, publicKey }), public: renderPublicKey({ keyId, publicKey }) };
}

async function readKeyFile(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  try {
    const file = await open(path, 'r');
    try {
      const { mode, size } = await file.stat();
      if (size > KEY_FILE_BYTES_MAX)
        throw new BrambleError('invalid-argument', `${path} is no key file: it is too large`);
      return { mode, text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof BrambleError) throw cause;
    throw new BrambleError('invalid-argument', `${path} cannot be read`, { cause });
  }
}

function derive(password: Secret, { salt, cost, blockSize, parallelization, bytes }: ScryptCost): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = { cost, blockSize, parallelization, maxmem: SCRYPT_BYTES_MAX };
    scrypt(password.reveal(), salt, bytes, options, (failure, stream) => {
      if (failure === null) resolve(stream);
      else
        reject(
          new BrambleError('resource-exhausted', 'there is not enough memory to open this key', { cause: failure }),
        );
    });
  });
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

function publicKeyOf(key: KeyObject): Uint8Array {
  return Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX_BYTES));
}
