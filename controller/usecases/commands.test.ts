import { expect, test } from 'vitest';
import type { CommandCreate } from '../../proto/contract/api/requests.js';
import { commandId } from '../../proto/contract/ids.js';
import { seededRandom, uuidv7 } from '../../proto/contract/random.js';
import { by } from './testing/by.js';
import { FakeWorld } from './testing/fake-world.js';
import { FaultyStore } from './testing/faulty-store.js';
import { agentEvent, commandUpdate, FakeAgent, id, makeNode, makeStore, refusal, TestFleet } from './testing/fleet.js';

const restartSsh: CommandCreate = {
  action: { kind: 'restart-unit', unit: 'ssh.service' },
  reason: 'stuck',
  validForMs: 300_000,
};
const reboot: CommandCreate = { action: { kind: 'reboot' }, reason: 'kernel', validForMs: 300_000 };

test('a command to a connected node is committed, then sent, and its life is told by the node', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  const { id: command, bootId, epoch } = await fleet.core.commands.issue(id(1), reboot, by('alice'));
  expect({ bootId, epoch }).toEqual({ bootId: 'boot-1-1', epoch: 1 });
  expect(agent.commandsReceived).toEqual([command]);
  agent.events(
    agentEvent(1, commandUpdate(command, 'accepted')),
    agentEvent(2, commandUpdate(command, 'started')),
    agentEvent(3, commandUpdate(command, 'succeeded')),
  );
  expect((await fleet.events()).map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
    'CommandIssued: alice ordered the reboot: kernel',
    'CommandSucceeded: the reboot succeeded',
  ]);
  expect(fleet.core.counters()['commands_open']).toBe(0);
});

test('what cannot be committed is not sent', async () => {
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const fleet = await TestFleet.start({ store });
  const agent = await fleet.connect(new FakeAgent(1));
  store.failWith = 'unavailable';
  expect((await refusal(fleet.core.commands.issue(id(1), restartSsh, by('alice')))).code).toBe('unavailable');
  store.failWith = undefined;
  await fleet.world.advance(10_000);
  expect(agent.commandsReceived).toEqual([]);
  expect(fleet.core.counters()['commands_open']).toBe(0);
});

test('a command to a node that is away waits, and is sent when it connects', async () => {
  const fleet = await TestFleet.start();
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  expect(command.state).toBe('issued');
  const agent = await fleet.connect(new FakeAgent(1));
  expect(agent.commandsReceived).toEqual([command.id]);
  expect(agent.received[0]?.kind).toBe('welcome');
  expect((await fleet.store.reader.command(command.id))?.state).toBe('dispatched');
});

test('a node that connects while its command is being committed gets it all the same', async () => {
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const fleet = await TestFleet.start({ store });
  const open = store.holdCommits();
  const issuing = fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  const agent = await fleet.connect(new FakeAgent(1));
  expect(agent.commandsReceived).toEqual([]);
  open();
  const command = await issuing;
  await fleet.world.settle();
  expect(agent.commandsReceived).toEqual([command.id]);
});

test('an unanswered command is sent again, unchanged, after a cut and after a restart of the controller', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  const { id: command } = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  agent.cut();
  const again = await fleet.connect(new FakeAgent(1));
  expect(again.got('command')).toEqual(agent.got('command'));
  const restarted = await fleet.restart();
  const third = await restarted.connect(new FakeAgent(1));
  expect(third.got('command')).toEqual(agent.got('command'));
  third.events(agentEvent(1, commandUpdate(command, 'accepted')));
  await restarted.world.settle();
  third.cut();
  expect((await restarted.connect(new FakeAgent(1))).commandsReceived).toEqual([]);
});

test('a command that was never sent lapses at its deadline, and is not sent afterwards', async () => {
  const fleet = await TestFleet.start();
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  await fleet.world.advance(299_000);
  expect((await fleet.store.reader.command(command.id))?.state).toBe('issued');
  await fleet.world.advance(2_000);
  expect((await fleet.store.reader.command(command.id))?.state).toBe('lapsed');
  expect(await fleet.timeline()).toEqual(['CommandIssued', 'CommandLapsed']);
  expect((await fleet.connect(new FakeAgent(1))).commandsReceived).toEqual([]);
});

test('a deadline counts through a restart of the controller', async () => {
  const fleet = await TestFleet.start();
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  const restarted = await fleet.restart();
  await restarted.world.advance(301_000);
  expect((await restarted.store.reader.command(command.id))?.state).toBe('lapsed');
});

test('a command that was sent but never answered is unknown, and the node is asked when it is back', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  const { id: command } = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  agent.cut();
  await fleet.world.advance(301_000);
  expect((await fleet.store.reader.command(command))?.state).toBe('unknown');
  const back = await fleet.connect(new FakeAgent(1));
  expect(back.commandsReceived).toEqual([command]);
  back.events(agentEvent(1, commandUpdate(command, 'succeeded')));
  expect(await fleet.timeline()).toEqual(['CommandIssued', 'CommandUnknown', 'CommandSucceeded']);
});

test('while deadlines cannot be written they are tried again', async () => {
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const fleet = await TestFleet.start({ store });
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  store.failWith = 'unavailable';
  await fleet.world.advance(310_000);
  expect((await store.reader.command(command.id))?.state).toBe('issued');
  store.failWith = undefined;
  await fleet.world.advance(2_000);
  expect((await store.reader.command(command.id))?.state).toBe('lapsed');
});

test('a node gets no more than 16 open commands', async () => {
  const fleet = await TestFleet.start();
  for (let i = 0; i < 16; i++) await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  expect((await refusal(fleet.core.commands.issue(id(1), restartSsh, by('alice')))).code).toBe('failed-precondition');
  expect((await fleet.store.reader.commandsNewest(id(1), { limit: 3 })).length).toBe(3);
});

