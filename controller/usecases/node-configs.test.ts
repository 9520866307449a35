import { expect, test } from 'vitest';
import type { AgentEventKind } from '../domain/event.js';
import { nodeDetail } from './fleet-view.js';
import { by } from './testing/by.js';
import { agentEvent, FakeAgent, id, makeNode, refusal, TestFleet } from './testing/fleet.js';

const change = (hostname: string, expectedRevision: number) => ({
  config: { hostname },
  expectedRevision,
  reason: 'tidy',
});

async function start() {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  return { fleet, agent, configs: fleet.core.nodeConfigs };
}

test('a config is stored with who and why, told to its node at once, and given when the node asks', async () => {
  const { fleet, agent, configs } = await start();
  expect(await configs.current(id(1))).toMatchObject({ revision: 0, config: {} });
  await configs.set(id(1), change('pi-7', 0), by('admin:kim'));
  expect(agent.got('desired-state-changed')).toEqual([{ kind: 'desired-state-changed', revision: 1 }]);
  agent.session?.receive({ kind: 'desired-state-pull', haveRevision: 0 });
  await fleet.world.settle();
  expect(agent.got('desired-state')).toMatchObject([{ revision: 1, config: { hostname: 'pi-7' } }]);
  expect((await fleet.events()).map(({ reason, message }) => [reason, message])).toEqual([
    ['ConfigWanted', 'admin:kim wants config 1: hostname: managed from now on, pi-7. Reason: tidy'],
  ]);
  const again = await new FakeAgent(1, { processNonce: 'next' }).connect((await fleet.restart()).core);
  expect(again.got('welcome')).toMatchObject([{ desiredRevision: 1 }]);
});

test('of two who change the same config, the second is told to look again', async () => {
  const { fleet, configs } = await start();
  await configs.set(id(1), change('pi-7', 0), by('admin:kim'));
  const late = await refusal(configs.set(id(1), change('pi-8', 0), by('admin:kim')));
  expect([late.code, late.message]).toEqual([
    'failed-precondition',
    expect.stringContaining('admin:kim made revision 1'),
  ]);
  const both = await Promise.allSettled([
    configs.set(id(1), change('a', 1), by('admin:kim')),
    configs.set(id(1), change('b', 1), by('admin:kim')),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(fleet.core.nodes.get(id(1))?.node.desiredRevision).toBe(2);
});

test('a former revision counts again as a new one', async () => {
  const { configs } = await start();
  await configs.set(id(1), change('pi-7', 0), by('admin:kim'));
  await configs.set(id(1), change('pi-8', 1), by('admin:kim'));
  const back = await configs.rollback(id(1), { toRevision: 1, expectedRevision: 2, reason: 'broken' }, by('admin:ann'));
  expect(back).toMatchObject({
    revision: 3,
    previousRevision: 2,
    config: { hostname: 'pi-7' },
    actor: 'admin:ann',
    reason: 'back to revision 1: broken',
  });
  expect((await configs.history(id(1), 10)).map(({ revision }) => revision)).toEqual([3, 2, 1]);
  const unknown = configs.rollback(id(1), { toRevision: 9, expectedRevision: 3, reason: 'r' }, by('admin:ann'));
  expect((await refusal(unknown)).code).toBe('not-found');
});

test('a restored controller numbers on from what the node has', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(1, { desiredRevision: 2 })] });
  await fleet.connect(new FakeAgent(1, { desiredRevisionReached: 8 }));
  expect((await fleet.core.nodeConfigs.set(id(1), change('pi-7', 0), by('admin:kim'))).revision).toBe(9);
});

test('a node that is not known, or revoked, is not configured', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(1, { lifecycle: 'revoked' })] });
  const { nodeConfigs } = fleet.core;
  expect((await refusal(nodeConfigs.set(id(1), change('pi-7', 0), by('admin:kim')))).code).toBe('failed-precondition');
  expect((await refusal(nodeConfigs.set(id(5), change('pi-7', 0), by('admin:kim')))).code).toBe('not-found');
  expect((await refusal(nodeConfigs.current(id(5)))).code).toBe('not-found');
});

test('how the newest try went is shown until it is in place', async () => {
  const { fleet, agent } = await start();
  const shown = () => {
    const entry = fleet.core.nodes.get(id(1));
    return entry && nodeDetail(entry);
  };
  const base = { kind: 'desired-state-reached', revision: 2, triedRevision: 3 } as const;
  agent.session?.receive({ ...base, outcome: 'undone', detail: 'no \u001b[2J contact' });
  expect(shown()).toMatchObject({
    desiredRevisionReached: 2,
    desiredTry: { revision: 3, outcome: 'undone', detail: 'no \\u{1b}[2J contact' },
  });
  agent.session?.receive({ ...base, revision: 3, outcome: 'reached', detail: '' });
  expect(shown()?.desiredTry).toBeUndefined();
});

test('what became of a config is told in plain words', async () => {
  const { fleet, agent } = await start();
  const settled = (outcome: 'applied' | 'refused' | 'undone' | 'drift-corrected' | 'unknown'): AgentEventKind => ({
    kind: 'node-config-settled',
    revision: 3,
    outcome,
    changes: ['hostname: a -> b'],
    detail: 'because',
  });
  const outcomes = ['applied', 'refused', 'undone', 'drift-corrected', 'unknown'] as const;
  agent.events(...outcomes.map((outcome, index) => agentEvent(index + 1, settled(outcome))));
  expect((await fleet.events()).map(({ severity, message }) => `${severity} ${message}`)).toEqual([
    'info config 3 is in place: hostname: a -> b',
    'error config 3 was refused, nothing has changed: because',
    'error config 3 was taken back: because',
    'warning somebody had changed what config 3 says: hostname: a -> b',
    'info config 3: because; upgrade this controller to know more',
  ]);
});
