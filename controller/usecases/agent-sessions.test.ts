import { expect, test } from 'vitest';
import type { UplinkBudget } from '../domain/site.js';
import type { FactChange } from './agent-messages.js';
import { by } from './testing/by.js';
import { agentEvent, FakeAgent, healthyFacts, id, makeNode, refusal, TestFleet } from './testing/fleet.js';

test('a node is welcomed with its cadence before anything else', async () => {
  const fleet = await TestFleet.start({ options: { reportIntervalMs: 5_000 } });
  const agent = await fleet.connect(new FakeAgent(1));
  expect(agent.received[0]).toMatchObject({
    kind: 'welcome',
    controllerMs: fleet.world.clock.nowMs(),
    epoch: 1,
    cadence: { reportIntervalMs: 5_000, probeAfterMs: 12_500, reconnectSpreadMs: 60_000 },
    commandsHeld: false,
  });
  expect(fleet.core.sessions.onlineCount).toBe(1);
});

test('T-23: an agent of another kind than its certificate says is refused, and it is written down once', async () => {
  const fleet = await TestFleet.start();
  const liar = new FakeAgent(1, { kind: 'fileserver' });
  expect((await refusal(liar.connect(fleet.core))).code).toBe('permission-denied');
  expect((await refusal(liar.connect(fleet.core))).code).toBe('permission-denied');
  expect(await fleet.timeline()).toEqual(['KindMismatch']);
});

test('unknown and revoked nodes are not let in', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(1, { lifecycle: 'revoked' })] });
  expect((await refusal(new FakeAgent(1).connect(fleet.core))).code).toBe('unauthenticated');
  expect((await refusal(new FakeAgent(7).connect(fleet.core))).code).toBe('unauthenticated');
});

test('a node that was enrolled after the start is known as soon as it connects', async () => {
  const fleet = await TestFleet.start();
  await fleet.store.transact((writer) => writer.putNode(makeNode(3)));
  await fleet.connect(new FakeAgent(3));
  expect(fleet.core.nodes.get(id(3))?.liveness).toBe('unobserved');
});

test('no more streams than the limit, and the place of one that left is free again', async () => {
  const fleet = await TestFleet.start({ options: { sessionsMax: 1 } });
  const first = await fleet.connect(new FakeAgent(1));
  expect((await refusal(new FakeAgent(2).connect(fleet.core))).code).toBe('resource-exhausted');
  first.cut();
  await fleet.connect(new FakeAgent(2));
});

test('a full report is acknowledged at once, the others after ten or with one that finds the last one old', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  expect(agent.got('report-ack')).toEqual([{ kind: 'report-ack', throughSequence: 1 }]);
  for (let i = 0; i < 9; i++) agent.report([], false);
  expect(agent.got('report-ack')).toHaveLength(1);
  agent.report([], false);
  expect(agent.got('report-ack').at(-1)).toEqual({ kind: 'report-ack', throughSequence: 11 });
  const { length } = agent.got('report-ack');
  for (let i = 0; i < 3; i++) {
    await fleet.world.advance(30_000);
    agent.report([], false);
  }
  expect(agent.got('report-ack')).toHaveLength(length);
  await fleet.world.advance(30_000);
  agent.report([], false);
  expect(agent.got('report-ack').at(-1)).toEqual({ kind: 'report-ack', throughSequence: 15 });
});

test('a delta without a full report before it asks for one and is not taken', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report(healthyFacts(), false);
  expect(agent.got('resync')).toHaveLength(1);
  expect(fleet.core.nodes.get(id(1))?.facts.seriesCount).toBe(0);
});

test('the desired state is told when asked for', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(1, { desiredRevision: 4 })] });
  const agent = await fleet.connect(new FakeAgent(1));
  agent.session?.receive({ kind: 'desired-state-pull', haveRevision: 0 });
  await fleet.world.settle();
  expect(agent.got('desired-state')).toMatchObject([{ revision: 4, cadence: { reportIntervalMs: 30_000 } }]);
  agent.session?.receive({
    kind: 'desired-state-reached',
    revision: 4,
    triedRevision: 4,
    outcome: 'reached',
    detail: '',
  });
  expect(fleet.core.nodes.get(id(1))?.desiredRevisionReached).toBe(4);
});

