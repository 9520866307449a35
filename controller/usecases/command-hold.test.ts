import { expect, test } from 'vitest';
import type { CommandCreate } from '../../proto/contract/api/requests.js';
import { commandId } from '../../proto/contract/ids.js';
import { seededRandom, uuidv7 } from '../../proto/contract/random.js';
import { by } from './testing/by.js';
import { FakeAgent, id, refusal, TestFleet } from './testing/fleet.js';

const restartSsh: CommandCreate = {
  action: { kind: 'restart-unit', unit: 'ssh.service' },
  reason: 'stuck',
  validForMs: 300_000,
};

/** What an agent says that it obeyed: a command of some minutes ago that this controller does not know. */
function forgotten(fleet: TestFleet, epochHighest: number) {
  const newer = commandId(uuidv7(fleet.world.clock.nowMs() - 60_000, seededRandom(9)));
  return { newestCommandIds: [newer], entriesCount: 1, epochHighest };
}

test('after a promotion commands flow again, at an epoch above every one that an actuator obeyed', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1, { ledgerHead: forgotten(fleet, 4) }));
  const refused = await refusal(fleet.core.commands.issue(id(1), restartSsh, by('alice')));
  expect(refused.code).toBe('failed-precondition');
  const promoted = await fleet.core.promote('the old disk is dead', by('alice'));
  expect(promoted).toMatchObject({ epoch: 5, epochBefore: 1 });
  expect(await fleet.timeline()).toEqual(['CommandsHeld', 'ControllerPromoted']);
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  expect(command.epoch).toBe(5);
  expect(agent.commandsReceived).toEqual([command.id]);
  expect(fleet.core.counters()['commands_held']).toBe(0);
});

test('what waited while commands were held is sent to who is there', async () => {
  const fleet = await TestFleet.start();
  const waiting = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  await fleet.connect(new FakeAgent(2, { ledgerHead: forgotten(fleet, 1) }));
  const agent = await fleet.connect(new FakeAgent(1));
  expect(agent.commandsReceived).toEqual([]);
  await fleet.core.promote('the old disk is dead', by('alice'));
  expect(agent.commandsReceived).toEqual([waiting.id]);
});

test('the epoch and the peace outlast a restart; what was forgotten before is no reason to hold again', async () => {
  const fleet = await TestFleet.start();
  const ledgerHead = forgotten(fleet, 1);
  await fleet.connect(new FakeAgent(1, { ledgerHead }));
  await fleet.core.promote('the old disk is dead', by('alice'));
  const restarted = await fleet.restart();
  const agent = await restarted.connect(new FakeAgent(1, { ledgerHead }));
  expect(agent.got('welcome')[0]).toMatchObject({ epoch: 2, commandsHeld: false });
});

test('a command of somebody else after the promotion puts commands on hold again', async () => {
  const fleet = await TestFleet.start();
  await fleet.connect(new FakeAgent(1, { ledgerHead: forgotten(fleet, 1) }));
  await fleet.core.promote('the old disk is dead', by('alice'));
  await fleet.world.advance(3_600_000);
  await fleet.connect(new FakeAgent(2, { ledgerHead: forgotten(fleet, 1) }));
  expect(fleet.core.counters()['commands_held']).toBe(1);
});

test('a controller that is not held has nothing to be promoted for, and who promoted one is on record', async () => {
  const fleet = await TestFleet.start();
  expect((await refusal(fleet.core.promote('because', by('alice')))).code).toBe('failed-precondition');
  await fleet.connect(new FakeAgent(1, { ledgerHead: forgotten(fleet, 1) }));
  await fleet.core.promote('because', by('alice'));
  const [record] = await fleet.store.reader.audit.newest({ limit: 1 });
  expect(record).toMatchObject({ action: 'controller.promote', actor: { name: 'alice' }, details: { epoch: 2 } });
});
