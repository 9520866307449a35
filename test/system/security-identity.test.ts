import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import { systemClock } from '../../controller/system.js';
import { by } from '../../controller/usecases/testing/by.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { siteId } from '../../proto/contract/ids.js';
import type { Credential } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import { type TestNode, TrustRig } from './trust-rig.js';

let rig: TrustRig;
beforeAll(async () => {
  rig = await TrustRig.start();
});
afterAll(async () => {
  await rig.stop();
});

interface NewKey {
  readonly privateKeyPem: string;
  readonly spkiDer: Buffer;
}

function newKey(): NewKey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKeyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    spkiDer: pair.publicKey.export({ type: 'spki', format: 'der' }),
  };
}

async function renew(node: TestNode, key: NewKey, counter = node.renewalCounter): Promise<TestNode> {
  const message = Buffer.from(`bramble-renew-v1\0${node.id}\0${counter}`);
  const signature = sign('sha256', message, createPrivateKey(key.privateKeyPem));
  const request = { spkiDer: key.spkiDer, signature, renewalCounter: counter };
  const { credential } = await makeGrpcNet().renew(rig.link, node.identity, request, new AbortController().signal);
  return withCredential(node, key, credential);
}

function withCredential(node: TestNode, key: NewKey, credential: Credential | undefined): TestNode {
  if (credential === undefined) throw new Error('no credential');
  const { certificateChainPem, renewalCounter } = credential;
  const identity = { ...node.identity, certificateChainPem, privateKeyPem: key.privateKeyPem };
  return { ...node, identity, renewalCounter };
}

async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('was let in');
}

/** What a stream of this identity ends with. */
async function connectRefusal(node: TestNode): Promise<BrambleError> {
  const link = await rig.connect(node);
  return await link.refusal();
}

async function timelineOf(node: TestNode): Promise<readonly string[]> {
  return (await rig.store.reader.eventsNewest({ nodes: [node.id] }, { limit: 100 })).map(({ reason }) => reason);
}

const lifecycleOf = async (node: TestNode) => (await rig.store.reader.node(node.id))?.lifecycle;

test('a renewal changes key and counter; the old credential ends when the new one was used', async () => {
  const first = await rig.enrolNode();
  const second = await renew(first, newKey());
  expect(second.renewalCounter).toBe(2);
  const before = await rig.connect(first); // the answer may have been lost: the old one still counts
  expect((await before.next('welcome'))?.epoch).toBe(1);
  before.stream.end();
  await before.over;
  const now = await rig.connect(second);
  expect((await now.next('welcome'))?.epoch).toBe(1);
  expect((await connectRefusal(first)).code).toBe('unauthenticated');
});

test('a renewal whose answer was lost gives the same again', async () => {
  const first = await rig.enrolNode();
  const key = newKey();
  const lost = await renew(first, key);
  const again = await renew(first, key);
  expect(again.renewalCounter).toBe(lost.renewalCounter);
  const link = await rig.connect(again);
  expect((await link.next('welcome'))?.epoch).toBe(1);
  expect(await timelineOf(first)).not.toContain('IdentityClone');
});

test('of two renewals at once with two keys one counts', async () => {
  const node = await rig.enrolNode();
  const answers = await Promise.allSettled([renew(node, newKey()), renew(node, newKey())]);
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await rig.store.reader.credentials(node.id)).map(({ renewalCounter }) => renewalCounter)).toEqual([2, 1]);
});

test('a renewal that the new key did not sign is refused', async () => {
  const node = await rig.enrolNode();
  const key = newKey();
  expect((await refusal(renew(node, { ...newKey(), spkiDer: key.spkiDer }))).code).toBe('permission-denied');
  expect((await refusal(renew(node, key, 7))).code).toBe('failed-precondition');
});

test('T-10 two copies of a disk: the second to renew freezes the node, the one in service stays', async () => {
  const original = await rig.enrolNode();
  const copy = original;
  const renewed = await renew(original, newKey());
  const inService = await rig.connect(renewed);
  await inService.next('welcome');
  expect((await refusal(renew(copy, newKey()))).code).toBe('unauthenticated');
  await expect.poll(() => lifecycleOf(original)).toBe('frozen');
  expect((await timelineOf(original)).filter((reason) => reason === 'IdentityClone')).toHaveLength(1);
  expect((await refusal(rig.core.commands.issue(original.id, REBOOT, by('kim')))).code).toBe('failed-precondition');
  inService.stream.send({ frame: { $case: 'desiredStatePull', value: { haveRevision: 0 } } });
  expect((await inService.next('desiredState'))?.revision).toBe(0);
  expect((await refusal(renew(renewed, newKey()))).code).toBe('failed-precondition');
});

test('T-10 a copy that renews before the new credential was used is found out too', async () => {
  const original = await rig.enrolNode();
  await renew(original, newKey());
  expect((await refusal(renew(original, newKey()))).code).toBe('already-exists');
  await expect.poll(() => lifecycleOf(original)).toBe('frozen');
  expect(await timelineOf(original)).toContain('IdentityClone');
});

