import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, type KeyObject, scryptSync, sign, verify } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseBase64, renderBase64 } from './base64.js';
import {
  commentMessage,
  isSignedBy,
  parsePublicKey,
  parseSignature,
  renderPublicKey,
  renderSignature,
  type SignatureCheck,
} from './minisign.js';
import { openSecretKey, renderSecretKey, type ScryptCost } from './secret-key.js';

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const check: SignatureCheck = {
  blake2b512: (bytes) => createHash('blake2b512').update(bytes).digest(),
  verifyEd25519: (publicKey, message, signature) =>
    verify(null, message, { key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' }, signature),
};

const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
const publicKeyOf = (key: KeyObject): Uint8Array =>
  Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length));

test('property: base64 is Node’s, and one value has one text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64');
      expect(renderBase64(bytes)).toBe(text);
      expect(parseBase64(text)).toEqual(bytes);
    }),
  );
  expect(parseBase64('AB==')).toBeUndefined(); // bits that no byte has
  expect(parseBase64('A')).toBeUndefined();
});

// Recorded with `minisign -G -W` and `minisign -S` of Debian 12's minisign 0.11 over the five bytes "hello".
const PUBLIC_KEY =
  'untrusted comment: minisign public key F2384D37810449D0\nRWTQSQSBN0048uaqnLkbub0bjMialgwwZbeKnCVQwBKipaq0K9ayo72I\n';
const SECRET_KEY =
  'untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0EkEgTdNOPIDj6aOFi9mguXM1TsAiEoCDscRW+joPoNeRpOrnZEQEOaqnLkbub0bjMialgwwZbeKnCVQwBKipaq0K9ayo72IAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
const SIGNATURE =
  'untrusted comment: signature from minisign secret key\nRUTQSQSBN0048rSFHcXH/jFQwNfBDkeo64RQ8rB7V56yGVgt+RqTd1cNAPK3pj4jMeMM9puZ3Jrmgy2Nvw0/rUx8HucsfKqZMAo=\ntrusted comment: a comment\n7xE269tOHzK4WJOp89X7/7AbJtnXLuyGNDCrFJUaA2LW4dqC0maE5eX5Gnk45CA0J6OxcbnNNKpobtiV0krYAA==\n';

test('a signature of minisign’s own is accepted, and neither another file nor another comment', () => {
  const key = parsePublicKey(PUBLIC_KEY);
  const made = parseSignature(SIGNATURE);
  const file = Buffer.from('hello');
  expect(isSignedBy(key, file, made, check)).toBe(true);
  expect(isSignedBy(key, Buffer.from('hellO'), made, check)).toBe(false);
  expect(isSignedBy(key, file, { ...made, trustedComment: 'another' }, check)).toBe(false);
  expect(isSignedBy({ ...key, keyId: '0000000000000000' }, file, made, check)).toBe(false);
});

test('what is written is read back as it was', () => {
  expect(parsePublicKey(renderPublicKey(parsePublicKey(PUBLIC_KEY)))).toEqual(parsePublicKey(PUBLIC_KEY));
  expect(parseSignature(renderSignature(parseSignature(SIGNATURE)))).toEqual(parseSignature(SIGNATURE));
});

test('property: every prefix of a signature is refused', () => {
  for (let end = 0; end < SIGNATURE.length - 1; end++) {
    expect(() => parseSignature(SIGNATURE.slice(0, end))).toThrow(/minisign|BLAKE2b/);
  }
});

test('the form without BLAKE2b is refused by its name', () => {
  expect(() => parseSignature(SIGNATURE.replace('\nRUT', '\nRWT'))).toThrow(/BLAKE2b/);
});

const means = {
  publicKeyOf: (seed: Uint8Array) => publicKeyOf(privateKeyOf(seed)),
  deriveStream: ({ salt, cost, blockSize, parallelization, bytes }: ScryptCost) =>
    Promise.resolve(
      scryptSync('correct horse', salt, bytes, { cost, blockSize, parallelization, maxmem: 2 ** 31 - 1 }),
    ),
};

test('a secret key of minisign’s own without a password is opened, and one whose halves differ is not', async () => {
  const key = await openSecretKey(SECRET_KEY, means);
  expect(key.keyId).toBe(parsePublicKey(PUBLIC_KEY).keyId);
  expect(key.publicKey).toEqual(parsePublicKey(PUBLIC_KEY).publicKey);
  expect(renderSecretKey(key).split('\n')[1]).toBe(SECRET_KEY.split('\n')[1]);
  await expect(openSecretKey(renderSecretKey({ ...key, seed: Buffer.alloc(32) }), means)).rejects.toThrow(/halves/);
});

describe.runIf(existsSync('/usr/bin/minisign'))('beside the program minisign', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bramble-minisign-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('it verifies a signature of ours, made with a key of ours', () => {
    const seed = Buffer.alloc(32, 7);
    const privateKey = privateKeyOf(seed);
    const publicKey = publicKeyOf(privateKey);
    const keyId = '00112233AABBCCDD';
    const file = Buffer.from('the bytes of a manifest');
    const signature = sign(null, check.blake2b512(file), privateKey);
    const trustedComment = 'pi-root version 7';
    const commentSignature = sign(null, commentMessage(signature, trustedComment), privateKey);
    writeFileSync(join(dir, 'm'), file);
    writeFileSync(join(dir, 'm.minisig'), renderSignature({ keyId, signature, trustedComment, commentSignature }));
    writeFileSync(join(dir, 'k.pub'), renderPublicKey({ keyId, publicKey }));
    const told = execFileSync('minisign', ['-V', '-p', join(dir, 'k.pub'), '-m', join(dir, 'm')]).toString();
    expect(told).toContain('Signature and comment signature verified');
    expect(told).toContain(trustedComment);

    // And it signs with a key file of ours.
    writeFileSync(join(dir, 'k'), renderSecretKey({ keyId, seed, publicKey }), { mode: 0o600 });
    execFileSync('minisign', ['-S', '-s', join(dir, 'k'), '-m', join(dir, 'm'), '-x', join(dir, 'theirs')]);
    const theirs = parseSignature(readFileSync(join(dir, 'theirs'), 'utf8'));
    expect(isSignedBy({ keyId, publicKey }, file, theirs, check)).toBe(true);
  });
});
