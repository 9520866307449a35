import { createPublicKey, type KeyObject } from 'node:crypto';
import { BrambleError } from '../../proto/contract/errors.js';

/** DER of a SubjectPublicKeyInfo up to the key itself. Sources: RFC 5480 (P-256, uncompressed point), RFC 8410 (Ed25519). */
const P256_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const P256_BYTES = P256_HEAD.length + 64;
const ED25519_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_BYTES = ED25519_HEAD.length + 32;

/**
 * The keys that nodes may have, each in exactly one encoding: so that one key has one hash, and no parser ever sees
 * an algorithm or a curve that somebody made up.
 * @throws BrambleError `invalid-argument`
 */
export function parseSubjectKey(spkiDer: Uint8Array): KeyObject {
  const der = Buffer.from(spkiDer);
  const isP256 = der.length === P256_BYTES && der.subarray(0, P256_HEAD.length).equals(P256_HEAD);
  const isEd25519 = der.length === ED25519_BYTES && der.subarray(0, ED25519_HEAD.length).equals(ED25519_HEAD);
  if (!isP256 && !isEd25519) {
    throw new BrambleError('invalid-argument', 'not a public key that a node may have', {
      hint: 'nodes have Ed25519 or P-256 keys, as DER SubjectPublicKeyInfo',
    });
  }
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' }); // refuses points that are not on the curve
  } catch (thrown) {
    throw new BrambleError('invalid-argument', 'not a valid public key', { cause: thrown });
  }
}
