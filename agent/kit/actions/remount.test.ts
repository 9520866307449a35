import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { MountAccess } from '../../../proto/gen/bramble/agent/v1/command.js';
import { actionHost } from '../testing/action-host.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeRemount } from './remount.js';

const never = new AbortController().signal;
const { READ_WRITE, READ_ONLY } = MountAccess;
const BOOT = '/boot/firmware';

const TABLE = [
  '22 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 ro',
  '23 22 179:1 / /boot/firmware rw - vfat /dev/mmcblk0p1 rw,errors=remount-ro',
  '24 22 0:30 / /home/data rw - nfs4 server:/data rw,hard',
  '',
].join('\n');

function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node', { kernel: { '/proc/self/mountinfo': TABLE } });
  const handler = makeRemount(new Set(['/', BOOT, '/home/data', '/srv']));
  return { world, host, machine: host.board.machine, context: actionHost(host), handler };
}

test.for<[string, string, MountAccess, string]>([
  ['a root that errors have made read-only, writable', '/', READ_WRITE, '/ (/dev/mmcblk0p2) is read-write'],
  ['a filesystem, read-only', BOOT, READ_ONLY, '/boot/firmware (/dev/mmcblk0p1) is read-only'],
  ['what is as wanted already', BOOT, READ_WRITE, '/boot/firmware (/dev/mmcblk0p1) is read-write'],
])('remounts %s', async ([, mountPoint, access, detail]) => {
  const { world, machine, context, handler } = setUp();
  const args = { mountPoint, access };
  expect(await world.settle(handler.check(args, context, never))).toBeUndefined();
  const before = await handler.before(args, context, never);
  const outcome = await world.settle(handler.run(args, context, never));
  expect(outcome).toEqual({ kind: 'succeeded', detail });
  expect(machine.done.remounts).toBe(1);
  expect(await handler.observe(args, before, context, never)).toEqual(outcome);
});

test.for<[string, string, MountAccess, string]>([
  ['a mount point that the node does not allow', '/var', READ_ONLY, 'not-allowed'],
  ['a path that leads up', '/srv/../etc', READ_ONLY, 'invalid-argument'],
  ['an option', '--all', READ_ONLY, 'invalid-argument'],
  ['no access at all', BOOT, MountAccess.UNSPECIFIED, 'invalid-argument'],
  ['an access of a newer controller', BOOT, MountAccess.UNRECOGNIZED, 'invalid-argument'],
  ['an allowed path where nothing is mounted', '/srv', READ_ONLY, 'precondition'],
  ['a network filesystem, even when it is allowed', '/home/data', READ_ONLY, 'precondition'],
])('refuses %s, and does nothing', async ([, mountPoint, access, reason]) => {
  const { world, machine, context, handler } = setUp();
  const refusal = await world.settle(handler.check({ mountPoint, access }, context, never));
  expect(refusal).toMatchObject({ kind: 'rejected', reason });
  expect(machine.done.remounts).toBe(0);
});

test('a kernel that refuses after errors is told plainly, with what to do', async () => {
  const { world, machine, context, handler } = setUp();
  machine.failure = new BrambleError('failed-precondition', 'write-protected', { hint: 'run fsck' });
  const run = handler.run({ mountPoint: '/', access: READ_WRITE }, context, never);
  expect(await world.settle(run)).toEqual({ kind: 'failed', detail: 'write-protected; run fsck' });
});

test('after a crash the mount table tells what became of it, and nothing is done again', async () => {
  const { machine, context, handler } = setUp();
  const wanted = { mountPoint: '/', access: READ_WRITE };
  expect(await handler.observe(wanted, 'read-only', context, never)).toMatchObject({ kind: 'failed' });
  machine.remount('/', 'read-write');
  expect(await handler.observe(wanted, 'read-only', context, never)).toMatchObject({ kind: 'succeeded' });
  expect(machine.done.remounts).toBe(1);
});
