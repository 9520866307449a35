import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import type { FilesystemStat, KernelFiles } from '../host/ports.js';
import { collectOn, values } from '../testing/collect-on.js';
import { makeFilesystemsCollector } from './filesystems.js';
import { ProcessView } from './process-view.js';

const STAT: FilesystemStat = { blockSizeBytes: 4096, blocks: 1000, blocksAvailable: 250, inodes: 500, inodesFree: 400 };
const table = (name: string): string => recorded('mountinfo').find((one) => one.name === name)?.input ?? '';

/** Runs the collector over a mount table on a kernel that remembers which mount points were asked for their size. */
function collectTable(mountinfo: string) {
  const asked: string[] = [];
  const under = collectOn(
    makeFilesystemsCollector(new ProcessView(false)),
    { '/proc/self/mountinfo': mountinfo },
    (host) => {
      const kernel: KernelFiles = {
        readText: (path) => host.kernel.readText(path),
        list: (path) => host.kernel.list(path),
        statFilesystem: (mountPoint) => {
          asked.push(mountPoint);
          return STAT;
        },
      };
      return { ...host, kernel };
    },
  );
  return { ...under, asked };
}

test('nothing on a network, FUSE or automount path is ever asked for its size, nor what lies behind one', async () => {
  const { run, asked } = collectTable(table('pi-3b-nfs-root'));
  const facts = values(await run());
  expect(asked).toEqual([]);
  expect(facts).toMatchObject({
    'filesystem_type_text /': 'nfs',
    'filesystem_type_text /home/data': 'nfs4',
    'filesystem_type_text /media/photos': 'fuse.sshfs',
    'filesystem_type_text /media/scans': 'cifs',
    'filesystem_type_text /net': 'autofs',
    'filesystem_type_text /boot/firmware': 'vfat',
  });
  expect(Object.keys(facts).filter((fact) => fact.startsWith('filesystem_size'))).toEqual([]);
});

test('a sandbox does not make a writable disk look read-only, and shows each disk once', async () => {
  const { run, asked } = collectTable(table('sandboxed-service'));
  const facts = values(await run());
  expect(asked).toEqual(['/', '/boot/firmware', '/srv/backup', '/srv/a disk\twith\\odd\nnames']);
  expect(facts).toMatchObject({
    'filesystem_read_only_flag /': 0,
    'filesystem_size_bytes /': 4_096_000,
    'filesystem_available_bytes /': 1_024_000,
    'filesystem_inodes_count /': 500,
    'filesystem_inodes_free_count /': 400,
    'filesystem_device_text /': '/dev/mmcblk0p2',
    'filesystem_read_only_flag /srv/a disk\twith\\odd\nnames': 1,
  });
});

test('a disk that stopped writing is read-only, though its superblock says otherwise', async () => {
  const facts = values(await collectTable(table('failed-card')).run());
  expect(facts).toMatchObject({ 'filesystem_read_only_flag /mnt/card one/#2': 1, 'filesystem_read_only_flag /': 0 });
});

test('a mount that went away between the table and the question has a type and no size', async () => {
  const { run } = collectOn(makeFilesystemsCollector(new ProcessView(false)), {
    '/proc/self/mountinfo': table('debian-12-vm'),
  });
  const facts = values(await run());
  expect(facts).toMatchObject({ 'filesystem_type_text /': 'ext4' });
  expect(facts).not.toHaveProperty('filesystem_size_bytes /');
});

test('a changed table is read anew', async () => {
  const { run, kernel } = collectTable(table('pi-3b-nfs-root'));
  await run();
  kernel.set('/proc/self/mountinfo', table('debian-12-vm'));
  expect(values(await run())).toMatchObject({ 'filesystem_size_bytes /': 4_096_000 });
});

test('another root shows the mounts of its init, not those of the observer', async () => {
  const files = { '/proc/1/mountinfo': table('sandboxed-service'), '/proc/self/mountinfo': table('debian-12-vm') };
  const { run } = collectOn(makeFilesystemsCollector(new ProcessView(true)), files);
  expect(values(await run())).toMatchObject({ 'filesystem_device_text /': '/dev/mmcblk0p2' });
});

test('without a table, or with nothing on storage, there is no data', async () => {
  expect(
    await collectTable('')
      .run()
      .catch((error: unknown) => error),
  ).toMatchObject({ code: 'data-loss' });
  expect(await collectTable('1 0 0:1 / / rw - tmpfs tmpfs rw\n').run()).toMatchObject({ kind: 'no-data' });
  const { run } = collectOn(makeFilesystemsCollector(new ProcessView(false)), {});
  expect(await run()).toMatchObject({ kind: 'no-data' });
});
