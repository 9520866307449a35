import { expect, test } from 'vitest';
import { leaks } from './leaks.js';
import { kim, SimRack } from './rack.js';

async function ran(rack: SimRack, ask: Parameters<SimRack['core']['provisioning']['start']>[0]) {
  await rack.core.provisioning.start(ask, kim);
  await rack.untilSettled();
  await rack.pass(60_000); // what was given power boots
  return await rack.newest();
}

const told = ({ steps }: { readonly steps: readonly { readonly name: string; readonly state: string }[] }) =>
  steps.map(({ name, state }) => `${name} ${state}`);

test('a new node: a spare board gets a place, a root, a port and power, in this order', async () => {
  const rack = await SimRack.start();
  const saga = await ran(rack, { kind: 'provision', node: 'pi-9', image: 'good-2', reason: 'ordered' });
  expect(saga).toMatchObject({ state: 'succeeded', why: '' });
  expect(told(saga)).toEqual([
    'reserve done',
    'boot-port done',
    'prepare-root done',
    'activate-root done',
    'spare-off done',
    'try-ports done',
    'keep-ports done',
    'power-on done',
    'follow done',
    'verify done',
  ]);
  expect(rack.machines.power.has('swp5')).toBe(true);
  expect(await leaks(rack, ['pi-1', 'pi-2', 'pi-9'])).toEqual([]);
});

