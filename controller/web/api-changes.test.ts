/** Changes that are many, and changes that are asked twice, on real use cases and a real store. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchAnswer } from '../../proto/contract/api/batch.js';
import type { TokenCreated } from '../../proto/contract/api/requests.js';
import { FakeAgent, id } from '../usecases/testing/fleet.js';
import type { HttpAnswer } from './testing/http.js';
import { RealFleet } from './testing/real-fleet.js';

const HOUR_MS = 3_600_000;

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start();
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

/** The body, by the type that the contract gives it. */
const body = <T>(answer: HttpAnswer): T => answer.json() as T;

describe('a batch', () => {
  const restart = { action: { kind: 'restart-unit', unit: 'ssh.service' }, reason: 'x' };

  test('is done as one, each operation seeing those before it', async () => {
    const agent = await new FakeAgent(1).connect(fleet.controller.core);
    const answer = await fleet.ask('POST', '/api/v1/batch', {
      operations: [
        { op: 'create-site', create: { name: 'barn' } },
        {
          op: 'start-maintenance',
          scope: { site: 'barn' },
          start: { reason: 'new', untilMs: fleet.world.clock.nowMs() + HOUR_MS },
        },
        { op: 'change-node', node: id(1), change: { labels: { rack: '3' } } },
        { op: 'change-node', node: id(1), change: { labels: { env: 'a' } }, revision: 2 },
        { op: 'issue-command', node: id(1), create: restart },
        { op: 'revoke-node', node: id(2), reason: 'stolen' },
      ],
    });
    const { results } = body<BatchAnswer>(answer);
    expect([answer.status, results.map(({ index, op }) => `${index} ${op}`)]).toEqual([
      200,
      ['0 create-site', '1 start-maintenance', '2 change-node', '3 change-node', '4 issue-command', '5 revoke-node'],
    ]);
    expect(results[3]?.node?.labels).toEqual({ env: 'a', rack: '3' });
    expect(results[5]?.node?.state).toBe('revoked');
    expect(agent.commandsReceived).toEqual([results[4]?.command?.id]);
  });

  test('with any obstacle does nothing at all, and tells every one with its place', async () => {
    const agent = await new FakeAgent(1).connect(fleet.controller.core);
    const before = await fleet.timeline();
    const answer = await fleet.ask('POST', '/api/v1/batch', {
      operations: [
        { op: 'create-site', create: { name: 'barn' } },
        { op: 'issue-command', node: id(1), create: restart },
        { op: 'change-node', node: id(9), change: {} },
        { op: 'change-node', node: id(1), change: { labels: { rack: 'a b' } } },
        { op: 'change-node', node: id(1), change: { name: 'pi-2' } },
        { op: 'change-node', node: id(1), change: {}, revision: 7 },
        { op: 'delete-site', site: 'nowhere' },
      ],
    });
    expect([answer.status, answer.json()]).toMatchObject([
      404,
      {
        code: 'not-found',
        message: expect.stringContaining('5 of 7 operations cannot be done, so none was'),
        details: {
          errors: [
            { index: 2, op: 'change-node', code: 'not-found' },
            { index: 3, op: 'change-node', code: 'invalid-argument', field: 'labels.rack' },
            { index: 4, op: 'change-node', code: 'already-exists' },
            { index: 5, op: 'change-node', code: 'failed-precondition' },
            { index: 6, op: 'delete-site', code: 'not-found' },
          ],
        },
      },
    ]);
    expect(await fleet.timeline()).toEqual(before);
    expect(agent.commandsReceived).toEqual([]);
    expect((await fleet.ask('GET', '/api/v1/sites/barn')).status).toBe(404);
    expect(fleet.controller.core.counters()).toMatchObject({ commands_open: 0, commands_issued_total: 0 });
  });

  test('a dry run says what a real one would say, and does nothing', async () => {
    const operations = [
      { op: 'create-site', create: { name: 'barn' } },
      { op: 'issue-command', node: id(1), create: restart },
    ];
    const dry = await fleet.ask('POST', '/api/v1/batch', { dryRun: true, operations });
    expect([dry.status, dry.json()]).toEqual([
      200,
      {
        dryRun: true,
        results: [
          { index: 0, op: 'create-site' },
          { index: 1, op: 'issue-command' },
        ],
      },
    ]);
    expect(await fleet.timeline()).toEqual([]);
    expect(fleet.controller.core.counters()).toMatchObject({ commands_open: 0 });
    const bad = [...operations, { op: 'delete-site', site: 'nowhere' }];
    expect((await fleet.ask('POST', '/api/v1/batch', { dryRun: true, operations: bad })).status).toBe(404);
  });

  test.for<[string, unknown]>([
    ['nothing', { operations: [] }],
    ['more than 100 operations', { operations: Array.from({ length: 101 }, () => ({ op: 'delete-site', site: 'a' })) }],
    ['an operation of another world', { operations: [{ op: 'shell', node: id(1) }] }],
  ])('%s is refused before anything is tried', async ([, asked]) => {
    const answer = await fleet.ask('POST', '/api/v1/batch', asked);
    expect([answer.status, answer.json()]).toMatchObject([400, { code: 'invalid-argument' }]);
  });

  test('a wrong field is told with the operation that it is in', async () => {
    const operations = [
      { op: 'delete-site', site: 'a' },
      { op: 'revoke-node', node: id(1), reason: '' },
    ];
    const answer = await fleet.ask('POST', '/api/v1/batch', { operations });
    expect(answer.json()).toMatchObject({ details: { fields: [{ index: 1, field: 'operations.1.reason' }] } });
  });
});

