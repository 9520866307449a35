import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { by } from './testing/by.js';
import { TestKey, TrustBench } from './testing/trust-bench.js';

async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('was let in');
}

test('a board with a pre-approved token becomes a node with everything that it needs', async () => {
  const bench = await TrustBench.start();
  const key = new TestKey();
  const outcome = await bench.enrol(key, await bench.token());
  if (outcome.kind !== 'credential') throw new Error(outcome.kind);
  const { credential } = outcome;
  expect(credential).toMatchObject({ renewalCounter: 1, endpoints: ['controller:7443'], trustRootsPem: 'roots' });
  expect(credential.nodeId).toMatch(/^n-[a-z2-7]{13}$/);
  const share = credential.renewAfterMs / (30 * 86_400_000);
  expect(share).toBeGreaterThanOrEqual(0.6);
  expect(share).toBeLessThan(0.68);
  expect(bench.identities.check(key.sha256)).toMatchObject({ nodeId: credential.nodeId, site: 'lab', kind: 'pi' });
  expect(await bench.timeline()).toEqual(['SiteCreated', 'TokenCreated', 'NodeEnrolled']);
});

test('a hundred keys at once with a token for three make three nodes with three names', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token({ uses: 3 });
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => bench.enrol(new TestKey(), token)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  const names = (await bench.store.reader.nodes()).map(({ name }) => name);
  expect(names.toSorted()).toEqual(['raspberrypi', 'raspberrypi-2', 'raspberrypi-3']);
  const [stored] = (await bench.tokens.tokens({ limit: 10 })).items;
  expect(stored?.usesLeft).toBe(0);
});

test('a waiting board is told when to ask and what to show, and is let in after a person said so', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token({ preApproved: false });
  const key = new TestKey();
  const first = await bench.enrol(key, token);
  expect(first).toMatchObject({ kind: 'pending', pollAfterMs: 15_000 });
  await bench.world.advance(15_000);
  await bench.enrol(key, token);
  const [waiting] = (await bench.enrollments.enrollments({ state: 'pending', limit: 10 })).items;
  expect(waiting).toMatchObject({ fingerprint: key.sha256, hostname: 'raspberrypi', state: 'pending' });
  expect((waiting?.lastAskedAtMs ?? 0) - (waiting?.firstAskedAtMs ?? 0)).toBe(15_000);
  const approved = await bench.enrollments.approveEnrollment(key.sha256, undefined, 'it is the one', by('kim'));
  expect(approved.state).toBe('approved');
  expect(await bench.enrol(key, token)).toMatchObject({ kind: 'credential', credential: { nodeId: approved.nodeId } });
  expect(await bench.timeline()).toEqual(['SiteCreated', 'TokenCreated', 'EnrollmentPending', 'NodeEnrolled']);
});

test('an approval after the token expired still counts, but not after it was revoked', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token({ preApproved: false, ttlMs: 60_000, uses: 2 });
  const [early, late] = [new TestKey(), new TestKey()];
  await bench.enrol(early, token);
  await bench.enrol(late, token);
  await bench.world.advance(60_000);
  await bench.enrollments.approveEnrollment(early.sha256, 'pi-1', 'yes', by('kim'));
  expect((await bench.enrol(early, token)).kind).toBe('credential');
  await bench.tokens.revokeToken(token.split('_')[1] ?? '', by('kim'));
  expect((await refusal(bench.enrol(late, token))).code).toBe('permission-denied');
});

test('decisions are made once, and names are checked', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token({ preApproved: false, uses: 2 });
  const [a, b] = [new TestKey(), new TestKey()];
  await bench.enrol(a, token);
  await bench.enrol(b, token);
  const { approveEnrollment: approve } = bench.enrollments;
  const bound = approve.bind(bench.enrollments);
  expect((await refusal(bound(a.sha256, 'Not A Name', 'r', by('kim')))).code).toBe('invalid-argument');
  await bound(a.sha256, 'pi-1', 'r', by('kim'));
  expect((await refusal(bound(a.sha256, 'pi-2', 'r', by('kim')))).code).toBe('failed-precondition');
  expect((await refusal(bound(b.sha256, 'pi-1', 'r', by('kim')))).code).toBe('already-exists');
  expect((await refusal(bound('0'.repeat(64), 'pi-3', 'r', by('kim')))).code).toBe('not-found');
  await bench.enrollments.rejectEnrollment(b.sha256, 'no', by('kim'));
  expect((await refusal(bound(b.sha256, 'pi-3', 'r', by('kim')))).code).toBe('failed-precondition');
});