test('T-10 a duplicate live session: the newcomer is refused, the one in service stays', async () => {
  const node = await rig.enrolNode();
  const inService = await rig.connect(node);
  await inService.next('welcome');
  const clone = await rig.connect(node, { bootId: '22222222-2222-4222-8222-222222222222', processNonce: 'process-2' });
  expect((await clone.refusal()).code).toBe('already-exists');
  expect(await lifecycleOf(node)).toBe('frozen');
  expect(await timelineOf(node)).toContain('IdentityClone');
  inService.stream.send({ frame: { $case: 'desiredStatePull', value: { haveRevision: 0 } } });
  expect((await inService.next('desiredState'))?.revision).toBe(0);
  expect((await refusal(rig.core.commands.issue(node.id, REBOOT, by('kim')))).code).toBe('failed-precondition');
});

test('T-11 revocation ends the open stream within a second and lets nobody back in', async () => {
  const node = await rig.enrolNode();
  const link = await rig.connect(node);
  await link.next('welcome');
  const startMs = systemClock.monotonicMs();
  await rig.revocations.revokeNode(node.id, 'stolen', by('kim'));
  await link.over;
  // Where nothing else runs; the limit is patient with a machine that is busy, and well below the next report.
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(5_000);
  expect((await link.next('goodbye'))?.reason).toBe(4);
  expect((await connectRefusal(node)).code).toBe('unauthenticated');
  expect((await refusal(renew(node, newKey()))).code).toBe('unauthenticated');
  const upload = makeGrpcNet().upload(rig.link, node.identity, HEADER, nothing(), new AbortController().signal);
  expect((await refusal(upload)).code).toBe('unauthenticated');
});

test('T-11 a stream that does not want to end is cut off', async () => {
  const node = await rig.enrolNode();
  await expect.poll(() => rig.core.sessions.onlineCount).toBe(rig.server.counters()['link_connections']);
  const before = rig.server.counters()['link_connections'];
  const link = await rig.connect(node);
  await link.next('welcome');
  await rig.revocations.revokeNode(node.id, 'stolen', by('kim'));
  await expect.poll(() => rig.server.counters()['link_connections']).toBe(before);
});

test('T-23 an agent speaks for its own kind and node alone', async () => {
  const pi = await rig.enrolNode('pi');
  const liar = await rig.connect({ ...pi, kind: 'fileserver' });
  expect((await liar.refusal()).code).toBe('permission-denied');
  await expect.poll(() => timelineOf(pi)).toContain('KindMismatch');
  const future = await rig.connect(pi, { kind: 99 as 1 }); // a kind of a newer agent
  expect((await future.refusal()).code).toBe('permission-denied');
});

test('T-23 a certificate that names another site than its key belongs to is refused', async () => {
  const node = await rig.enrolNode();
  const spkiDer = spkiOf(node);
  const request = { nodeId: node.id, site: siteId('elsewhere'), kind: 'pi', spkiDer } as const;
  const { chainPem } = await rig.authority.issueNodeCertificate(request);
  const moved = { ...node, identity: { ...node.identity, certificateChainPem: chainPem } };
  expect((await connectRefusal(moved)).code).toBe('permission-denied');
});

test('T-24 a result for a command of another node changes nothing and is on record', async () => {
  const [victim, forger] = [await rig.enrolNode(), await rig.enrolNode()];
  const [victimLink, forgerLink] = [await rig.connect(victim), await rig.connect(forger)];
  await Promise.all([victimLink.next('welcome'), forgerLink.next('welcome')]);
  const issued = await rig.core.commands.issue(victim.id, RESTART, by('kim'));
  await victimLink.next('command');
  const before = await rig.store.reader.command(issued.id);
  const value = {
    commandId: issued.id,
    state: 3,
    rejection: 0,
    detail: 'all well',
    tookMs: 1,
    progress: undefined,
  } as const;
  const stamp = { bootId: 'b', sequence: 7, uptimeMs: 1, wallClockUnixMs: 0 };
  const events = [{ ...stamp, kind: { $case: 'commandUpdate', value } as const }];
  forgerLink.stream.send({ frame: { $case: 'events', value: { events } } });
  expect((await forgerLink.next('eventAck'))?.throughSequence).toBe(7);
  expect((await rig.store.reader.command(issued.id))?.state).toBe(before?.state);
  const told = await rig.store.reader.eventsNewest({ nodes: [forger.id] }, { limit: 10 });
  expect(told.some(({ severity }) => severity !== 'info')).toBe(true);
});

test('a frozen node that a person thaws is in service again', async () => {
  const node = await rig.enrolNode();
  await renew(node, newKey());
  await refusal(renew(node, newKey()));
  await expect.poll(() => lifecycleOf(node)).toBe('frozen');
  await rig.revocations.thawNode(node.id, 'the copy was destroyed', by('kim'));
  const link = await rig.connect(node);
  expect((await link.next('welcome'))?.epoch).toBe(1);
  expect((await refusal(rig.revocations.thawNode(node.id, 'again', by('kim')))).code).toBe('failed-precondition');
});

const REBOOT = { action: { kind: 'reboot' }, reason: 'test', validForMs: 60_000 } as const;
const RESTART = { action: { kind: 'restart-unit', unit: 'ssh.service' }, reason: 'test', validForMs: 60_000 } as const;
const HEADER = { commandId: '', name: 'x', sizeBytes: 0, sha256: Buffer.alloc(32) };

async function* nothing(): AsyncGenerator<Uint8Array> {}

function spkiOf(node: TestNode): Buffer {
  const key = createPrivateKey(node.identity.privateKeyPem);
  const jwk = key.export({ format: 'jwk' });
  const point = [jwk.x ?? '', jwk.y ?? ''].map((part) => Buffer.from(part, 'base64url'));
  return Buffer.concat([Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'), ...point]);
}
