import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../controller/system.js';
import { by } from '../../controller/usecases/testing/by.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { credentialOf, TestBoard, TrustRig } from './trust-rig.js';

let rig: TrustRig;
beforeEach(async () => {
  rig = await TrustRig.start({ limits: { asksBurst: 100_000 } });
});
afterEach(async () => {
  await rig.stop();
});

async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('was let in');
}

test('T-03 of a hundred boards with one single-use token exactly one gets in, and it is on record', async () => {
  const token = await rig.token();
  const boards = Array.from({ length: 100 }, () => new TestBoard());
  const answers = await Promise.allSettled(boards.map((board) => board.enrol(rig, token)));
  const refused = answers
    .filter((answer) => answer.status === 'rejected')
    .map(({ reason }) => BrambleError.from(reason));
  expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['permission-denied']));
  expect((await rig.store.reader.nodes()).map(({ lifecycle }) => lifecycle)).toEqual(['enrolled']);
  expect(await rig.timeline()).toContain('EnrollmentRefused');
  expect((await refusal(new TestBoard().enrol(rig, token))).code).toBe('permission-denied');
});

test('a board that asks again with the same key gets the same node', async () => {
  const token = await rig.token();
  const board = new TestBoard();
  const first = credentialOf(await board.enrol(rig, token));
  const [second, third] = await Promise.all([board.enrol(rig, token), board.enrol(rig, token)]);
  expect([credentialOf(second).nodeId, credentialOf(third).nodeId]).toEqual([first.nodeId, first.nodeId]);
  expect(await rig.store.reader.nodes()).toHaveLength(1);
  const link = await rig.connect(board.member(credentialOf(third)));
  expect((await link.next('welcome'))?.epoch).toBe(1);
});

test('T-04 every bad token is refused with the very same words', async () => {
  const good = await rig.token({ uses: 100 });
  const bad = {
    expired: await rig.token({ ttlMs: -1 }),
    'of another kind': await rig.token({ kind: 'switch' }),
    truncated: good.slice(0, -1),
    'with one character changed': good.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
    unknown: (await rig.token()).replace(/_[a-z2-7]{8}_/, '_aaaaaaaa_'),
    empty: '',
    'of ten kilobytes': 'x'.repeat(10_000),
  };
  const words = new Set<string>();
  for (const token of Object.values(bad)) {
    const error = await refusal(new TestBoard().enrol(rig, token));
    words.add(`${error.code} ${error.message} ${error.hint}`);
  }
  expect([...words]).toEqual([expect.stringMatching(/^permission-denied this board may not join/)]);
});

test('T-04 the time of a refusal does not tell why either', { retry: 3 }, async () => {
  const good = await rig.token();
  const tokens = [await rig.token({ ttlMs: -1 }), await rig.token({ kind: 'switch' }), good.slice(0, -1), ''];
  const spentMs = tokens.map((): number[] => []);
  const board = new TestBoard();
  for (let round = 0; round < 40; round++) {
    for (const [index, token] of tokens.entries()) {
      const proof = board.proof(token, await board.ask(rig), rig);
      const startMs = systemClock.monotonicMs();
      const ask = {
        ...proof,
        kind: 'proof',
        nodeKind: 'pi',
        board: { model: '', serial: '', macAddresses: [] },
      } as const;
      expect((await refusal(rig.enrollments.ask(ask, 'test'))).code).toBe('permission-denied');
      spentMs[index]?.push(systemClock.monotonicMs() - startMs);
    }
  }
  const medians = spentMs.map((spent) => spent.toSorted((a, b) => a - b)[spent.length / 2] ?? 0);
  expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(1.05);
});

test('T-05 nothing of a request gets into the certificate but its key', async () => {
  const victim = await rig.enrolNode('fileserver');
  const board = new TestBoard('pi', 'c0ffee');
  const token = await rig.token();
  const nonce = await board.ask(rig);
  const answer = await board.prove(rig, token, nonce, {
    hostname: victim.id,
    board: { model: 'CA:TRUE', serial: `${victim.id}, URI:spiffe://other`, macAddresses: ['serverAuth'] },
  });
  const { nodeId, certificateChainPem } = credentialOf(answer);
  const leaf = new X509Certificate(certificateChainPem);
  expect(nodeId).not.toBe(victim.id);
  expect(leaf.subject).toBe(`CN=${nodeId}`);
  expect(leaf.subjectAltName).toBe(`URI:spiffe://${rig.authority.fleet}/site/lab/pi/${nodeId}`);
  expect([leaf.ca, leaf.keyUsage]).toEqual([false, ['1.3.6.1.5.5.7.3.2']]);
});

test('T-05 a proof as another kind than the token’s, or with a key of another kind, is refused', async () => {
  const token = await rig.token({ uses: 10 });
  const board = new TestBoard();
  expect((await refusal(board.prove(rig, token, await board.ask(rig), { kind: 2 }))).code).toBe('permission-denied');
  expect((await refusal(board.prove(rig, token, await board.ask(rig), { kind: 77 as 1 }))).code).toBe(
    'permission-denied',
  );
  const spkiDer = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' });
  const nonce = await board.ask(rig, rig.authority.rootPin, spkiDer);
  expect((await refusal(board.prove(rig, token, nonce, { spkiDer }))).code).toBe('permission-denied');
  expect(await rig.store.reader.nodes()).toEqual([]);
});

