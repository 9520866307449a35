import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeKind } from '../../proto/contract/ids.js';
import { CLIENT_AUTH, parseCertificates, spkiSha256, uriName, verifyChain } from '../../proto/wire/chain.js';
import { makeCertificate } from './certificates.js';
import { type Audience, loadIssuers } from './issuers.js';
import { KeyFiles } from './key-files.js';
import { renderNodeUri } from './node-certificate.js';
import { parseSubjectKey } from './subject-key.js';
import { HandClock, LAB, NODE_1, scratchDir, testAuthority, testRandom } from './testing/scratch.js';

const DAY_MS = 86_400_000;

function publicKey(type: 'p256' | 'ed25519' | 'p384' | 'rsa'): Buffer {
  const der = { type: 'spki', format: 'der' } as const;
  switch (type) {
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export(der);
    case 'p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export(der);
    case 'ed25519':
      return generateKeyPairSync('ed25519').publicKey.export(der);
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(der);
  }
}

const order = (kind: NodeKind, spkiDer = publicKey('p256')) => ({ nodeId: NODE_1, site: LAB, kind, spkiDer });

test('a second start finds the same fleet, root and keys', async () => {
  const dir = scratchDir();
  const first = await testAuthority({ dir, fleetId: 'lab-fleet' });
  const second = await testAuthority({ dir, fleetId: 'another-name' });
  expect(second.fleet).toBe('lab-fleet');
  expect(second.rootPin).toBe(first.rootPin);
  expect(second.trust.commandKeys).toEqual(first.trust.commandKeys);
  const secret = Buffer.from('secret');
  expect(second.trust.tokenHmac(secret)).toEqual(first.trust.tokenHmac(secret));
  const { chainPem } = await first.issueNodeCertificate(order('pi'));
  expect(second.readNodeCertificate(new X509Certificate(chainPem)).nodeId).toBe(NODE_1);
});

test('every file of keys is for its owner alone, and so is the directory', async () => {
  const dir = join(scratchDir(), 'keys');
  await testAuthority({ dir });
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  const names = readdirSync(dir);
  expect(names).toEqual([
    'actuators.pem',
    'agents.pem',
    'command.key.pem',
    'overlay.pem',
    'root.pem',
    'servers.pem',
    'tls-crypt-v2.keys',
    'token.key',
  ]);
  for (const name of names) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
});

test.for(['root.pem', 'agents.pem', 'token.key', 'command.key.pem'])(
  'T-54 %s that others may read stops the start, and says what to do',
  async (name) => {
    const dir = scratchDir();
    await testAuthority({ dir });
    chmodSync(join(dir, name), 0o640);
    await expect(testAuthority({ dir })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining(name),
      hint: expect.stringContaining('chmod 600'),
    });
  },
);

test('a link to a readable file is no way around it, and an open directory is refused', async () => {
  const dir = scratchDir();
  const elsewhere = join(scratchDir(), 'token');
  await testAuthority({ dir });
  writeFileSync(elsewhere, 'ab'.repeat(32), { mode: 0o644 });
  const linked = scratchDir();
  symlinkSync(elsewhere, join(linked, 'token.key'));
  await expect(testAuthority({ dir: linked })).rejects.toMatchObject({ code: 'failed-precondition' });
  chmodSync(dir, 0o755);
  await expect(testAuthority({ dir })).rejects.toMatchObject({
    code: 'failed-precondition',
    hint: expect.stringContaining('700'),
  });
});

test.for([
  [
    'a mixed-up authority',
    'agents.pem',
    (dir: string) =>
      readFileSync(join(dir, 'servers.pem'), 'utf8').replace(/[\s\S]*?END PRIVATE KEY-----\n/, (key) =>
        key.replace('A', 'B'),
      ),
  ],
  ['an authority of another root', 'agents.pem', undefined],
  ['a token key cut short', 'token.key', () => 'abcd'],
  ['a command key of another kind', 'command.key.pem', (dir: string) => readFileSync(join(dir, 'root.pem'), 'utf8')],
] as const)('%s is found at the start', async ([, name, make]) => {
  const dir = scratchDir();
  await testAuthority({ dir });
  const other = scratchDir();
  await testAuthority({ dir: other });
  writeFileSync(join(dir, name), make === undefined ? readFileSync(join(other, name)) : make(dir));
  await expect(testAuthority({ dir })).rejects.toMatchObject({
    code: 'data-loss',
    hint: expect.stringMatching(/backup/),
  });
});