test('takeover, the first is dead: it does not answer its probe, so the newcomer is let in after 5 s', async () => {
  const fleet = await TestFleet.start();
  const first = await fleet.connect(new FakeAgent(1));
  first.answersProbes = false;
  const second = new FakeAgent(1, { bootId: 'boot-1-2', processNonce: 'process-1-2' });
  const connecting = second.connect(fleet.core);
  await fleet.world.advance(4_999);
  expect(second.received).toEqual([]);
  await fleet.world.advance(1);
  await connecting;
  expect(first.closedWith?.reason).toBe('superseded');
  expect(second.got('welcome')).toHaveLength(1);
  expect(fleet.core.sessions.onlineCount).toBe(1);
});

test('takeover, the stream of the first ends while it is asked: nobody waits for the limit', async () => {
  const fleet = await TestFleet.start();
  const first = await fleet.connect(new FakeAgent(1));
  first.answersProbes = false;
  const second = new FakeAgent(1, { processNonce: 'process-1-2' });
  const connecting = second.connect(fleet.core);
  await fleet.world.settle();
  first.cut();
  await connecting;
  expect(second.got('welcome')).toHaveLength(1);
});

test('takeover, the same process dials again: superseded at once, without a question', async () => {
  const fleet = await TestFleet.start();
  const first = await fleet.connect(new FakeAgent(1));
  const again = await fleet.connect(new FakeAgent(1));
  expect(first.got('probe')).toEqual([]);
  expect(first.closedWith?.reason).toBe('superseded');
  expect(again.got('welcome')).toHaveLength(1);
  expect(await fleet.timeline()).toEqual([]);
});

test('T-10: a clone is refused, the one in service stays, an incident opens, and commands stop', async () => {
  const fleet = await TestFleet.start();
  const first = await fleet.connect(new FakeAgent(1));
  first.report();
  const clone = new FakeAgent(1, { bootId: 'boot-of-the-clone', processNonce: 'other' });
  expect((await refusal(clone.connect(fleet.core))).code).toBe('already-exists');
  expect(clone.received).toEqual([]);
  expect(first.closedWith).toBeUndefined();
  expect(fleet.core.nodes.get(id(1))?.node.lifecycle).toBe('frozen');
  expect(await fleet.timeline()).toEqual(['NodeReporting', 'IdentityClone']);
  const create = { action: { kind: 'reboot' }, reason: 'x', validForMs: 60_000 } as const;
  expect((await refusal(fleet.core.commands.issue(id(1), create, by('operator')))).code).toBe('failed-precondition');
});

test('T-10: a frozen node comes back in the boot that was in service, also after a restart of the controller', async () => {
  const fleet = await TestFleet.start();
  const first = await fleet.connect(new FakeAgent(1));
  const clone = { bootId: 'boot-of-the-clone', processNonce: 'other' };
  await refusal(new FakeAgent(1, clone).connect(fleet.core));
  first.cut();
  expect((await refusal(new FakeAgent(1, clone).connect(fleet.core))).code).toBe('already-exists');
  await fleet.connect(new FakeAgent(1));

  const restarted = await fleet.restart();
  expect((await refusal(new FakeAgent(1, clone).connect(restarted.core))).code).toBe('already-exists');
  await restarted.connect(new FakeAgent(1));
  expect(restarted.core.sessions.onlineCount).toBe(1);
});

test('two newcomers at once: one is judged, the other one has to come again', async () => {
  const fleet = await TestFleet.start();
  const first = await fleet.connect(new FakeAgent(1));
  first.answersProbes = false;
  const second = new FakeAgent(1, { processNonce: 'b' }).connect(fleet.core);
  expect((await refusal(new FakeAgent(1, { processNonce: 'c' }).connect(fleet.core))).code).toBe('resource-exhausted');
  await fleet.world.advance(5_000);
  await second;
});

