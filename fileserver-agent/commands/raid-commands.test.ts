import { expect, test } from 'vitest';
import { limitHandlers } from '../../agent/kit/actions/index.js';
import { makeReboot } from '../../agent/kit/actions/reboot.js';
import { ScrubAction } from '../../agent/kit/command/handler.js';
import type { RaidOrder } from '../../agent/kit/host/ports.js';
import { actionHost, agentView } from '../../agent/kit/testing/action-host.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { recordedTrees } from '../../test/fixtures/index.js';
import type { AskedImages } from './images.js';
import { fileserverHandlers } from './index.js';
import { makeRaidReplace } from './raid-replace.js';
import { guardReboot } from './raid-safe-reboot.js';
import { makeRaidScrub } from './raid-scrub.js';

const TREES = new Map(recordedTrees('mdraid').map(({ name, input }) => [name, input]));
const never = new AbortController().signal;
const MD0 = '/sys/block/md0/md';

/** A fileserver with the arrays of a fixture, and a free partition sdc3. */
function setUp(tree: string) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'fs', { kernel: TREES.get(tree) ?? {} });
  const { kernel, machine } = host.board;
  kernel.set('/sys/class/block/sdc3/size', '6291456\n');
  machine.onRaid = (order: RaidOrder) => {
    if (order.kind === 'add') {
      kernel.set(`${MD0}/dev-${order.member}/state`, 'spare\n');
      kernel.set(`${MD0}/dev-${order.member}/slot`, '1\n');
      kernel.set(`${MD0}/sync_action`, 'recover\n');
    }
    if (order.kind === 'sync') kernel.set(`${MD0}/sync_action`, `${order.action}\n`);
  };
  return { world, kernel, machine, host, context: actionHost(host) };
}

const replace = (oldMember: string, newMember = 'sdc3') => ({ array: 'md0', oldMember, newMember });

const NO_IMAGES: AskedImages = {
  want: async () => 'comes',
  leave: async () => undefined,
  standing: async () => undefined,
  forget: async () => undefined,
  find: async () => undefined,
};

test('a failed member is removed before the new one is added', async () => {
  const { world, machine, context } = setUp('raid1-failed-member');
  const handler = makeRaidReplace();
  expect(await handler.check(replace('vdc'), context, never)).toBeUndefined();
  expect(await world.settle(handler.run(replace('vdc'), context, never))).toEqual({
    kind: 'succeeded',
    detail: 'sdc3 is in md0 (rebuilding); recover runs',
  });
  expect(machine.raidOrders).toEqual([
    { kind: 'remove', array: 'md0', member: 'vdc' },
    { kind: 'add', array: 'md0', member: 'sdc3' },
  ]);
});

test('a member that still serves is copied while it serves', async () => {
  const { world, machine, context } = setUp('raid1-clean');
  await world.settle(makeRaidReplace().run(replace('vdc'), context, never));
  expect(machine.raidOrders).toEqual([
    { kind: 'add', array: 'md0', member: 'sdc3' },
    { kind: 'replace', array: 'md0', member: 'vdc', by: 'sdc3' },
  ]);
});

test.for<[string, string, Parameters<typeof replace>, string]>([
  ['no such array', 'inactive', ['vdc'], 'there is no array md0'],
  ['a rebuild runs', 'raid1-rebuilding', [''], 'md0 is busy: recover'],
  ['whole, and nothing named to go', 'raid1-clean', [''], 'name the member that is to go'],
  ['not a member', 'raid1-clean', ['vdz'], 'vdz is no member of md0'],
  ['the last good half', 'raid1-failed-member', ['vdb'], 'md0 is degraded and needs vdb'],
  ['a member of an array already', 'raid1-failed-member', ['vdc', 'vdb'], 'vdb is a member of md0'],
  ['no such device', 'raid1-failed-member', ['vdc', 'sdz9'], 'there is no block device sdz9'],
  ['no redundancy', 'several-levels', ['sda3'], 'no redundancy'],
  ['a path', 'raid1-clean', ['vdc', '../sda'], 'no block device'],
])('a replacement is refused: %s', async ([, tree, args, want]) => {
  const { context } = setUp(tree);
  expect((await makeRaidReplace().check(replace(...args), context, never))?.detail).toContain(want);
});

