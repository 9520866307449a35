import { generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto';
import { BrambleError } from '../../../../../proto/contract/errors.js';
import type { Uniqueness } from '../../../roots/ports.js';

export function makeNodeUniqueness(): Uniqueness {
  return {
    ed25519: () => {
      const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
      return { privateKey: part(jwk, 'd'), publicKey: part(jwk, 'x') };
    },
    p256: () => {
      const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
      // Uncompressed. Source: SEC 1, 2.3.3.
      const publicKey = Buffer.concat([Buffer.of(4), part(jwk, 'x'), part(jwk, 'y')]);
      return { privateKey: part(jwk, 'd'), publicKey };
    },
    bytes: (count) => new Uint8Array(randomBytes(count)),
  };
}

function part(jwk: JsonWebKey, name: 'd' | 'x' | 'y'): Buffer {
  const text = jwk[name];
  if (text === undefined) throw new BrambleError('internal', `a key without ${name}`);
  return Buffer.from(text, 'base64url');
}