test('a silent stream is asked, and closed when nobody answers', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  await fleet.world.advance(49_000);
  expect(agent.got('probe')).toHaveLength(0);
  await fleet.world.advance(2_000);
  expect(agent.got('probe')).toHaveLength(1);
  expect(agent.closedWith).toBeUndefined();
  agent.answersProbes = false;
  await fleet.world.advance(60_000);
  expect(agent.closedWith?.detail).toBe('no answer to a probe');
  expect(fleet.core.sessions.onlineCount).toBe(0);
});

test('an agent that answers probes but never reports is silent all the same', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  await fleet.world.advance(96_000);
  expect(agent.closedWith).toBeUndefined();
  expect(fleet.core.nodes.get(id(1))?.liveness).toBe('silent');
});

test('closing a node takes effect at once: nothing that still arrives counts', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  expect(fleet.core.sessions.closeNode(id(1), 'revoked', 'lost')).toBe(true);
  agent.report();
  agent.events(agentEvent(1, { kind: 'boot-observed', previousBootId: 'x' }));
  await fleet.world.settle();
  expect(agent.closedWith).toEqual({ reason: 'revoked', detail: 'lost' });
  expect(fleet.core.nodes.get(id(1))?.hasReported).toBe(false);
  expect(await fleet.timeline()).toEqual([]);
  expect(fleet.core.sessions.closeNode(id(1), 'revoked', 'lost')).toBe(false);
});

test('a controller that stops says goodbye to all, lets nobody in, and leaves no timer behind', async () => {
  const fleet = await TestFleet.start();
  const agents = [await fleet.connect(new FakeAgent(1)), await fleet.connect(new FakeAgent(2))];
  await fleet.core.stop();
  expect(agents.map((agent) => agent.closedWith?.reason)).toEqual(['shutdown', 'shutdown']);
  expect((await refusal(new FakeAgent(1).connect(fleet.core))).code).toBe('unavailable');
  expect(fleet.world.timersCount).toBe(0);
});

test('a node that is revoked while it is being let in does not stay', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  await fleet.store.transact((writer) => writer.putNode(makeNode(1, { lifecycle: 'revoked' })));
  await fleet.core.refreshNode(id(1));
  expect(agent.closedWith?.reason).toBe('revoked');
});

test('a message that trips over a bug is counted, and the stream lives on', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.session?.receive({
    kind: 'report',
    report: { sequence: 1, full: true, takenAtMs: 0, changes: brokenChanges() },
  });
  agent.report();
  expect(fleet.core.counters()).toMatchObject({ messages_failed_total: 1, reports_total: 1 });
  expect(agent.closedWith).toBeUndefined();
});

function brokenChanges(): readonly FactChange[] {
  return Object.defineProperty([...healthyFacts()], Symbol.iterator, {
    value: () => {
      throw new Error('broken');
    },
  });
}

test('a site whose uplink is tight reports more seldom, and is not missed while it is told to hurry again', async () => {
  let uplink: UplinkBudget | undefined;
  const use = { downBitsPerS: 0, upBitsPerS: 0, imagesBitsPerS: 0, uploadsBitsPerS: 0, monthBytes: 0 };
  const fleet = await TestFleet.start({ uplinks: { budgetOf: () => uplink, use: () => use } });
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  uplink = { downBitsPerS: 600, upBitsPerS: 600, monthlyBytes: undefined };
  await fleet.world.advance(11_000);
  expect(agent.got('desired-state').at(-1)).toMatchObject({ cadence: { reportIntervalMs: 100_000 } });
  const liveness = () => fleet.core.nodes.get(agent.peer.nodeId)?.liveness;
  expect(liveness()).toBe('fresh');
  await fleet.world.advance(130_000);
  expect(liveness()).toBe('fresh');
  uplink = undefined;
  await fleet.world.advance(11_000);
  expect(agent.got('desired-state').at(-1)).toMatchObject({ cadence: { reportIntervalMs: 30_000 } });
  expect(liveness()).toBe('fresh');
  agent.report([], false);
  await fleet.world.advance(60_000);
  expect(liveness()).toBe('late');
});