test.for<[string, string, string, string]>([
  ['too small', '/sys/class/block/sdc3/size', '100\n', 'too small'],
  ['held by LVM', '/sys/class/block/sdc3/holders/dm-0/size', '1\n', 'sdc3 is part of dm-0'],
  ['mounted', '/proc/self/mountinfo', '29 1 8:35 / /data rw - ext4 /dev/sdc3 rw\n', 'sdc3 is mounted'],
  ['swap', '/proc/swaps', 'Filename\tType\n/dev/sdc3                partition\t1\n', 'sdc3 is swap space'],
])('a device that is %s is not taken', async ([, path, content, want]) => {
  const { kernel, context } = setUp('raid1-failed-member');
  kernel.set(path, content);
  expect((await makeRaidReplace().check(replace('vdc'), context, never))?.detail).toContain(want);
});

test('a replacement that was cut off is settled by what the array holds', async () => {
  const { world, kernel, context } = setUp('raid1-failed-member');
  const handler = makeRaidReplace();
  expect(await handler.observe(replace('vdc'), 'faulty', context, never)).toMatchObject({ kind: 'failed' });
  await world.settle(handler.run(replace('vdc'), context, never));
  expect(await handler.observe(replace('vdc'), 'faulty', context, never)).toMatchObject({ kind: 'succeeded' });
  kernel.set(`${MD0}/dev-sdc3/state`, 'faulty\n');
  expect(await handler.observe(replace('vdc'), 'faulty', context, never)).toMatchObject({ kind: 'failed' });
});

test('what mdadm refuses is a failure in its words', async () => {
  const { world, machine, context } = setUp('raid1-failed-member');
  machine.failure = new BrambleError('failed-precondition', 'mdadm: hot remove failed');
  expect(await world.settle(makeRaidReplace().run(replace('vdc'), context, never))).toEqual({
    kind: 'failed',
    detail: 'mdadm: hot remove failed',
  });
});

const scrub = (action: ScrubAction) => ({ array: 'md0', action });

test('a check is started and stopped', async () => {
  const { world, context } = setUp('raid1-clean');
  const handler = makeRaidScrub();
  for (const action of [ScrubAction.START, ScrubAction.STOP]) {
    expect(await handler.check(scrub(action), context, never)).toBeUndefined();
    expect(await world.settle(handler.run(scrub(action), context, never))).toMatchObject({ kind: 'succeeded' });
  }
  expect((await handler.check(scrub(ScrubAction.STOP), context, never))?.detail).toBe('no check of md0 runs');
});

test('no check is begun while an array is not whole, or of what cannot be checked', async () => {
  const refusal = async (tree: string) =>
    (await makeRaidScrub().check(scrub(ScrubAction.START), setUp(tree).context, never))?.detail;
  expect(await refusal('raid1-failed-member')).toContain('a check now is not safe: md0: 1 of 2 members missing');
  expect(await refusal('raid1-rebuilding')).toContain('md0 is busy: recover');
  expect(await refusal('several-levels')).toContain('no redundancy');
});

test('a reboot is refused while degraded and while rebuilding, unless the array is named', async () => {
  const handler = guardReboot(makeReboot());
  const check = (tree: string, despiteArrays: readonly string[] = []) =>
    handler.check({ despiteArrays: [...despiteArrays] }, setUp(tree).context, never);
  expect(await check('raid1-clean')).toBeUndefined();
  expect((await check('raid1-failed-member'))?.detail).toContain('md0: 1 of 2 members missing');
  expect((await check('raid1-rebuilding'))?.detail).toContain('recover runs');
  expect(await check('raid1-rebuilding', ['md0'])).toBeUndefined();
  expect(await check('raid1-rebuilding', ['md1'])).toMatchObject({ kind: 'rejected' });
});

test('a member that fails between the check and the reboot stops it', async () => {
  const { world, kernel, context } = setUp('raid1-clean');
  const handler = guardReboot(makeReboot());
  expect(await handler.check({ despiteArrays: [] }, context, never)).toBeUndefined();
  kernel.set(`${MD0}/degraded`, '1\n');
  const outcome = await world.settle(handler.run({ despiteArrays: [] }, context, never));
  expect(outcome).toMatchObject({ kind: 'failed', detail: expect.stringContaining('nothing was done') });
});

test('the node’s own limit of commands within an hour holds for all of them', async () => {
  const policy = { allowedUnits: [], allowedMounts: [], journalUnits: [], settings: {}, actionsPerHour: 3 };
  const { raidScrub } = limitHandlers(fileserverHandlers(policy, NO_IMAGES), policy);
  const { host } = setUp('raid1-clean');
  const after = (count: number) => actionHost(host, { agent: agentView({ begunLastHourCount: () => count }) });
  expect(await raidScrub?.check(scrub(ScrubAction.START), after(2), never)).toBeUndefined();
  expect(await raidScrub?.check(scrub(ScrubAction.START), after(3), never)).toMatchObject({ reason: 'not-allowed' });
});
