import { createHash, verify } from 'node:crypto';
import type { SignatureCheck } from '../../../../proto/contract/images/minisign.js';

/** DER of a SubjectPublicKeyInfo up to the 32 bytes of an Ed25519 key. Source: RFC 8410, section 4. */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export function makeNodeSignatureCheck(): SignatureCheck {
  return {
    blake2b512: (bytes) => createHash('blake2b512').update(bytes).digest(),
    verifyEd25519: (publicKey, message, signature) => {
      const key = { key: Buffer.concat([ED25519_SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' } as const;
      try {
        return verify(null, message, key, signature);
      } catch {
        return false; // bytes that are no key have signed nothing
      }
    },
  };
}
