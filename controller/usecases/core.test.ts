import { expect, test } from 'vitest';
import { nodeView } from './fleet-view.js';
import { FakeWorld } from './testing/fake-world.js';
import { FaultyStore } from './testing/faulty-store.js';
import { FakeAgent, healthyFacts, id, makeNode, makeStore, TestFleet } from './testing/fleet.js';

const SILENT_AFTER_MS = 95_000;
const full = { 'filesystem_available_bytes /': 50_000 };

function view(fleet: TestFleet, number: number) {
  const entry = fleet.core.nodes.get(id(number));
  if (entry === undefined) throw new Error(`no node ${number}`);
  return nodeView(entry);
}

test('the first report of a node’s life is told once, however often agent and controller start', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  agent.report();
  expect(await fleet.timeline()).toEqual(['NodeReporting']);
  const restarted = await fleet.restart();
  (await restarted.connect(new FakeAgent(1))).report();
  expect(await restarted.timeline()).toEqual(['NodeReporting']);
});

test('a healthy node is ready; trouble raises, is stored with its words, and clears', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  expect(view(fleet, 1)).toMatchObject({ state: 'ready', liveness: 'fresh' });
  agent.report(healthyFacts(full));
  expect(view(fleet, 1)).toMatchObject({ state: 'troubled', why: '/ has 48.8 KiB free of 976.6 KiB (5.0 %).' });
  await fleet.world.settle();
  expect(await fleet.store.reader.conditions()).toMatchObject([
    { type: 'DiskSpaceLow', status: 'true', severity: 'warning' },
  ]);
  agent.report([{ fact: 'filesystem_available_bytes', instance: '/', value: 110_000 }], false);
  expect(view(fleet, 1).state).toBe('troubled');
  agent.report([{ fact: 'filesystem_available_bytes', instance: '/', value: 120_000 }], false);
  expect(view(fleet, 1).state).toBe('ready');
  expect((await fleet.events()).map(({ reason, message }) => `${reason} ${message}`)).toEqual([
    'NodeReporting its first report arrived',
    'ConditionRaised DiskSpaceLow: / has 48.8 KiB free of 976.6 KiB (5.0 %)',
    'ConditionCleared DiskSpaceLow is over: / has 117.2 KiB free of 976.6 KiB (12.0 %)',
  ]);
  expect(await fleet.store.reader.conditions()).toEqual([]);
});

test('silence is told once, turns conditions unknown but keeps them, and ends with the next report', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(1)] });
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report(healthyFacts(full));
  const sinceMs = view(fleet, 1).conditions[0]?.sinceMs;
  agent.cut();
  await fleet.world.advance(SILENT_AFTER_MS - 1_000);
  expect(view(fleet, 1)).toMatchObject({ liveness: 'late', state: 'troubled' });
  await fleet.world.advance(2_000);
  expect(view(fleet, 1)).toMatchObject({ liveness: 'silent', state: 'no-contact' });
  expect(view(fleet, 1).conditions).toMatchObject([
    { type: 'NoContact', status: 'true' },
    { type: 'DiskSpaceLow', status: 'unknown', sinceMs },
  ]);
  await fleet.world.advance(600_000);
  const again = await fleet.connect(new FakeAgent(1));
  expect(view(fleet, 1).state).toBe('no-contact');
  again.report(healthyFacts(full));
  expect(view(fleet, 1)).toMatchObject({ state: 'troubled', conditions: [{ status: 'true', sinceMs }] });
  expect(await fleet.timeline()).toEqual([
    'NodeReporting',
    'ConditionRaised',
    'NodeSilent',
    'IncidentOpened',
    'NodeBack',
  ]);
});

test('trouble that needs time is raised by time alone, without another report', async () => {
  const fleet = await TestFleet.start({ options: { reportIntervalMs: 300_000 } });
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report(healthyFacts({ memory_available_bytes: 90_000 }));
  await fleet.world.advance(119_000);
  expect(view(fleet, 1).state).toBe('ready');
  await fleet.world.advance(2_000);
  expect(view(fleet, 1).state).toBe('troubled');
});

test('a goodbye excuses silence, and staying away ends the excuse', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report();
  agent.session?.receive({ kind: 'goodbye', reason: 'reboot', expectedBackMs: 120_000 });
  agent.cut();
  await fleet.world.advance(120_000);
  expect(view(fleet, 1)).toMatchObject({ liveness: 'gone', state: 'no-contact' });
  await fleet.world.advance(10_000);
  expect(view(fleet, 1).why).toBe('It said goodbye (reboot) and did not come back in time.');
  expect(await fleet.timeline()).toEqual(['NodeReporting', 'NodeSilent']);
});

