import { expect, test } from 'vitest';
import type { EnrollmentView } from '../../proto/contract/api/fleet.js';
import { NodeDetail } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId } from '../../proto/contract/ids.js';
import type { FleetApi, FleetChange } from './api.js';
import type { FleetParts } from './changes.js';
import { makeFleetApi } from './fleet-api.js';
import { by } from './testing/by.js';
import { FakeAgent, healthyFacts, id, makeNode, refusal, TestFleet } from './testing/fleet.js';

function unused(): never {
  throw new BrambleError('internal', 'not part of this test');
}

const approved: EnrollmentView = {
  fingerprint: 'ab',
  words: '',
  site: 'lab',
  kind: 'pi',
  hostname: 'pi-new',
  model: '',
  serial: '',
  state: 'approved',
  why: '',
  nodeId: id(9),
  firstAskedAtMs: 0,
  lastAskedAtMs: 0,
};

const parts = (fleet: TestFleet): FleetParts => ({
  tokens: { createToken: unused, tokens: unused, revokeTokenIn: unused },
  enrollments: {
    enrollments: unused,
    rejectIn: unused,
    async approveIn(writer) {
      await writer.putNode(makeNode(9, { name: 'pi-new' }));
      return { committed: () => approved };
    },
  },
  revocations: {
    thawIn: unused,
    async revokeIn(writer, { id: node }) {
      const revoked = makeNode(1, { lifecycle: 'revoked' });
      await writer.putNode(revoked);
      return {
        committed: () => {
          fleet.core.sessions.closeNode(node, 'revoked', 'test');
          return revoked;
        },
      };
    },
  },
  identities: { renamed: () => undefined },
});

async function start(): Promise<{ fleet: TestFleet; api: FleetApi; agent: FakeAgent }> {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  await fleet.world.settle();
  return { fleet, api: makeFleetApi(fleet.core, parts(fleet)), agent };
}

test('nodes and their details follow the published shape, with inert text', async () => {
  const { fleet, api, agent } = await start();
  agent.report([...healthyFacts(), { fact: 'hostname_text', instance: '', value: 'pi\u202e-1' }]);
  expect(api.nodes().map(({ name, state }) => `${name} ${state}`)).toEqual(['pi-1 ready', 'pi-2 unknown']);
  const detail = api.node(id(1));
  expect(NodeDetail.parse(detail)).toEqual(detail);
  expect(detail.facts).toContainEqual({ fact: 'hostname_text', instance: '', value: 'pi\\u{202e}-1' });
  expect(detail.bootedAtMs).toBe(fleet.world.clock.nowMs() - 100_000);
  expect(detail.conditions.map(({ type, status }) => `${type} ${status}`)).toContain('MemoryLow false');
  expect(() => api.node(id(7))).toThrow('not known');
});

test('events carry the name of their node, newest first or after a cursor', async () => {
  const { api, agent } = await start();
  agent.report(healthyFacts({ 'filesystem_available_bytes /': 10_000 }));
  await Promise.resolve();
  const newest = (await api.events({ limit: 1 })).items;
  expect(newest).toMatchObject([{ nodeName: 'pi-1' }]);
  const all = await api.eventsAfter(0, 10);
  expect(all.map((event) => event.id)).toEqual([...all.map((event) => event.id)].sort((a, b) => a - b));
});

test('commands are found by id and by node', async () => {
  const { api } = await start();
  const create = { action: { kind: 'restart-unit', unit: 'ssh.service' }, reason: 'x', validForMs: 60_000 } as const;
  const issued = await api.issueCommand(id(1), create, by('alice'));
  expect(await api.command(commandId(issued.id))).toEqual(issued);
  expect(await api.commands({ nodeId: id(1), limit: 10 })).toEqual({ items: [issued], next: undefined });
  expect((await refusal(api.command(commandId('01890000-0000-7000-8000-000000000001')))).code).toBe('not-found');
  expect((await refusal(api.commands({ nodeId: id(7), limit: 10 }))).code).toBe('not-found');
});

test('a revoked node is seen as revoked at once, and its commands are given up', async () => {
  const { api, agent } = await start();
  const create = { action: { kind: 'restart-unit', unit: 'ssh.service' }, reason: 'x', validForMs: 60_000 } as const;
  const issued = await api.issueCommand(id(1), create, by('alice'));
  expect((await api.revokeNode(id(1), 'stolen', by('alice'))).state).toBe('revoked');
  expect(agent.closedWith?.reason).toBe('revoked');
  expect((await api.command(commandId(issued.id))).state).toBe('unknown');
});

test('an approved node is on the list before it connects', async () => {
  const { api } = await start();
  await api.approveEnrollment('ab', undefined, 'mine', by('alice'));
  expect(api.nodes().map(({ name }) => name)).toContain('pi-new');
});

test('a watcher is told of a node at most once in 250 ms, and of each event once, in order', async () => {
  const { fleet, api, agent } = await start();
  const seen: FleetChange[] = [];
  const stop = api.watch((change) => seen.push(change));
  for (let i = 0; i < 20; i++)
    agent.report(healthyFacts({ 'filesystem_available_bytes /': i % 2 === 0 ? 10_000 : 500_000 }));
  await fleet.world.advance(250);
  const nodes = seen.filter((change) => change.kind === 'node');
  const events = seen.flatMap((change) => (change.kind === 'event' ? [change.event.id] : []));
  expect(nodes).toHaveLength(1);
  expect(events).toHaveLength(20);
  expect(events).toEqual([...events].sort((a, b) => a - b));
  stop();
  agent.report(healthyFacts({ 'filesystem_available_bytes /': 10_000 }));
  await fleet.world.advance(2_000);
  expect(seen).toHaveLength(21);
});

test('mere reports are told now and then; an event that somebody else wrote is told with the node it made', async () => {
  const { fleet, api, agent } = await start();
  const seen: FleetChange[] = [];
  api.watch((change) => seen.push(change));
  for (let i = 0; i < 20; i++) {
    agent.report([], false);
    await fleet.world.advance(1_000);
  }
  expect(seen.length).toBeGreaterThanOrEqual(3);
  expect(seen.length).toBeLessThanOrEqual(4);
  const event = { atMs: 1, nodeId: id(7), severity: 'info', reason: 'NodeEnrolled', message: 'x' } as const;
  await fleet.store.transact(async (writer) => {
    await writer.putNode(makeNode(7));
    await writer.addFleetEvent(event);
  });
  await fleet.world.advance(1_250);
  const told = seen.find((change) => change.kind === 'event' && change.event.reason === 'NodeEnrolled');
  expect(told).toMatchObject({ event: { nodeName: 'pi-7' } });
  expect(api.nodes().map(({ name }) => name)).toContain('pi-7');
});

test('a listener that throws harms nobody else', async () => {
  const { fleet, api, agent } = await start();
  const seen: FleetChange[] = [];
  api.watch(() => {
    throw new Error('slow and broken');
  });
  api.watch((change) => seen.push(change));
  agent.report(healthyFacts({ 'filesystem_available_bytes /': 10_000 }));
  await fleet.world.advance(1_000);
  expect(seen.map(({ kind }) => kind).sort()).toEqual(['event', 'node']);
  expect(fleet.core.counters()['listener_failures_total']).toBe(2);
});
