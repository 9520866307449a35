import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { digest } from './digest.js';
import { type Freshness, parseFreshness, renderFreshness } from './freshness.js';
import type { ImageManifest } from './manifest.js';
import { commentMessage, type MinisignSignature, type SignatureCheck } from './minisign.js';
import { isPrivateKey } from './private-key.js';
import { type ImagePolicy, judgeSignatures, judgeUse, type UsableNow } from './verdict.js';

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const check: SignatureCheck = {
  blake2b512: (bytes) => createHash('blake2b512').update(bytes).digest(),
  verifyEd25519: (publicKey, message, signature) =>
    verify(null, message, { key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' }, signature),
};
const bytes = Buffer.from('the bytes of a manifest');

interface Signer {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}
function signer(keyId: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { keyId, privateKey, publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length) };
}
function signed(by: Signer, file: Uint8Array = bytes): MinisignSignature {
  const signature = sign(null, check.blake2b512(file), by.privateKey);
  const commentSignature = sign(null, commentMessage(signature, 'x'), by.privateKey);
  return { keyId: by.keyId, signature, trustedComment: 'x', commentSignature };
}
const [one, two, stranger] = [signer('AAAAAAAAAAAAAAAA'), signer('BBBBBBBBBBBBBBBB'), signer('CCCCCCCCCCCCCCCC')];
const policy: ImagePolicy = { trustedKeys: [one, two], revokedKeyIds: [], signaturesMin: 1, classes: [] };

test.for<[string, readonly MinisignSignature[], Partial<ImagePolicy>, string]>([
  ['a trusted key is enough', [signed(one)], {}, 'usable'],
  ['a stranger beside it does no harm', [signed(stranger), signed(one)], {}, 'usable'],
  ['two keys where two are wanted', [signed(one), signed(two)], { signaturesMin: 2 }, 'usable'],
  ['nobody', [], {}, 'unsigned'],
  ['a stranger alone', [signed(stranger)], {}, 'untrusted-key'],
  ['other bytes', [signed(one, Buffer.from('other'))], {}, 'bad-signature'],
  ['a stranger in the name of a trusted key', [{ ...signed(stranger), keyId: one.keyId }], {}, 'bad-signature'],
  ['a revoked key', [signed(one)], { revokedKeyIds: [one.keyId] }, 'revoked-key'],
  ['a revoked key beside a good one', [signed(two), signed(one)], { revokedKeyIds: [one.keyId] }, 'revoked-key'],
  ['one key where two are wanted', [signed(one)], { signaturesMin: 2 }, 'too-few-signatures'],
  ['the same key twice where two are wanted', [signed(one), signed(one)], { signaturesMin: 2 }, 'too-few-signatures'],
])('signatures: %s', ([, signatures, over, want]) => {
  const verdict = judgeSignatures(bytes, signatures, { ...policy, ...over }, check);
  expect(verdict.kind === 'usable' ? 'usable' : verdict.reason).toBe(want);
});

const NOW = 1_800_000_000_000;
const image = digest('ab'.repeat(32));
const size = { entriesCount: 1, catalogueBytes: 1, contentBytes: 0, catalogueChunks: 1, contentChunks: 0 };
const manifest: ImageManifest = {
  ...{ name: 'lite', imageClass: 'pi-root', version: 7, floor: 5, createdAtMs: 1, expiresAtMs: NOW + 1 },
  ...{ root: size, boot: undefined, index: [] },
};
const freshness: Freshness = {
  ...{ image, imageClass: 'pi-root', floor: 5, newestVersion: 7 },
  ...{ issuedAtMs: NOW - 999, validForMs: 1_000 },
};
const now: UsableNow = { nowMs: NOW, floorSeen: 7, freshness };

test.for<[string, Partial<UsableNow>, Partial<ImageManifest>, Partial<ImagePolicy>, string]>([
  ['the newest, fresh, at the floor', {}, {}, {}, 'usable'],
  ['one below what this site has seen', { floorSeen: 8 }, {}, {}, 'below-floor'],
  ['below what the controller knows', { freshness: { ...freshness, floor: 8 } }, {}, {}, 'below-floor'],
  ['the last ms before it expires', {}, { expiresAtMs: NOW + 1 }, {}, 'usable'],
  ['the ms at which it expires', {}, { expiresAtMs: NOW }, {}, 'expired'],
  ['no word of the controller', { freshness: undefined }, {}, {}, 'no-freshness'],
  ['the last ms of the controller’s word', { nowMs: NOW }, {}, {}, 'usable'],
  [
    'the controller’s word has run out',
    { freshness: { ...freshness, issuedAtMs: NOW - 1_000 } },
    {},
    {},
    'stale-freshness',
  ],
  ['a word from the future', { freshness: { ...freshness, issuedAtMs: NOW + 300_001 } }, {}, {}, 'stale-freshness'],
  [
    'a word about another image',
    { freshness: { ...freshness, image: digest('cd'.repeat(32)) } },
    {},
    {},
    'freshness-of-another',
  ],
  ['another class than this site uses', {}, {}, { classes: ['pi-kiosk'] }, 'wrong-class'],
  ['a class that this site uses', {}, {}, { classes: ['pi-root'] }, 'usable'],
])('use: %s', ([, overNow, overManifest, overPolicy, want]) => {
  const verdict = judgeUse(
    image,
    { ...manifest, ...overManifest },
    { ...policy, ...overPolicy },
    { ...now, ...overNow },
  );
  expect(verdict.kind === 'usable' ? 'usable' : verdict.reason).toBe(want);
});

test('freshness has one text', () => {
  const text = renderFreshness(freshness);
  expect(parseFreshness(text)).toEqual(freshness);
  expect(() => parseFreshness(text.replace('{', '{ '))).toThrow(/damaged/);
  expect(() => parseFreshness(text.slice(0, -5))).toThrow(/damaged/);
});

const PEM = `-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n`;
test.for<[string, string, string, boolean]>([
  ['an ssh host key', 'etc/ssh/ssh_host_ed25519_key', 'whatever', true],
  ['an ssh host key that is empty', 'etc/ssh/ssh_host_rsa_key', '', false],
  ['its public half', 'etc/ssh/ssh_host_ed25519_key.pub', 'ssh-ed25519 AAAA', false],
  ['a key under any name', 'home/pi/notes.txt', `my key:\n${PEM}`, true],
  [
    'an encrypted RSA key with its headers',
    'a',
    '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAABBBBCCCCDDDDEEEE\n',
    true,
  ],
  ['a program that can read keys', 'usr/bin/ssh-keygen', '\0-----BEGIN OPENSSH PRIVATE KEY-----\n\0-----END', false],
  ['our own identity', 'var/lib/bramble-agent/identity.json', '{}', true],
  ['a key that signs images', 'root/k', 'untrusted comment: minisign encrypted secret key\nRWQ', true],
  ['a tunnel', 'etc/wireguard/wg0.conf', `[Interface]\nPrivateKey = ${'A'.repeat(43)}=\n`, true],
  ['a certificate', 'etc/ssl/certs/ca.pem', '-----BEGIN CERTIFICATE-----\nMIIB\n', false],
])('T-46 private keys: %s', ([, path, content, want]) => {
  expect(isPrivateKey(path, content)).toBe(want);
});
