import { expect, test } from 'vitest';
import { NOTHING_REPAIRED } from '../../../proto/contract/netboot/repair.js';
import { renderExplain } from '../../domain/healing/explain.js';
import { by } from '../testing/by.js';
import { makeNode, TestFleet } from '../testing/fleet.js';
import { HealingSite, SITE_TOPOLOGY } from '../testing/healing-site.js';

const ENFORCE = 'name: test\nversion: 1\nmode: enforce\n';
const MINUTE_MS = 60_000;
/** Longer than a controller that has just started holds silence against nobody. */
const GRACE_MS = 8 * MINUTE_MS;
const kim = by('admin:kim');

async function started(policy: string | undefined): Promise<HealingSite> {
  const site = await HealingSite.start(policy);
  await site.pass(GRACE_MS);
  return site;
}

test('nobody has set a policy: a hung Pi is found, what would be done is written down, and nothing is', async () => {
  const site = await started(undefined);
  site.hang(1);
  await site.pass(8 * MINUTE_MS);
  expect(await site.orders()).toEqual([]);
  expect(await site.decisions('pi-1')).toContain('would-act R3');
  expect(await site.fleet.timeline()).toContain('HealingWouldAct');
});

test('a hung Pi: its boot path is looked at, then its power is cut, then it is watched', async () => {
  const site = await started(ENFORCE);
  site.hang(1);
  expect(await site.untilOrdered(1)).toEqual(['fs-1 boot-path-repair']);
  await site.done(site.fileserver, NOTHING_REPAIRED);
  expect(await site.untilOrdered(2)).toEqual(['fs-1 boot-path-repair', 'sw-1 cycle swp1']);
  await site.done(site.switch, 'off for 20 s');
  site.revive(1);
  await site.pass(4 * MINUTE_MS);
  expect(site.fleet.core.nodes.get(site.pis[0]?.peer.nodeId ?? site.switch.peer.nodeId)?.healing?.state).toBe(
    'probation',
  );
  expect(await site.decisions('pi-1')).toEqual(expect.arrayContaining(['act R3', 'act R4', 'watch']));
  expect(await site.orders()).toHaveLength(2);
});

test('only the agent of a Pi is dead: its fileserver leaves a request in its root, and its power stays on', async () => {
  const site = await started(ENFORCE);
  site.rooted.add(1);
  const [pi] = site.pis;
  if (pi !== undefined) site.silent.add(pi);
  expect(await site.untilOrdered(1)).toEqual(['fs-1 root-mailbox']);
  await site.done(site.fileserver, 'bramble-agent.service was restarted and is active');
  site.revive(1);
  await site.pass(4 * MINUTE_MS);
  expect(await site.decisions('pi-1')).toContain('act R1');
  expect(site.fleet.core.nodes.get(site.pis[0]?.peer.nodeId ?? site.switch.peer.nodeId)?.healing?.state).toBe(
    'probation',
  );
  expect(await site.orders()).toHaveLength(1);
});

test('a Pi that does not come back after the request is left to people', async () => {
  const site = await started(ENFORCE);
  site.rooted.add(1);
  const [pi] = site.pis;
  if (pi !== undefined) site.silent.add(pi);
  await site.untilOrdered(1);
  await site.done(site.fileserver, 'bramble-agent.service was restarted and is active');
  await site.pass(8 * MINUTE_MS);
  expect(await site.orders()).toEqual(['fs-1 root-mailbox']);
  expect(await site.fleet.timeline()).toContain('HandsNeeded');
});

test('a Pi whose system still reads a root that is none of ours is never cut off: somebody is asked, and told why', async () => {
  const site = await started(ENFORCE);
  const [pi] = site.pis;
  if (pi !== undefined) site.silent.add(pi);
  await site.pass(8 * MINUTE_MS);
  expect(await site.orders()).toEqual([]);
  expect(await site.fleet.timeline()).toContain('HandsNeeded');
  const records = await site.fleet.store.reader.healing.explainRecords({ node: 'pi-1', limit: 10 });
  expect(records.map(({ record }) => renderExplain(record))).toContainEqual(
    expect.stringContaining('is left (no R1: its agent is silent, and no root of ours'),
  );
});

test('reads that may be older than its silence do not speak for a Pi: one that hangs is not taken for one that serves', async () => {
  const site = await started(ENFORCE);
  const [pi] = site.pis;
  if (pi === undefined) throw new Error('a Pi is wanted');
  site.silent.add(pi);
  await site.pass(90_000); // as late as its fileserver may tell of what it read before
  site.hang(1);
  expect(await site.untilOrdered(1)).toEqual(['fs-1 boot-path-repair']);
  expect(await site.decisions('pi-1')).not.toContain('hands R9');
});

test('a boot that its fileserver read of late is over with the next report: who hangs then hangs', async () => {
  const site = await started(ENFORCE);
  await site.bootIsRead(1);
  await site.pass(MINUTE_MS);
  site.hang(1);
  expect(await site.untilOrdered(1)).toEqual(['fs-1 boot-path-repair']);
  expect(await site.decisions('pi-1')).not.toContain('hands R9');
});

test('a whole site falls silent: nobody is touched, and everybody is held by the cause', async () => {
  const site = await started(ENFORCE);
  for (const agent of [...site.pis, site.switch, site.fileserver]) site.silent.add(agent);
  await site.pass(10 * MINUTE_MS);
  expect(await site.orders()).toEqual([]);
  expect(site.fleet.core.healing.causes.map(({ name }) => name)).toEqual(['site:lab']);
  expect(await site.decisions('pi-1')).toContain('hold G2');
});