test('a revoked node’s commands are given up', async () => {
  const fleet = await TestFleet.start();
  const unsent = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  await fleet.core.commands.nodeRevoked(id(1));
  expect((await fleet.store.reader.command(unsent.id))?.state).toBe('lapsed');
});

test('an unknown node, a revoked one, and a reboot of one that is away are refused', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(1), makeNode(2, { lifecycle: 'revoked' })] });
  expect((await refusal(fleet.core.commands.issue(id(9), restartSsh, by('alice')))).code).toBe('not-found');
  expect((await refusal(fleet.core.commands.issue(id(2), restartSsh, by('alice')))).code).toBe('failed-precondition');
  expect((await refusal(fleet.core.commands.issue(id(1), reboot, by('alice')))).code).toBe('failed-precondition');
});

test('a node that was frozen by somebody else a moment ago gets no command', async () => {
  const fleet = await TestFleet.start();
  await fleet.connect(new FakeAgent(1));
  await fleet.store.transact((writer) => writer.putNode(makeNode(1, { lifecycle: 'frozen' })));
  expect((await refusal(fleet.core.commands.issue(id(1), reboot, by('alice')))).code).toBe('failed-precondition');
});

const ledger = (fleet: TestFleet, ageMs: number) => {
  const newer = commandId(uuidv7(fleet.world.clock.nowMs() - ageMs, seededRandom(9)));
  return { newestCommandIds: [newer], entriesCount: 1, epochHighest: 1 };
};

test('an actuator that remembers a command which is not on record puts commands on hold, also after a restart', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1, { ledgerHead: ledger(fleet, 60_000) }));
  expect(agent.got('welcome')[0]?.commandsHeld).toBe(true);
  expect(await fleet.timeline()).toEqual(['CommandsHeld']);
  const refused = await refusal(fleet.core.commands.issue(id(1), restartSsh, by('alice')));
  expect(refused.code).toBe('failed-precondition');
  expect(refused.hint).toContain('promote');
  const restarted = await fleet.restart();
  await restarted.connect(new FakeAgent(2));
  expect((await refusal(restarted.core.commands.issue(id(2), restartSsh, by('alice')))).code).toBe(
    'failed-precondition',
  );
  expect(await restarted.timeline()).toEqual(['CommandsHeld']);
});

test('what waits for its node is not sent while commands are held', async () => {
  const fleet = await TestFleet.start();
  await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  await fleet.connect(new FakeAgent(2, { ledgerHead: ledger(fleet, 60_000) }));
  expect((await fleet.connect(new FakeAgent(1))).commandsReceived).toEqual([]);
});

test('an actuator that obeyed a higher epoch puts commands on hold', async () => {
  const fleet = await TestFleet.start();
  await fleet.connect(new FakeAgent(1, { ledgerHead: { newestCommandIds: [], entriesCount: 0, epochHighest: 2 } }));
  expect(await fleet.timeline()).toEqual(['CommandsHeld']);
});

test('known commands, and commands so old that retention removed them, are no reason to hold', async () => {
  const fleet = await TestFleet.start();
  const known = await fleet.core.commands.issue(id(2), restartSsh, by('alice'));
  await fleet.connect(new FakeAgent(1, { ledgerHead: ledger(fleet, 181 * 86_400_000) }));
  await fleet.connect(
    new FakeAgent(2, { ledgerHead: { newestCommandIds: [known.id], entriesCount: 1, epochHighest: 1 } }),
  );
  expect(await fleet.timeline()).toEqual(['CommandIssued']);
});

test('who lost the right while their command waited for its node does not have it done', async () => {
  const rights = new Map([
    ['user:kim', true],
    ['user:lee', true],
  ]);
  const asked: string[] = [];
  const fleet = await TestFleet.start({
    mayStill: async (actor, permission, site) => {
      asked.push(`${actor} ${permission} ${site}`);
      return rights.get(actor) ?? false;
    },
  });
  const kims = await fleet.core.commands.issue(id(1), restartSsh, by('user:kim'));
  const lees = await fleet.core.commands.issue(id(1), restartSsh, by('user:lee'));
  rights.set('user:kim', false);
  const agent = await fleet.connect(new FakeAgent(1));
  expect(agent.commandsReceived).toEqual([lees.id]);
  expect(await fleet.store.reader.command(kims.id)).toMatchObject({
    state: 'lapsed',
    detail: 'it was not sent before who ordered it lost the right to',
  });
  expect(asked.toSorted()).toEqual(['user:kim commands.issue lab', 'user:lee commands.issue lab']);
});

test('what was sent and not answered is not sent again for somebody who lost the right', async () => {
  let may = true;
  const fleet = await TestFleet.start({ mayStill: () => Promise.resolve(may) });
  (await fleet.connect(new FakeAgent(1))).cut();
  const first = await fleet.connect(new FakeAgent(1));
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('user:kim'));
  first.cut();
  may = false;
  expect((await fleet.connect(new FakeAgent(1))).commandsReceived).toEqual([]);
  expect((await fleet.store.reader.command(command.id))?.state).toBe('dispatched'); // it may have run: time will tell
});

test('a command is in the audit log with who ordered it and why, and one that was not stored is not', async () => {
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const fleet = await TestFleet.start({ store });
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('user:kim'));
  store.failWith = 'unavailable';
  await refusal(fleet.core.commands.issue(id(1), restartSsh, by('user:kim')));
  expect(await store.reader.audit.after(0, 10)).toMatchObject([
    {
      ...{ action: 'command.issue', target: id(1), site: 'lab', outcome: 'done' },
      ...{ actor: by('user:kim'), details: { command: command.id, reason: restartSsh.reason } },
    },
  ]);
});
