import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { by } from './testing/by.js';
import { TestKey, TrustBench } from './testing/trust-bench.js';

/** Renewals, clones, revocations and tokens against a real store. */

async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('was let in');
}

async function renew(bench: TrustBench, current: TestKey, next: TestKey, counter: number) {
  const peer = bench.identities.check(current.sha256);
  const signature = next.sign(Buffer.from(`bramble-renew-v1\0${peer.nodeId}\0${counter}`));
  return await bench.renewals.renew(peer, { spkiDer: next.spkiDer, signature, renewalCounter: counter });
}

async function enrolled(): Promise<{ bench: TrustBench; id: NodeId; first: TestKey }> {
  const bench = await TrustBench.start();
  const first = new TestKey();
  return { bench, id: await bench.node(first), first };
}

test('three renewals in a row count up, and only the newest two credentials are kept', async () => {
  const { bench, id, first } = await enrolled();
  const keys = [first, new TestKey(), new TestKey(), new TestKey()];
  for (const [index, next] of keys.slice(1).entries()) {
    const current = keys[index] ?? first;
    expect((await renew(bench, current, next, index + 1)).renewalCounter).toBe(index + 2);
  }
  expect((await bench.store.reader.credentials(id)).map(({ renewalCounter }) => renewalCounter)).toEqual([4, 3]);
});

test('that the newest credential was used is remembered across a restart', async () => {
  const { bench, first } = await enrolled();
  const second = new TestKey();
  await renew(bench, first, second, 1);
  bench.identities.check(second.sha256);
  await bench.world.settle();
  const again = await bench.restart();
  expect(() => again.identities.check(first.sha256)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  expect(await again.timeline()).toContain('IdentityClone');
});

test('before it was used the one before counts, across a restart too', async () => {
  const { bench, id, first } = await enrolled();
  await renew(bench, first, new TestKey(), 1);
  const again = await bench.restart();
  expect(again.identities.check(first.sha256).nodeId).toBe(id);
});

test('a clone that keeps knocking freezes once, and tells whoever must know', async () => {
  const { bench, id, first } = await enrolled();
  const second = new TestKey();
  await renew(bench, first, second, 1);
  bench.identities.check(second.sha256);
  for (let i = 0; i < 10; i++) expect(() => bench.identities.check(first.sha256)).toThrow(/newer one/);
  await bench.world.settle();
  expect(bench.told).toEqual([`frozen ${id}`]);
  expect((await bench.timeline()).filter((reason) => reason === 'IdentityClone')).toHaveLength(1);
  expect(await bench.store.reader.setting(`in-service:${id}`)).toBe('boot-1');
});

test('a freeze that could not be stored is tried again when the clone comes back', async () => {
  const { bench, id, first } = await enrolled();
  const second = new TestKey();
  await renew(bench, first, second, 1);
  bench.identities.check(second.sha256);
  await bench.world.settle();
  bench.store.failWith = 'unavailable';
  expect(() => bench.identities.check(first.sha256)).toThrow();
  await bench.world.settle();
  bench.store.failWith = undefined;
  expect((await bench.store.reader.node(id))?.lifecycle).toBe('enrolled');
  expect(() => bench.identities.check(first.sha256)).toThrow();
  await bench.world.settle();
  expect((await bench.store.reader.node(id))?.lifecycle).toBe('frozen');
});

test('a new key that somebody has already is refused', async () => {
  const { bench, first } = await enrolled();
  const other = new TestKey();
  await bench.node(other);
  expect((await refusal(renew(bench, first, other, 1))).code).toBe('failed-precondition');
  expect((await refusal(renew(bench, first, first, 1))).code).toBe('failed-precondition');
});

test('a revoked node is out before its stream is closed, and stays out', async () => {
  const { bench, id, first } = await enrolled();
  expect((await bench.revocations.revokeNode(id, 'sold', by('kim'))).lifecycle).toBe('revoked');
  expect(bench.told).toEqual([`close ${id} revoked sold`]);
  expect(() => bench.identities.check(first.sha256)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
  await bench.revocations.revokeNode(id, 'again', by('kim'));
  expect((await bench.timeline()).filter((reason) => reason === 'NodeRevoked')).toHaveLength(1);
  const again = await bench.restart();
  expect(() => again.identities.check(first.sha256)).toThrow(expect.objectContaining({ code: 'unauthenticated' }));
});

test('only a frozen node can be thawed, and only a known one revoked', async () => {
  const { bench, id } = await enrolled();
  expect((await refusal(bench.revocations.thawNode(id, 'r', by('kim')))).code).toBe('failed-precondition');
  const unknown = 'n-0000000000000' as NodeId; // made up
  expect((await refusal(bench.revocations.thawNode(unknown, 'r', by('kim')))).code).toBe('not-found');
  expect((await refusal(bench.revocations.revokeNode(unknown, 'r', by('kim')))).code).toBe('not-found');
});

test('T-08 a token is shown once and stored as a hash', async () => {
  const bench = await TrustBench.start();
  const created = await bench.tokens.createToken(
    { site: 'lab', kind: 'pi', ttlMs: 60_000, uses: 2, preApproved: false, expectSerial: '00000000c0ffee01' },
    by('kim'),
  );
  expect(created.view).toMatchObject({
    usesLeft: 2,
    revoked: false,
    expectSerial: '00000000c0ffee01',
    createdBy: 'kim',
  });
  const stored = JSON.stringify(await bench.store.reader.tokens({ limit: 1 }));
  expect(stored).not.toContain(created.token.split('_')[2]);
  expect(
    (await refusal(bench.tokens.createToken({ ...created.view, site: 'Not A Site', ttlMs: 1 }, by('kim')))).code,
  ).toBe('invalid-argument');
});

test('a token that is revoked twice is revoked once; an unknown one is not found', async () => {
  const bench = await TrustBench.start();
  const keyId = (await bench.token()).split('_')[1] ?? '';
  expect((await bench.tokens.revokeToken(keyId, by('kim'))).revoked).toBe(true);
  expect((await bench.tokens.revokeToken(keyId, by('kim'))).revoked).toBe(true);
  expect(await bench.timeline()).toEqual(['SiteCreated', 'TokenCreated', 'TokenRevoked']);
  expect((await refusal(bench.tokens.revokeToken('aaaaaaaa', by('kim')))).code).toBe('not-found');
});