test('a node certificate has the fields that the server chose, and only those', async () => {
  const clock = new HandClock();
  const authority = await testAuthority({ clock, fleetId: 'f1' });
  const issued = await authority.issueNodeCertificate(order('pi'));
  const [leaf, issuer] = parseCertificates(issued.chainPem);
  expect(leaf?.subjectAltName).toBe(`URI:spiffe://f1/site/lab/pi/${NODE_1}`);
  expect(leaf?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(leaf?.ca).toBe(false);
  expect(leaf?.serialNumber.toLowerCase()).toBe(issued.certificateSerial);
  expect(issued.certificateSerial).toMatch(/^[0-9a-f]{32}$/);
  expect(Date.parse(leaf?.validFrom ?? '')).toBe(clock.nowMs() - 3_600_000);
  expect(Date.parse(leaf?.validTo ?? '')).toBe(issued.expiresAtMs);
  expect(issued.expiresAtMs).toBe(clock.nowMs() + 30 * DAY_MS);
  expect(issuer?.ca).toBe(true);
  const again = await authority.issueNodeCertificate(order('pi'));
  expect(again.certificateSerial).not.toBe(issued.certificateSerial);
});

test('each kind is signed by the authority that may name it', async () => {
  const authority = await testAuthority();
  const issuerOf = async (kind: NodeKind) =>
    parseCertificates((await authority.issueNodeCertificate(order(kind))).chainPem)[1]?.subject;
  expect(await issuerOf('pi')).toContain('agents');
  expect(await issuerOf('fileserver')).toContain('actuators');
  expect(await issuerOf('switch')).toBe(await issuerOf('fileserver'));
});

test('the controller’s chain ends in the pinned root and is good for servers alone', async () => {
  const authority = await testAuthority({ fleetId: 'f1' });
  const chain = parseCertificates(authority.serverIdentity.certificateChainPem);
  const roots = parseCertificates(authority.trustRootsPem);
  expect(spkiSha256((chain[2] ?? roots[0])?.publicKey.export({ type: 'spki', format: 'der' }) ?? Buffer.alloc(0))).toBe(
    authority.rootPin,
  );
  expect(chain[0] === undefined ? undefined : uriName(chain[0])).toBe('spiffe://f1/controller');
  verifyChain(chain, { roots, usage: '1.3.6.1.5.5.7.3.1', nowMs: Date.UTC(2026, 10, 22) });
  expect(() => chain[0] && authority.readNodeCertificate(chain[0])).toThrow(/not a node/);
});

test('T-14 a certificate of another fleet or authority is no node of ours', async () => {
  const ours = await testAuthority({ fleetId: 'same-name' });
  const theirs = await testAuthority({ fleetId: 'same-name' });
  const foreign = new X509Certificate((await theirs.issueNodeCertificate(order('pi'))).chainPem);
  expect(() => ours.readNodeCertificate(foreign)).toThrow(expect.objectContaining({ code: 'permission-denied' }));
  const renamed = await testAuthority({ fleetId: 'other-name' });
  const other = new X509Certificate((await renamed.issueNodeCertificate(order('pi'))).chainPem);
  expect(() => ours.readNodeCertificate(other)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  const authorityItself = parseCertificates((await ours.issueNodeCertificate(order('pi'))).chainPem)[1];
  expect(() => authorityItself && ours.readNodeCertificate(authorityItself)).toThrow(/not a node/);
});

test('T-14 the authority for Pis cannot name a switch', async () => {
  const dir = scratchDir();
  const authority = await testAuthority({ dir, fleetId: 'f1' });
  const deps = { files: new KeyFiles(dir), clock: new HandClock(), random: testRandom() };
  const { current } = await loadIssuers(deps, 'f1');
  const order = {
    subject: `CN=${NODE_1}`,
    uri: renderNodeUri('f1', { nodeId: NODE_1, site: LAB, kind: 'switch' }),
    spkiDer: publicKey('p256'),
    use: { kind: 'leaf', usage: CLIENT_AUTH },
    ...{ nowMs: deps.clock.nowMs(), lifeMs: DAY_MS },
  } as const;
  const read = async (by: Audience) =>
    authority.readNodeCertificate(new X509Certificate((await makeCertificate(order, current[by], deps.random)).pem));
  expect((await read('actuators')).kind).toBe('switch');
  await expect(read('agents')).rejects.toMatchObject({ code: 'permission-denied' });
});

test('the server’s certificate is made anew before it expires, and listeners are told', async () => {
  const clock = new HandClock();
  const authority = await testAuthority({ clock });
  const before = authority.serverIdentity;
  const told: unknown[] = [];
  const stop = authority.onServerIdentity((identity) => told.push(identity));
  clock.pass(20 * DAY_MS - 1);
  await authority.maintain();
  expect(authority.serverIdentity).toBe(before);
  clock.pass(1);
  await authority.maintain();
  expect(told).toEqual([authority.serverIdentity]);
  expect(authority.serverIdentity.privateKeyPem).not.toBe(before.privateKeyPem);
  stop();
  clock.pass(25 * DAY_MS);
  await authority.maintain();
  expect(told).toHaveLength(1);
});

test('an issuing authority near its end gets a successor; what the old one signed still counts', async () => {
  const dir = scratchDir();
  const clock = new HandClock();
  const first = await testAuthority({ dir, clock, fleetId: 'f1' });
  clock.pass(549 * DAY_MS);
  const old = await first.issueNodeCertificate(order('pi'));
  clock.pass(2 * DAY_MS);
  const second = await testAuthority({ dir, clock });
  const fresh = await second.issueNodeCertificate(order('pi'));
  expect(parseCertificates(fresh.chainPem)[1]?.serialNumber).not.toBe(parseCertificates(old.chainPem)[1]?.serialNumber);
  expect(second.readNodeCertificate(new X509Certificate(old.chainPem)).nodeId).toBe(NODE_1);
  const third = await testAuthority({ dir, clock });
  expect(third.readNodeCertificate(new X509Certificate(old.chainPem)).nodeId).toBe(NODE_1);
  expect(third.readNodeCertificate(new X509Certificate(fresh.chainPem)).nodeId).toBe(NODE_1);
});

test('T-05 only plain Ed25519 and P-256 keys are certified', async () => {
  const authority = await testAuthority();
  await authority.issueNodeCertificate(order('pi', publicKey('ed25519')));
  const p256 = publicKey('p256');
  const bad = [
    publicKey('p384'),
    publicKey('rsa'),
    Buffer.alloc(0),
    p256.subarray(0, 90),
    Buffer.concat([p256, Buffer.of(0)]),
    Buffer.concat([p256.subarray(0, 27), Buffer.alloc(64, 1)]), // not on the curve
    Buffer.from(p256.toString('base64')),
  ];
  for (const spkiDer of bad) {
    await expect(authority.issueNodeCertificate(order('pi', spkiDer))).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  }
});

test('no bytes make the key parser throw anything but a clear refusal', () => {
  const p256 = publicKey('p256');
  const mutated = fc
    .tuple(fc.nat(p256.length - 1), fc.nat(255))
    .map(([at, byte]) => Buffer.from(p256.map((b, i) => (i === at ? byte : b))));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      try {
        parseSubjectKey(bytes);
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'invalid-argument' });
      }
    }),
  );
});