test('a store that fails in the middle leaves nothing half done, and the board’s next try works', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token();
  const key = new TestKey();
  bench.store.failWith = 'unavailable';
  expect((await refusal(bench.enrol(key, token))).code).toBe('unavailable');
  bench.store.failWith = undefined;
  expect(await bench.store.reader.nodes()).toEqual([]);
  expect((await bench.enrol(key, token)).kind).toBe('credential');
  expect(await bench.store.reader.nodes()).toHaveLength(1);
});

test('a crash between node and credential is healed by asking again, also after a restart', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token();
  const key = new TestKey();
  bench.authority.failWith = 'unavailable';
  expect((await refusal(bench.enrol(key, token))).code).toBe('unavailable');
  expect(await bench.store.reader.nodes()).toHaveLength(1);
  const again = await bench.restart();
  const outcome = await again.enrol(key, token);
  expect(outcome.kind).toBe('credential');
  const nodes = await again.store.reader.nodes();
  expect(nodes.map(({ id }) => id)).toEqual([outcome.kind === 'credential' ? outcome.credential.nodeId : '']);
});

test('refusals are on record without flooding the timeline', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token();
  await bench.node();
  for (let i = 0; i < 50; i++) await refusal(bench.enrol(new TestKey(), token, { nodeKind: 'switch' }));
  const refused = (await bench.timeline()).filter((reason) => reason === 'EnrollmentRefused');
  expect(refused).toHaveLength(1);
  await bench.world.advance(60_000);
  await refusal(bench.enrol(new TestKey(), token, { nodeKind: 'switch' }));
  await bench.world.settle();
  const [newest] = await bench.store.reader.eventsNewest(undefined, { limit: 1 });
  expect(newest?.message).toContain('and 49 more like it');
});

test('what a board says about itself is inert in events and views', async () => {
  const bench = await TrustBench.start();
  const token = await bench.token({ preApproved: false });
  const hostname = '\u001b]0;owned\u0007‮evil';
  await bench.enrol(new TestKey(), token, { hostname, board: { model: '\u001b[2J', serial: '\n', macAddresses: [] } });
  const kept = JSON.stringify([
    (await bench.enrollments.enrollments({ state: 'pending', limit: 1 })).items,
    await bench.store.reader.eventsNewest(undefined, { limit: 1 }),
  ]);
  expect(kept).not.toMatch(/\\u001b|\\u0007|‮|\\n/);
});

test('an empty or enormous key is refused before any work', async () => {
  const bench = await TrustBench.start();
  for (const size of [0, 1_025]) {
    const ask = { kind: 'challenge', spkiDer: new Uint8Array(size) } as const;
    expect((await refusal(bench.enrollments.ask(ask, 'x'))).code).toBe('invalid-argument');
  }
});

test('T-04 every refusal comes at the same moment after the question', async () => {
  const bench = await TrustBench.start({ isPatient: true });
  const used = await bench.token();
  await bench.enrol(new TestKey(), used);
  const bad = {
    usedUp: used,
    expired: await bench.token({ ttlMs: -1 }),
    ofAnotherKind: await bench.token({ kind: 'switch' }),
    unknown: used.replace(/_[a-z2-7]{8}_/, '_aaaaaaaa_'),
    truncated: used.slice(0, -1),
  };
  for (const token of Object.values(bad)) {
    let isOver = false;
    const refused = refusal(bench.enrol(new TestKey(), token)).finally(() => {
      isOver = true;
    });
    await bench.world.advance(19);
    expect(isOver).toBe(false);
    await bench.world.advance(1);
    expect((await refused).code).toBe('permission-denied');
  }
});