test('an image that does not come up: everything is as it was before', async () => {
  const rack = await SimRack.start();
  const saga = await ran(rack, { kind: 'provision', node: 'pi-9', image: 'bad-1', reason: 'ordered' });
  expect(saga).toMatchObject({ state: 'undone' });
  expect(saga.why).toContain('follow its boot');
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('a reimage with a bad image: the node is back on the root that it had', async () => {
  const rack = await SimRack.start();
  const saga = await ran(rack, { kind: 'reimage', node: 'pi-1', image: 'bad-1', reason: 'a try' });
  expect(saga).toMatchObject({ state: 'undone' });
  expect(rack.machines.roots.get('00000001')?.current).toBe(1);
  expect(rack.machines.up.get('swp1')?.node).toBe('pi-1');
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('a reimage drains before anything is disrupted, and lets work come back', async () => {
  const rack = await SimRack.start();
  const calls: string[] = [];
  rack.drain = async ({ phase }) => {
    calls.push(`${phase} ${rack.machines.power.has('swp1') ? 'on' : 'off'}`);
    return 'moved';
  };
  await rack.startController();
  const saga = await ran(rack, { kind: 'reimage', node: 'pi-1', image: 'good-2', reason: 'news' });
  expect(saga.state).toBe('succeeded');
  expect(calls).toEqual(['drain on', 'restore on']);
  expect(rack.machines.roots.get('00000001')).toMatchObject({ current: 2, previous: 1 });
});

test('work that does not leave: the node is not touched', async () => {
  const rack = await SimRack.start();
  rack.drain = async () => {
    throw new Error('a job runs');
  };
  await rack.startController();
  const { up } = rack.machines;
  const before = up.get('swp1')?.boot;
  expect((await ran(rack, { kind: 'reimage', node: 'pi-1', image: 'good-2', reason: 'news' })).state).toBe('undone');
  expect(up.get('swp1')?.boot).toBe(before);
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('back to the root before', async () => {
  const rack = await SimRack.start();
  expect((await ran(rack, { kind: 'rollback', node: 'pi-2', reason: 'worse' })).state).toBe('succeeded');
  expect(rack.machines.roots.get('00000002')).toMatchObject({ current: 1, previous: 2 });
});

test('rescue and back: the board has shown that it boots', async () => {
  const rack = await SimRack.start();
  const saga = await ran(rack, { kind: 'rescue', node: 'pi-1', rescue: 'both', reason: 'look' });
  expect(saga).toMatchObject({ state: 'succeeded' });
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('a node moves to a spare board with its root, its VLAN and its addresses', async () => {
  const rack = await SimRack.start();
  const saga = await ran(rack, { kind: 'relocate', node: 'pi-1', reason: 'its board is dead' });
  expect(saga).toMatchObject({ state: 'succeeded' });
  expect(rack.machines.power.has('swp1')).toBe(false);
  expect(rack.machines.up.get('swp5')?.node).toBe('pi-1');
  const [address] = (await rack.core.healing.topologies.addresses()).nodes;
  expect(address).toMatchObject({ node: 'pi-1', vlan: 10, exportPath: '/export/10.46.0.2' });
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
  // And back from there, as any other node.
  const next = await ran(rack, { kind: 'reimage', node: 'pi-1', image: 'good-3', reason: 'news' });
  expect(next.state).toBe('succeeded');
  expect(rack.machines.roots.get('00000001')).toMatchObject({ current: 2 });
});

test('a spare board that has power and found nothing to boot is taken as well as one that waits without', async () => {
  const rack = await SimRack.start();
  rack.machines.power.set('swp5', 0);
  rack.machines.power.set('swp6', 0);
  await rack.pass(60_000);
  expect(await ran(rack, { kind: 'provision', node: 'pi-9', image: 'good-2', reason: 'ordered' })).toMatchObject({
    state: 'succeeded',
  });
  expect(await ran(rack, { kind: 'relocate', node: 'pi-1', reason: 'its board is dead' })).toMatchObject({
    state: 'succeeded',
  });
  expect(rack.machines.up.get('swp6')?.node).toBe('pi-1');
});

test('a node is given back: nothing of it is left, and its board waits', async () => {
  const rack = await SimRack.start();
  const saga = await ran(rack, { kind: 'release', node: 'pi-2', reason: 'its owner wants it' });
  expect(saga).toMatchObject({ state: 'succeeded' });
  expect(rack.revoked).toHaveLength(1);
  expect(rack.machines.power.has('swp2')).toBe(false);
  expect(await leaks(rack, ['pi-1'])).toEqual([]);
});

test('what is asked for twice is under way once', async () => {
  const rack = await SimRack.start();
  const ask = { kind: 'reimage', node: 'pi-1', image: 'good-2', reason: 'news' } as const;
  await rack.core.provisioning.start(ask, kim);
  await expect(rack.core.provisioning.start(ask, kim)).rejects.toMatchObject({ code: 'already-exists' });
});

test('a pause keeps the node as it is, until it is lifted; an abort brings everything back', async () => {
  const rack = await SimRack.start();
  const { healing, provisioning } = rack.core;
  const untilMs = rack.world.clock.nowMs() + 10 * 3_600_000;
  const hold = { kind: 'pause', scope: 'rack-1', owner: undefined, reason: 'cables', untilMs } as const;
  await healing.holds.place(hold, healing.map, kim);
  const { id } = await provisioning.start({ kind: 'reimage', node: 'pi-1', image: 'good-2', reason: 'news' }, kim);
  await rack.pass(300_000);
  expect(rack.machines.power.has('swp1')).toBe(true);
  expect((await rack.newest()).why).toContain('cables');
  await provisioning.abort(id, 'not today', kim);
  await rack.untilSettled();
  expect(await rack.newest()).toMatchObject({ state: 'undone', why: 'admin:kim: not today' });
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('T-35 a change of ports that nobody confirms in time is taken back by the switch, and made anew', async () => {
  const rack = await SimRack.start();
  await rack.core.provisioning.start({ kind: 'provision', node: 'pi-9', image: 'good-2', reason: 'ordered' }, kim);
  for (let passed = 0; rack.machines.trial === undefined; passed++) {
    if (passed > 100) throw new Error('no change was tried');
    await rack.pass(5_000);
  }
  await rack.away(300_000);
  expect(rack.machines.trial).toBeUndefined();
  expect(rack.machines.power.has('swp5')).toBe(false); // no power before the port is right
  await rack.untilSettled();
  expect(await rack.newest()).toMatchObject({ state: 'succeeded' });
  expect(await leaks(rack, ['pi-1', 'pi-2', 'pi-9'])).toEqual([]);
});

test('a controller that was away for hours waits for what it had ordered, and has it done once', async () => {
  const rack = await SimRack.start();
  await rack.core.provisioning.start({ kind: 'reimage', node: 'pi-1', image: 'good-2', reason: 'news' }, kim);
  await rack.pass(5_000);
  await rack.away(6 * 3_600_000);
  await rack.untilSettled();
  expect(await rack.newest()).toMatchObject({ state: 'succeeded' });
  expect([...(rack.machines.roots.get('00000001')?.images.keys() ?? [])]).toEqual([1, 2]); // made once
});