test('T-06 a captured proof is good once, for its key, in its time', async () => {
  const token = await rig.token({ uses: 10 });
  const board = new TestBoard();
  const nonce = await board.ask(rig);
  const captured = board.proof(token, nonce, rig);
  credentialOf(await board.prove(rig, token, nonce));
  expect((await refusal(board.prove(rig, token, nonce, captured))).code).toBe('aborted');

  const thief = new TestBoard();
  const thiefNonce = await thief.ask(rig);
  expect((await refusal(thief.prove(rig, token, thiefNonce, { spkiDer: board.spkiDer }))).code).toBe('aborted');
  expect((await refusal(thief.prove(rig, token, nonce))).code).toBe('aborted');
  const { signature } = captured;
  expect((await refusal(thief.prove(rig, token, thiefNonce, { signature }))).code).toBe('permission-denied');
  expect(await rig.store.reader.nodes()).toHaveLength(1);
});

test('T-08 no secret of a token is stored, logged or told in an event', async () => {
  const token = await rig.token();
  const [, , secret = '', check = ''] = token.split('_');
  await new TestBoard().enrol(rig, token);
  await refusal(new TestBoard().enrol(rig, token));
  const kept = JSON.stringify([
    await rig.store.reader.tokens({ limit: 10 }),
    await rig.store.reader.eventsAfter(0, { limit: 100 }),
    rig.logged,
  ]);
  expect(kept).toContain(token.split('_')[1]);
  expect(kept).not.toContain(secret);
  expect(kept).not.toContain(check);
});

test('T-09 the right token on the wrong board waits for a person, with a warning', async () => {
  const token = await rig.token({ expectSerial: '100000001a2b3c4d' });
  const board = new TestBoard('pi', '00000000deadbeef');
  const { outcome } = await board.enrol(rig, token);
  expect(outcome?.$case).toBe('pending');
  const [waiting] = (await rig.enrollments.enrollments({ state: 'pending', limit: 10 })).items;
  expect(waiting?.why).toContain('00000000deadbeef');
  const words = outcome?.$case === 'pending' ? outcome.value.fingerprintWords : '';
  expect(waiting?.words).toBe(words);
  expect(words.split(' ')).toHaveLength(8);
  const events = await rig.store.reader.eventsAfter(0, { limit: 10 });
  expect(
    events.filter(({ reason, severity }) => reason === 'EnrollmentPending' && severity === 'warning'),
  ).toHaveLength(1);

  await rig.enrollments.approveEnrollment(waiting?.fingerprint ?? '', 'pi-07', 'moved the card', by('kim'));
  const link = await rig.connect(board.member(credentialOf(await board.enrol(rig, token))));
  expect((await link.next('welcome'))?.epoch).toBe(1);
  expect((await rig.store.reader.nodes()).map(({ name }) => name)).toEqual(['pi-07']);
});

test('a rejected board stays out, and the token that it used stays used', async () => {
  const token = await rig.token({ preApproved: false });
  const board = new TestBoard();
  expect((await board.enrol(rig, token)).outcome?.$case).toBe('pending');
  const [waiting] = (await rig.enrollments.enrollments({ state: 'pending', limit: 10 })).items;
  await rig.enrollments.rejectEnrollment(waiting?.fingerprint ?? '', 'not ours', by('kim'));
  expect((await refusal(board.enrol(rig, token))).code).toBe('permission-denied');
  expect((await refusal(new TestBoard().enrol(rig, token))).code).toBe('permission-denied');
});

test('T-16 a board that joins again after its node was revoked is somebody new', async () => {
  const token = await rig.token({ uses: 2 });
  const old = new TestBoard('pi', 'c0ffee01');
  const oldId = credentialOf(await old.enrol(rig, token)).nodeId;
  const [node] = await rig.store.reader.nodes();
  if (node === undefined) throw new Error('no node');
  await rig.revocations.revokeNode(node.id, 'sold', by('kim'));
  const again = new TestBoard('pi', 'c0ffee01');
  const newId = credentialOf(await again.enrol(rig, token)).nodeId;
  expect(newId).not.toBe(oldId);
  const names = (await rig.store.reader.nodes()).map(({ id, name }) => [id, name]);
  expect(new Map(names.map(([id, name]) => [id, name])).get(newId)).toBe('raspberrypi-2');
  const fresh = (await rig.store.reader.nodes()).find(({ id }) => id === newId);
  if (fresh === undefined) throw new Error('no new node');
  expect(await rig.store.reader.eventsNewest({ nodes: [fresh.id] }, { limit: 10 })).toHaveLength(1);
  expect((await refusal(old.enrol(rig, token))).code).toBe('permission-denied');
});

test('a board that says a serial in service waits, even with a good token', async () => {
  await rig.enrolNode('pi', new TestBoard('pi', 'c0ffee01'));
  const { outcome } = await new TestBoard('pi', 'C0FFEE01').enrol(rig, await rig.token());
  expect(outcome?.$case).toBe('pending');
});

test('T-07 questions from one address beyond its budget are shed, and cost no work', async () => {
  const strict = await TrustRig.start({ limits: { asksBurst: 5, asksPerSecond: 0.001 } });
  try {
    const board = new TestBoard();
    for (let i = 0; i < 5; i++) await board.ask(strict);
    expect((await refusal(board.ask(strict))).code).toBe('resource-exhausted');
    expect(strict.server.counters()['asks_shed_total']).toBe(1);
  } finally {
    await strict.stop();
  }
});
