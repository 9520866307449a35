/** What goes wrong in a rack really goes wrong: each verb is judged by what the guests themselves say. */

import { expect, test } from 'vitest';
import { breaks } from './faults.js';
import type { Rack } from './rack.js';
import { sharedRack, until } from './testing.js';

const SLOW_MS = 240_000;
const SOON_MS = 90_000;

test('a full export takes no more writes, and takes them again', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.ready(rack.guestNames, SLOW_MS);
  const tooMuch = 'dd if=/dev/zero of=/root/too-much bs=1M count=16 conv=fsync';
  await breaks(rack, 'export-fill');
  try {
    const { status, out, err } = await rack.tryRun('pi1', tooMuch);
    expect(`${status} ${out}${err}`).toContain('No space left on device');
  } finally {
    await breaks(rack, 'export-empty'); // what follows writes there too
  }
  // The file system gives freed space back when it commits, which takes it up to half a minute.
  const writes = () => rack.tryRun('pi1', `rm -f /root/too-much; ${tooMuch} && rm /root/too-much`);
  await until('there is room again', SLOW_MS, writes, ({ status }) => status === 0);
});

test('nfsd and dnsmasq stop and start', async ({ skip }) => {
  const rack = sharedRack(skip);
  const threads = (): Promise<string> => rack.run('fileserver', 'cat /proc/fs/nfsd/threads');
  await breaks(rack, 'nfsd-stop');
  expect(await threads()).toBe('0\n');
  await breaks(rack, 'nfsd-start');
  expect(await threads()).toBe('8\n');
  await breaks(rack, 'dnsmasq-stop');
  const dnsmasq = () => rack.tryRun('fileserver', 'pgrep -ax dnsmasq');
  await until('dnsmasq ends', SOON_MS, dnsmasq, ({ status }) => status === 1);
  await breaks(rack, 'dnsmasq-start');
  await rack.run('fileserver', 'pgrep -x dnsmasq');
});

/** Runs a script in a guest, and says how long it took by the guest's own clock, s. */
async function secondsOf(rack: Rack, guest: string, script: string): Promise<number> {
  const out = await rack.run(guest, `cat /proc/uptime; ${script}; cat /proc/uptime`);
  const [before = 0, after = 0] = [...out.matchAll(/^([\d.]+) [\d.]+$/gm)].map(([, each]) => Number(each));
  return after - before;
}

test('a card accepts no writes, and takes them again', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'card-read-only', 'pi1');
  expect((await rack.tryRun('pi1', 'touch /card/x')).err).toContain('Read-only file system');
  await breaks(rack, 'card-good', 'pi1');
  await rack.run('pi1', 'touch /card/x && rm /card/x');
});

test('every write to a slow card takes half a second longer', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'card-slow', 'pi1');
  const write = '/bin/dd if=/dev/zero of=/card/x bs=4k count=4 oflag=direct 2>/dev/null';
  expect(await secondsOf(rack, 'pi1', write)).toBeGreaterThanOrEqual(2);
  await breaks(rack, 'card-good', 'pi1');
  await rack.run('pi1', 'rm /card/x');
});

test('a flaky card fails reads for a while, and does not for a while', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'card-flaky', 'pi1');
  const read = '/bin/dd if=/dev/mapper/flaky of=/dev/null bs=4k count=1 iflag=direct';
  const reads = () => rack.tryRun('pi1', read);
  await until('a read fails', SOON_MS, reads, ({ status }) => status !== 0);
  await until('a read succeeds', SOON_MS, reads, ({ status }) => status === 0);
  expect(await rack.run('pi1', 'dmesg')).toMatch(/Buffer I\/O error on dev dm-0|EXT4-fs/);
  await breaks(rack, 'card-good', 'pi1');
});

test('a card that dies turns read-only, and the kernel says why', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'card-dies', 'pi1');
  // Not by /proc/mounts: kernels of late leave it at "rw" when errors, and not a person, made a file system read-only.
  const write = () => rack.tryRun('pi1', 'dd if=/dev/zero of=/card/more bs=64k count=4 conv=fsync');
  await until('it takes no more writes', SOON_MS, write, ({ err }) => err.includes('Read-only'));
  expect(await rack.run('pi1', 'dmesg')).toMatch(/EXT4-fs .*Remounting filesystem read-only/);
  await breaks(rack, 'card-good', 'pi1');
  await rack.run('pi1', 'touch /card/x && rm /card/x');
});

test('a slow disk does few operations a second, and is as quick as before', async ({ skip }) => {
  const rack = sharedRack(skip);
  const read = 'dd if=/dev/$(ls /sys/class/scsi_disk/*:0:0:0/device/block) of=/dev/null bs=4k count=40 iflag=direct';
  await breaks(rack, 'disk-slow', 'disk1', '5');
  const slowS = await secondsOf(rack, 'fileserver', `${read} 2>/dev/null`);
  expect(slowS).toBeGreaterThan(5);
  await breaks(rack, 'disk-slow', 'disk1', '0');
  expect(await secondsOf(rack, 'fileserver', `${read} 2>/dev/null`)).toBeLessThan(slowS / 2);
});

test('a slow rebuild is seen in the middle of it, with its speed', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'rebuild-slow', '500');
  const member = '/dev/$(ls /sys/class/scsi_disk/*:0:1:0/device/block)';
  await rack.run(
    'fileserver',
    `mdadm -q /dev/md0 --fail ${member} && mdadm -q /dev/md0 --remove ${member} && mdadm -q --zero-superblock ${member} && mdadm -q /dev/md0 --add ${member}`,
  );
  const mdstat = () => rack.run('fileserver', 'cat /proc/mdstat');
  await until('it rebuilds at a walk', SOON_MS, mdstat, (seen) => {
    const [, kibPerS = '0'] = /speed=(\d+)K/.exec(seen) ?? [];
    return Number(kibPerS) > 0 && Number(kibPerS) < 2_000;
  });
  await breaks(rack, 'rebuild-slow', '200000');
  await until('it is whole', SLOW_MS, mdstat, (seen) => seen.includes('[UU]'));
});

test('a sector that cannot be read is in the kernel’s log', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'disk-bad-sector');
  expect(await rack.run('fileserver', 'dmesg | tail -40')).toMatch(/critical medium error|Medium Error/);
  await rack.run('fileserver', 'rmmod scsi_debug');
});

test('a slow uplink delays what goes to the controller, and no agent loses it', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'uplink-slow');
  expect(await rack.run('fileserver', 'tc qdisc show dev eth1')).toContain('delay 300ms');
  await rack.controller.connected(['pi1', 'fileserver'], SLOW_MS);
  await breaks(rack, 'uplink-good');
});