test('four boots within a quarter of an hour are a boot loop', async () => {
  const fleet = await TestFleet.start();
  for (let boot = 1; boot <= 4; boot++) {
    const agent = await fleet.connect(
      new FakeAgent(1, { bootId: `boot-${boot}`, processNonce: 'p', uptimeMs: 20_000 }),
    );
    agent.report();
    agent.cut();
    await fleet.world.advance(60_000);
  }
  expect(await fleet.timeline()).toEqual(['NodeReporting', 'ConditionRaised']);
  expect(view(fleet, 1).why).toBe('4 boots within 15 min.');
});

test('a restart of the controller does not look like dead nodes', async () => {
  const nodes = Array.from({ length: 50 }, (_, i) => makeNode(i));
  const fleet = await TestFleet.start({ nodes });
  const agents = await Promise.all(nodes.map((_, i) => fleet.connect(new FakeAgent(i))));
  for (const agent of agents) agent.report();

  const restarted = await fleet.restart();
  expect(nodes.every((_, i) => view(restarted, i).state === 'unknown')).toBe(true);
  // Agents in the middle of their longest back-off need five minutes until they dial.
  await restarted.world.advance(300_000);
  for (let i = 0; i < 49; i++) (await restarted.connect(new FakeAgent(i))).report();
  await restarted.world.advance(90_000);
  expect((await restarted.timeline()).filter((reason) => reason !== 'NodeReporting')).toEqual([]);
  // The one that is really gone is found out when amnesty ends.
  await restarted.world.advance(10_000);
  expect(view(restarted, 49)).toMatchObject({ liveness: 'silent', state: 'no-contact' });
});

test('amnesty follows the longest cadence that agents may still work by', async () => {
  const fleet = await TestFleet.start({ options: { reportIntervalMs: 600_000 } });
  await fleet.core.stop();
  const faster = await fleet.restart({ reportIntervalMs: 5_000 });
  await faster.world.advance(3_600_000);
  expect(view(faster, 1).liveness).toBe('unobserved');
  await faster.world.advance(2 * 1_805_000 + 60_000 - 3_600_000);
  expect(view(faster, 1).liveness).toBe('silent');
  await faster.world.settle();
  const next = await faster.restart();
  await next.world.advance(400_000);
  expect(view(next, 1).liveness).toBe('silent');
});

test('after a restart trouble is known but not certain, silence is not told again, and a return is', async () => {
  const fleet = await TestFleet.start();
  const troubled = await fleet.connect(new FakeAgent(1));
  troubled.report(healthyFacts(full));
  (await fleet.connect(new FakeAgent(2))).report();
  fleet.core.sessions.closeNode(id(2), 'unknown', 'test');
  for (let i = 0; i < 4; i++) {
    await fleet.world.advance(29_000);
    troubled.report([], false);
  }
  const before = await fleet.timeline();
  expect(before.at(-1)).toBe('NodeSilent');

  const restarted = await fleet.restart();
  expect(view(restarted, 1).conditions).toMatchObject([{ type: 'DiskSpaceLow', status: 'unknown' }]);
  expect(view(restarted, 2).conditions).toMatchObject([{ type: 'NoContact', status: 'unknown' }]);
  const again = await restarted.connect(new FakeAgent(1));
  again.report(healthyFacts(full));
  expect(view(restarted, 1).conditions).toMatchObject([{ type: 'DiskSpaceLow', status: 'true' }]);
  await restarted.world.advance(90_000);
  (await restarted.connect(new FakeAgent(2))).report();
  expect((await restarted.timeline()).slice(before.length)).toEqual(['NodeBack']);
});

test('while the store is in trouble the news wait, and nothing is lost or told twice', async () => {
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const fleet = await TestFleet.start({ store });
  const agent = await fleet.connect(new FakeAgent(1));
  store.failWith = 'unavailable';
  agent.report(healthyFacts(full));
  await fleet.world.advance(10_000);
  agent.report();
  expect(await fleet.timeline()).toEqual([]);
  expect(fleet.core.counters()['journal_waiting']).toBe(3);
  store.failWith = undefined;
  await fleet.world.advance(30_000);
  expect(await fleet.timeline()).toEqual(['NodeReporting', 'ConditionRaised', 'ConditionCleared']);
  expect(fleet.core.counters()['journal_waiting']).toBe(0);
});

test('a controller that stops writes what it knows', async () => {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  agent.report(healthyFacts(full));
  await fleet.core.stop();
  expect(await fleet.timeline()).toEqual(['NodeReporting', 'ConditionRaised']);
});