test('a pause holds from the moment it is asked for, also what is planned and not sent yet', async () => {
  const site = await started(ENFORCE);
  site.hang(1);
  // The fileserver is heard and not reached: what is planned for it waits.
  await site.pass(2 * MINUTE_MS);
  const untilMs = site.fleet.world.clock.nowMs() + 60 * MINUTE_MS;
  const { healing } = site.fleet.core;
  const hold = await healing.holds.place(
    { kind: 'pause', scope: 'rack-1', owner: undefined, reason: 'new cables', untilMs },
    healing.map,
    kim,
  );
  await site.pass(20 * MINUTE_MS);
  expect(await site.orders()).toEqual([]);
  expect(await site.decisions('pi-1')).toContain('hold R3 G5');
  await healing.holds.lift(hold.id, kim);
  await site.pass(MINUTE_MS);
  expect(await site.orders()).toEqual(['fs-1 boot-path-repair']);
});

test('what was ordered before a pause is not sent again after it', async () => {
  const site = await started(ENFORCE);
  site.hang(1);
  await site.untilOrdered(1);
  expect(site.fileserver.commandsReceived).toHaveLength(1);
  site.fileserver.cut();
  await site.fileserver.connect(site.fleet.core);
  await site.fleet.world.settle();
  expect(site.fileserver.commandsReceived).toHaveLength(1);
});

test('a controller that starts again holds still, and remembers what it had tried', async () => {
  const before = await started(ENFORCE);
  before.hang(1);
  await before.untilOrdered(1);
  await before.done(before.fileserver, NOTHING_REPAIRED);
  await before.fleet.core.stop();
  const site = await before.restart();
  await site.pass(MINUTE_MS);
  site.hang(1);
  await site.pass(4 * MINUTE_MS);
  expect(await site.orders()).toEqual(['fs-1 boot-path-repair']);
  await site.pass(10 * MINUTE_MS);
  // R3 was tried before the restart, and is not tried again.
  expect((await site.orders()).toSorted()).toEqual(['fs-1 boot-path-repair', 'sw-1 cycle swp1']);
});

test('a clock that jumps by ten years changes nothing', async () => {
  const site = await started(ENFORCE);
  site.fleet.world.stepWallClock(10 * 365 * 86_400_000);
  await site.pass(5 * MINUTE_MS);
  expect(await site.decisions('pi-1')).toEqual([]);
  site.hang(2);
  await site.pass(4 * MINUTE_MS);
  expect(await site.orders()).toEqual(['fs-1 boot-path-repair']);
});

test('a topology gives every port and node its numbers, or is refused as a whole', async () => {
  const site = await HealingSite.start(undefined);
  const { topologies } = site.fleet.core.healing;
  const [first] = (await topologies.addresses()).nodes;
  expect(first).toMatchObject({
    node: 'pi-1',
    vlan: 10,
    exportPath: '/export/10.46.0.2',
    routed6: '2001:db8:0:101::/64',
  });
  const pools = SITE_TOPOLOGY.pools.map((pool) => (pool.kind === 'vlan' ? { ...pool, last: 13 } : pool));
  const small = { document: { ...SITE_TOPOLOGY, pools }, expectedRevision: 1, reason: 'smaller' };
  await expect(topologies.set(small, kim)).rejects.toMatchObject({ code: 'failed-precondition' });
  expect(topologies.revision).toBe(1);
  expect((await topologies.addresses()).leaks).toEqual([]);
  const without = { ...SITE_TOPOLOGY, nodes: SITE_TOPOLOGY.nodes.slice(1) };
  await expect(topologies.set({ document: without, expectedRevision: 0, reason: 'late' }, kim)).rejects.toMatchObject({
    code: 'failed-precondition',
  });
  await topologies.set({ document: without, expectedRevision: 1, reason: 'one less' }, kim);
  // It is enrolled all the same: it stands by itself.
  expect(topologies.map().nodeByName.get('pi-1')?.record.plug).toBeUndefined();
});

test.for([
  ['on a board that waits as a spare waits with it', 1, true, ['pi-1 00000001']],
  ['on the board of another stands alone', 2, false, ['pi-1 00000001', 'pi-2 00000002', 'pi-9 ']],
  ['on a board that nobody wrote down stands alone', 1, false, ['pi-1 00000001', 'pi-9 00000002']],
] as const)('an enrolled Pi %s, and the controller starts', async ([, nodesCount, isSpare, expected]) => {
  const { board } = makeNode(2);
  const plug = { switch: 'sw-1', port: 2 };
  const spare = { site: 'lab', fileserver: 'fs-1', plug, board: { ...board, model: '3b' as const, firmware: '' } };
  const nodes = SITE_TOPOLOGY.nodes.slice(0, nodesCount);
  const document = { ...SITE_TOPOLOGY, nodes, spares: isSpare ? [spare] : [] };
  const fleet = await TestFleet.start({ nodes: [...nodes.map((_, at) => makeNode(at + 1)), makeNode(9, { board })] });
  await fleet.core.healing.topologies.set({ document, expectedRevision: 0, reason: 'as built' }, kim);
  const { core } = await fleet.restart();
  const shown = core.healing.topologies.map().nodes.map(({ record }) => `${record.name} ${record.board.serial}`);
  expect(shown).toEqual(expected);
});

test('two enrolled Pis of one serial that nobody wrote down both stand alone, and the controller starts', async () => {
  const fleet = await TestFleet.start({ nodes: [makeNode(2), makeNode(3, { board: makeNode(2).board })] });
  const { core } = await fleet.restart();
  const shown = core.healing.topologies.map().nodes.map(({ record }) => `${record.name} ${record.board.serial}`);
  expect(shown).toEqual(['pi-2 00000002', 'pi-3 ']);
});
