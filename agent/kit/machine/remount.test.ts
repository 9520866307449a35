import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import type { SimKernelFile } from '../../sim/sim-kernel-files.js';
import type { MountAccess } from '../host/ports.js';
import { exited, type SimProgram } from '../testing/sim-exec.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { findLocalMount } from './local-mount.js';
import { remount } from './remount.js';

const never = new AbortController().signal;
const table = (name: string): string => recorded('mountinfo').find((one) => one.name === name)?.input ?? '';
const MOUNTINFO = '/proc/self/mountinfo';

function setUp(program: SimProgram = () => exited(0), files: Readonly<Record<string, SimKernelFile>> = {}) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node', { kernel: { [MOUNTINFO]: table('failed-card'), ...files } });
  const calls: string[][] = [];
  for (const name of ['mount', 'systemd-run']) {
    host.board.programs.set(name, (argv, limits) => {
      calls.push([...argv]);
      return program(argv, limits);
    });
  }
  const run = (mountPoint: string, access: MountAccess = 'read-write'): Promise<void> =>
    world.settle(remount(host, mountPoint, access, never));
  return { host, calls, run };
}

test('mount gets the two words that we mean, and the mount point as its last argument', async () => {
  const { calls, run } = setUp();
  await run('/mnt/ro', 'read-write');
  await run('/', 'read-only');
  expect(calls).toEqual([
    ['mount', '-o', 'remount,rw', '--', '/mnt/ro'],
    ['mount', '-o', 'remount,ro', '--', '/'],
  ]);
});

test('where systemd is in charge it runs the program outside of the sandbox of who asks', async () => {
  const { calls, run } = setUp(undefined, { '/run/systemd/system/.keep': '' });
  await run('/mnt/ro');
  expect(calls[0]?.slice(0, 4)).toEqual(['systemd-run', '--quiet', '--wait', '--pipe']);
  expect(calls[0]?.slice(-6)).toEqual(['--', 'mount', '-o', 'remount,rw', '--', '/mnt/ro']);
});

test.for<[string, string, string, string]>([
  ['where nothing is mounted', 'failed-card', '/srv', 'not-found'],
  ['below a mount point', 'failed-card', '/mnt/ro/sub', 'not-found'],
  ['a mount that another one hides', 'failed-card', '/srv/outer/inner', 'not-found'],
  ['what the kernel makes up', 'failed-card', '/proc', 'failed-precondition'],
  ['a root on NFS', 'pi-3b-nfs-root', '/', 'failed-precondition'],
  ['a card under a root on NFS', 'pi-3b-nfs-root', '/boot/firmware', 'failed-precondition'],
  ['an NFS mount', 'pi-3b-nfs-root', '/home/data', 'failed-precondition'],
  ['a FUSE mount', 'pi-3b-nfs-root', '/media/photos', 'failed-precondition'],
])('refuses %s, and runs no program', async ([, tableName, mountPoint, code]) => {
  const { calls, run } = setUp(undefined, { [MOUNTINFO]: table(tableName) });
  await expect(run(mountPoint)).rejects.toMatchObject({ code });
  expect(calls).toEqual([]);
});

test('finds the filesystem that counts where several are mounted over each other', () => {
  const { host } = setUp();
  expect(findLocalMount(host.kernel, '/dev/shm')).toMatchObject({ id: 60 });
  expect(findLocalMount(host.kernel, '/mnt/ro')).toMatchObject({ isReadOnly: true, source: '/dev/loop1' });
});

test.for<[string, string, string]>([
  ['mount: /mnt/ro: cannot remount /dev/loop1 read-write, is write-protected.', 'failed-precondition', 'fsck'],
  [
    'mount: /mnt/ro: mount point not mounted or bad option.\n       dmesg(1) may have more information.',
    'failed-precondition',
    'fsck',
  ],
  ['mount: /mnt/ro: mount point is busy.', 'failed-precondition', 'stop them first'],
  ['mount: /mnt/ro: must be superuser to use mount.', 'permission-denied', 'helper'],
  ['mount: /mnt/ro: permission denied.', 'permission-denied', 'helper'],
])('%j is told with what to do', async ([said, code, hint]) => {
  const { run } = setUp(() => exited(32, '', `${said}\n`));
  await expect(run('/mnt/ro')).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) });
});

test('a machine without mount(8) cannot remount', async () => {
  const { host, run } = setUp();
  host.board.programs.delete('mount');
  await expect(run('/mnt/ro')).rejects.toMatchObject({ code: 'unsupported' });
});
