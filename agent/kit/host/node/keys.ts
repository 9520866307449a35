import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { assert } from '../../../../proto/contract/assert.js';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { KeyPair, Keys } from '../ports.js';

/** PKCS #8 header of an Ed25519 private key; the 32 bytes of the seed follow. Source: RFC 8410, section 7. */
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export function makeNodeKeys(): Keys {
  return {
    makeKeyPair: () => exportPair(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey),
    sign: signWith,
    verifyEd25519: verifyWith,
    sha256: (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()),
  };
}

/** The same seed gives the same key. For simulations. */
export function ed25519FromSeed(seed: Uint8Array): KeyPair {
  assert(seed.length === 32, `an Ed25519 seed has 32 bytes, not ${seed.length}`);
  const key = Buffer.concat([ED25519_PKCS8_PREFIX, seed]);
  return exportPair(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

function exportPair(privateKey: KeyObject): KeyPair {
  return {
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    spkiDer: Uint8Array.from(createPublicKey(privateKey).export({ format: 'der', type: 'spki' })),
  };
}

function signWith(privateKeyPem: string, message: Uint8Array): Uint8Array {
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch (cause) {
    const hint = 'the key file is damaged: remove the identity and enrol this node again';
    throw new BrambleError('data-loss', 'the private key cannot be read', { cause, hint });
  }
  return Uint8Array.from(sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', message, key));
}

function verifyWith(spkiDer: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, message, key, signature);
  } catch {
    return false; // a key that cannot be parsed has signed nothing
  }
}