describe('a change with a key', () => {
  const restart = { action: { kind: 'restart-unit', unit: 'ssh.service' }, reason: 'x' };
  const issue = (key: string, asked: unknown = restart) =>
    fleet.ask('POST', `/api/v1/nodes/${id(1)}/commands`, asked, { 'idempotency-key': key });

  test('that is asked again is not done again, and gets the same answer', async () => {
    const first = await issue('k-1');
    const again = await issue('k-1');
    expect(again.text).toBe(first.text);
    expect([again.status, again.headers['idempotent-replay']]).toEqual([202, 'true']);
    expect(await fleet.timeline()).toEqual(['CommandIssued']);
    expect((await issue('k-2')).text).not.toBe(first.text);
  });

  test('the same key for something else is refused; another person’s key is another key', async () => {
    await issue('k-1');
    const other = await issue('k-1', { ...restart, reason: 'y' });
    expect([other.status, other.json()]).toMatchObject([400, { details: { fields: [{ field: 'Idempotency-Key' }] } }]);
    const headers = { 'idempotency-key': 'k-1', 'x-bramble-actor': 'lee' };
    expect((await fleet.ask('POST', `/api/v1/nodes/${id(1)}/commands`, restart, headers)).status).toBe(202);
  });

  test('that was refused may be asked again', async () => {
    const site = { name: 'barn' };
    await fleet.ask('POST', '/api/v1/sites', site);
    const key = { 'idempotency-key': 'k-1' };
    expect((await fleet.ask('POST', '/api/v1/sites', site, key)).status).toBe(409);
    await fleet.ask('DELETE', '/api/v1/sites/barn');
    expect((await fleet.ask('POST', '/api/v1/sites', site, key)).status).toBe(201);
  });

  test('asked twice at once is done once', async () => {
    const answers = await Promise.all([issue('k-1'), issue('k-1'), issue('k-1')]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202).length).toBeGreaterThanOrEqual(1);
    expect(statuses.every((status) => status === 202 || status === 409)).toBe(true);
    expect(await fleet.timeline()).toEqual(['CommandIssued']);
  });

  test('a secret that is shown once is not kept for the second asking', async () => {
    const create = () =>
      fleet.ask('POST', '/api/v1/tokens', { site: 'barn', kind: 'pi' }, { 'idempotency-key': 'k-1' });
    const { token } = body<TokenCreated>(await create());
    const again = await create();
    expect([again.status, again.json()]).toMatchObject([409, { message: 'this was done; its answer is not kept' }]);
    expect(again.text).not.toContain(token.split('_')[2]);
    expect(await fleet.timeline()).toEqual(['SiteCreated', 'TokenCreated']);
  });

  test('that a dying controller left half done is not done again: nobody knows, and that is said', async () => {
    const asked = { keySha256: 'a'.repeat(64), requestSha256: 'b'.repeat(64) };
    await fleet.controller.idempotency.begin(asked);
    await fleet.stop();
    fleet = await RealFleet.start({ store: fleet.store, nodes: [] });
    await expect(fleet.controller.idempotency.begin(asked)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('nobody knows'),
    });
  });

  test('answers are kept for a day', async () => {
    await issue('k-1');
    fleet.world.stepWallClock(86_400_000 + 1_000);
    await issue('k-1');
    expect((await fleet.timeline()).filter((reason) => reason === 'CommandIssued')).toHaveLength(2);
  });
});
