/** The virtual rack itself: real kernels, a real array, a real switch, Pis that really boot over the network. */

import { statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { breaks } from './faults.js';
import type { Rack } from './rack.js';
import { nodeNamed, sharedRack, until } from './testing.js';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
const REPORT_LIMIT_MS = 240_000;
const BOOT_LIMIT_MS = 240_000;
const REBUILD_LIMIT_MS = 240_000;
const SOON_MS = 90_000;

const mdstat = (rack: Rack): Promise<string> => rack.run('fileserver', 'cat /proc/mdstat');
const answersPing = async (rack: Rack, address: string): Promise<boolean> =>
  (await rack.tryRun('fileserver', `ping -c1 -W1 ${address}`)).status === 0;

/** A suite may have had a node of its own, which it has revoked since. */
async function inService(rack: Rack) {
  return (await rack.controller.api.nodes()).filter(({ state }) => state !== 'revoked');
}

test('the agents of every guest enrol through somebody else’s router and report', async ({ skip, annotate }) => {
  const rack = sharedRack(skip);
  const begunAtMs = statSync(path.join(rack.dir, 'rack.json')).mtimeMs;
  const since = (): string => `${Math.round((Date.now() - begunAtMs) / 1_000)} s`;
  await rack.ready(rack.guestNames, BOOT_LIMIT_MS);
  const readyAfter = since();
  await rack.controller.connected(rack.guestNames, REPORT_LIMIT_MS);
  await annotate(`every guest is up after ${readyAfter}, every agent reports after ${since()}`);
  const kinds = (await inService(rack)).map(({ name, kind, site }) => [name, kind, site]);
  expect(kinds.toSorted()).toEqual([
    ['fileserver', 'fileserver', 'rack'],
    ['pi1', 'pi', 'rack'],
    ['pi2', 'pi', 'rack'],
    ['switch', 'switch', 'rack'],
  ]);
});

test('a Pi boots from files on the fileserver, and its agent sees the board that it runs on', async ({ skip }) => {
  const rack = sharedRack(skip);
  const log = await rack.run('fileserver', 'cat /var/log/bramble-dnsmasq.log');
  for (const { address, mac, serial } of rack.spec.pis) {
    expect(log).toContain(`DHCPACK(eth0.${10 + rack.spec.pis.findIndex((pi) => pi.mac === mac)}) ${address} ${mac}`);
    expect(log).toContain(`sent /srv/tftp/${serial.slice(-8)}/cmdline.txt to ${address}`);
    expect(log).toContain(`sent /srv/tftp/${serial.slice(-8)}/kernel8.img to ${address}`);
  }
  expect(await rack.run('pi1', 'cat /proc/mounts')).toMatch(/^10\.46\.189\.1:\/export\/10\.46\.189\.2 \/ nfs rw/m);
  expect(await nodeNamed(rack, 'pi1')).toMatchObject({
    model: 'Raspberry Pi 4 Model B Rev 1.4',
    serial: '10000000aa000001',
  });
});

test('a disk is pulled out, a new one is put in, and the array rebuilds itself onto it', async ({ skip }) => {
  const rack = sharedRack(skip);
  expect(await mdstat(rack)).toContain('[UU]');
  await breaks(rack, 'disk-fail', 'disk2');
  expect(await mdstat(rack)).toContain('[U_]');
  await rack.run('fileserver', 'mdadm -q /dev/md0 --remove failed');
  await breaks(rack, 'disk-pull', 'disk2');
  await until('the disk is gone', SOON_MS, async () => {
    return (await rack.tryRun('fileserver', 'ls -d /sys/class/scsi_disk/*:0:1:0')).status !== 0;
  });
  await breaks(rack, 'disk-insert', 'disk2');
  const device = '/dev/$(ls /sys/class/scsi_disk/*:0:1:0/device/block)';
  await until('the new disk is there', SOON_MS, async () => {
    return (await rack.tryRun('fileserver', `test -b ${device}`)).status === 0;
  });
  await rack.run('fileserver', `mdadm -q /dev/md0 --add ${device}`);
  await until(
    'it rebuilds, or has done so',
    SOON_MS,
    () => mdstat(rack),
    (seen) => /recovery = |\[UU\]/.test(seen),
  );
  await until(
    'it is whole',
    REBUILD_LIMIT_MS,
    () => mdstat(rack),
    (seen) => seen.includes('[UU]'),
  );
  expect(await rack.run('fileserver', 'cat /sys/block/md0/md/degraded')).toBe('0\n');
});

test('a port that is cut takes one Pi away and no other, and the Pi goes on when it is back', async ({ skip }) => {
  const rack = sharedRack(skip);
  const [first, second] = rack.spec.pis.map(({ address }) => address);
  if (first === undefined || second === undefined) throw new Error('two Pis are needed');
  const bootId = await rack.run('pi1', 'cat /proc/sys/kernel/random/boot_id');
  await rack.run('switch', 'ip link set swp1 down');
  await until('the Pi is out of reach', SOON_MS, async () => !(await answersPing(rack, first)));
  expect(await answersPing(rack, second)).toBe(true);
  await rack.run('switch', 'ip link set swp1 up');
  await until('it is back', SOON_MS, () => answersPing(rack, first));
  await rack.controller.connected(['pi1'], REPORT_LIMIT_MS);
  expect(await rack.run('pi1', 'cat /proc/sys/kernel/random/boot_id')).toBe(bootId);
});

test('the switch has a Pi’s power cut and restored by the power strip; it boots anew and is the same node', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  const before = await nodeNamed(rack, 'pi2');
  const cutAtMs = Date.now();
  expect(await rack.run('switch', 'sh /lab/outlet.sh pi2 off')).toBe('off\n');
  expect(rack.isOn('pi2')).toBe(false);
  expect(await rack.run('switch', 'sh /lab/outlet.sh pi2 on')).toBe('on\n');
  await rack.ready(['pi2'], BOOT_LIMIT_MS);
  await until(
    `its agent reports from a boot after ${cutAtMs}`,
    REPORT_LIMIT_MS,
    () => nodeNamed(rack, 'pi2'),
    ({ bootedAtMs = 0, liveness }) => liveness === 'fresh' && bootedAtMs > cutAtMs,
  );
  expect((await nodeNamed(rack, 'pi2')).id).toBe(before.id);
  expect(await inService(rack)).toHaveLength(4);
  await expect(rack.run('switch', 'sh /lab/outlet.sh switch off')).rejects.toThrow('nothing named switch');
});
