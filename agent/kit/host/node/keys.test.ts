import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { ed25519FromSeed, makeNodeKeys } from './keys.js';

const keys = makeNodeKeys();
const message = new TextEncoder().encode('message');

test('a node key is P-256, and signs ECDSA with SHA-256 in DER', () => {
  const { privateKeyPem, spkiDer } = keys.makeKeyPair();
  const publicKey = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(verify('sha256', message, publicKey, keys.sign(privateKeyPem, message))).toBe(true);
});

test('a signature by a key that is not Ed25519 is not one, however valid', () => {
  const { privateKeyPem, spkiDer } = keys.makeKeyPair();
  expect(keys.verifyEd25519(spkiDer, message, keys.sign(privateKeyPem, message))).toBe(false);
});

test('the same seed gives the same Ed25519 key and signature', () => {
  const [one, again, other] = [1, 1, 2].map((fill) => ed25519FromSeed(new Uint8Array(32).fill(fill)));
  expect(one).toEqual(again);
  expect(one?.spkiDer).not.toEqual(other?.spkiDer);
  const signature = keys.sign(one?.privateKeyPem ?? '', message);
  expect(keys.sign(again?.privateKeyPem ?? '', message)).toEqual(signature);
  expect(keys.verifyEd25519(one?.spkiDer ?? new Uint8Array(), message, signature)).toBe(true);
});
