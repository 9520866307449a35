import { expect, test } from 'vitest';
import { commandId } from '../../proto/contract/ids.js';
import { by } from './testing/by.js';
import { FakeWorld } from './testing/fake-world.js';
import { FaultyStore } from './testing/faulty-store.js';
import { agentEvent, commandUpdate, FakeAgent, id, makeStore, TestFleet } from './testing/fleet.js';

const rebooted = { kind: 'boot-observed', previousBootId: 'before' } as const;

async function start(): Promise<{ fleet: TestFleet; store: FaultyStore; agent: FakeAgent }> {
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const fleet = await TestFleet.start({ store });
  return { fleet, store, agent: await fleet.connect(new FakeAgent(1)) };
}

test('an event is acknowledged only after it was committed', async () => {
  const { fleet, store, agent } = await start();
  const open = store.holdCommits();
  agent.events(agentEvent(1, rebooted), agentEvent(2, rebooted));
  await fleet.world.settle();
  expect(agent.got('event-ack')).toEqual([]);
  open();
  await fleet.world.settle();
  expect(agent.got('event-ack')).toEqual([{ kind: 'event-ack', throughSequence: 2 }]);
  expect(await fleet.timeline()).toEqual(['NodeRebooted', 'NodeRebooted']);
});

test('what is sent again is acknowledged again and stored once', async () => {
  const { fleet, agent } = await start();
  agent.events(agentEvent(1, rebooted));
  await fleet.world.settle();
  agent.cut();
  const again = await fleet.connect(new FakeAgent(1));
  again.events(agentEvent(1, rebooted), agentEvent(2, rebooted));
  await fleet.world.settle();
  expect(again.got('event-ack').at(-1)?.throughSequence).toBe(2);
  expect(await fleet.timeline()).toEqual(['NodeRebooted', 'NodeRebooted']);
  expect(fleet.core.counters()['events_known_total']).toBe(1);
});

test('a full disk means no acknowledgement; when space returns the same events are stored and acknowledged', async () => {
  const { fleet, store, agent } = await start();
  store.failWith = 'unavailable';
  agent.events(agentEvent(1, rebooted));
  await fleet.world.advance(5_000);
  agent.events(agentEvent(2, rebooted));
  await fleet.world.advance(5_000);
  expect(agent.got('event-ack')).toEqual([]);
  store.failWith = undefined;
  await fleet.world.advance(31_000);
  expect(agent.got('event-ack').at(-1)?.throughSequence).toBe(2);
  expect(await fleet.timeline()).toEqual(['NodeRebooted', 'NodeRebooted']);
});

test('events of a stream that ended before their commit are left to the agent', async () => {
  const { fleet, store, agent } = await start();
  store.failWith = 'unavailable';
  agent.events(agentEvent(1, rebooted));
  await fleet.world.settle();
  agent.cut();
  store.failWith = undefined;
  await fleet.world.advance(60_000);
  expect(await fleet.timeline()).toEqual([]);
  expect(fleet.core.counters()['events_waiting']).toBe(0);
});

test('an event that cannot be stored is kept as unknown and blocks nothing', async () => {
  const { fleet, agent } = await start();
  agent.events(
    agentEvent(1, rebooted),
    agentEvent(2, { kind: 'clock-stepped', stepMs: 5_000 }, { uptimeMs: Number.NaN }),
    agentEvent(3, rebooted),
  );
  await fleet.world.settle();
  expect(agent.got('event-ack').at(-1)?.throughSequence).toBe(3);
  expect(await fleet.timeline()).toEqual(['NodeRebooted', 'UnknownEvent', 'NodeRebooted']);
  expect(fleet.core.counters()['events_poison_total']).toBe(1);
});

test('an agent that floods its queue is closed, and its memory is given back', async () => {
  const { fleet, store, agent } = await start();
  store.failWith = 'unavailable';
  for (let i = 0; i < 5; i++)
    agent.events(...Array.from({ length: 256 }, (_, j) => agentEvent(i * 256 + j + 1, rebooted)));
  expect(agent.closedWith?.reason).toBe('over-limit');
  await fleet.world.settle();
  expect(fleet.core.counters()['events_waiting']).toBe(0);
});

test('events are told in plain words, with their age when they come late', async () => {
  const { fleet, agent } = await start();
  agent.events(
    agentEvent(1, { kind: 'agent-started', agentVersion: '0.1.0', previousExit: 'crash' }),
    agentEvent(2, { kind: 'clock-stepped', stepMs: -1_735_689_600_000 }, { uptimeMs: 10_000 }),
    agentEvent(3, { kind: 'events-dropped', droppedCount: 12 }, { bootId: 'an-older-boot' }),
    agentEvent(4, { kind: 'desired-state-failed', revision: 3, detail: 'no\u001b[2J space' }),
    agentEvent(5, { kind: 'unknown' }),
  );
  expect((await fleet.events()).map(({ message }) => message)).toEqual([
    'agent 0.1.0 started after it ended without a goodbye in this same boot',
    'its clock stepped back by 20089 d (1 min 30 s ago)',
    'the agent dropped 12 events: its outbox was full',
    'revision 3 was not reached: no\\u{1b}[2J space',
    'the agent told something that this controller does not know; upgrade it',
  ]);
});

test('T-24: a result for a command of another node changes nothing and is written down', async () => {
  const { fleet, agent: liar } = await start();
  const owner = await fleet.connect(new FakeAgent(2));
  const create = { action: { kind: 'reboot' }, reason: 'x', validForMs: 60_000 } as const;
  const command = await fleet.core.commands.issue(id(2), create, by('operator'));
  liar.events(agentEvent(1, commandUpdate(command.id, 'succeeded')));
  await fleet.world.settle();
  expect((await fleet.store.reader.command(command.id))?.state).toBe('dispatched');
  expect(liar.got('event-ack')).toHaveLength(1);
  expect(await fleet.timeline()).toEqual(['CommandIssued', 'ForeignCommandResult']);
  owner.events(agentEvent(1, commandUpdate(command.id, 'succeeded')));
  await fleet.world.settle();
  expect((await fleet.store.reader.command(command.id))?.state).toBe('succeeded');
});

test('T-24: a result for a command that nobody issued changes nothing and is written down', async () => {
  const { fleet, agent } = await start();
  agent.events(agentEvent(1, commandUpdate(commandId('01890000-0000-7000-8000-000000000001'), 'succeeded')));
  expect(await fleet.timeline()).toEqual(['UnknownCommandResult']);
});