test('a signed command is good for its payload and its key alone', async () => {
  const { trust } = await testAuthority();
  const payload = Buffer.from('payload');
  const signed = trust.signCommand(payload);
  const spkiDer = trust.commandKeys[0]?.spkiDer ?? Buffer.alloc(0);
  expect(signed.keyId).toBe(trust.commandKeys[0]?.keyId);
  const message = Buffer.concat([Buffer.from('bramble-command-v1\0'), payload]);
  expect(trust.verify(spkiDer, message, signed.signature)).toBe(true);
  expect(trust.verify(spkiDer, payload, signed.signature)).toBe(false);
  expect(trust.verify(publicKey('ed25519'), message, signed.signature)).toBe(false);
  expect(trust.verify(Buffer.from('no key'), message, signed.signature)).toBe(false);
});

test('signatures of both kinds of keys are verified; equal() tells bytes apart', async () => {
  const { trust } = await testAuthority();
  const message = Buffer.from('hello');
  const der = { type: 'spki', format: 'der' } as const;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(trust.verify(ec.publicKey.export(der), message, sign('sha256', message, ec.privateKey))).toBe(true);
  const ed = generateKeyPairSync('ed25519');
  expect(trust.verify(ed.publicKey.export(der), message, sign(null, message, ed.privateKey))).toBe(true);
  expect(trust.verify(ed.publicKey.export(der), message, new Uint8Array(0))).toBe(false);
  expect(trust.equal(Buffer.from('ab'), Buffer.from('ab'))).toBe(true);
  expect(trust.equal(Buffer.from('ab'), Buffer.from('ac'))).toBe(false);
  expect(trust.equal(Buffer.from('ab'), Buffer.from('abc'))).toBe(false);
});
