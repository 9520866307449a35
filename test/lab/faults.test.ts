/** What goes wrong in a rack really goes wrong: each verb is judged by what the guests themselves say. */

import { expect, test } from 'vitest';
import { breaks, sharedRack, until } from './testing.js';

const SLOW_MS = 240_000;

test('a full export takes no more writes, and takes them again', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.ready(rack.guestNames, SLOW_MS);
  await breaks(rack, 'export-fill');
  const tooMuch = 'dd if=/dev/zero of=/root/too-much bs=1M count=16 conv=fsync';
  expect((await rack.tryRun('pi1', tooMuch)).status).not.toBe(0);
  await breaks(rack, 'export-empty');
  // The file system gives freed space back when it commits, which takes it up to half a minute.
  await until('there is room again', SLOW_MS, async () => {
    return (await rack.tryRun('pi1', `rm -f /root/too-much; ${tooMuch} && rm /root/too-much`)).status === 0;
  });
});

test('nfsd and dnsmasq stop and start', async ({ skip }) => {
  const rack = sharedRack(skip);
  const threads = (): Promise<string> => rack.run('fileserver', 'cat /proc/fs/nfsd/threads');
  await breaks(rack, 'nfsd-stop');
  expect(await threads()).toBe('0\n');
  await breaks(rack, 'nfsd-start');
  expect(await threads()).toBe('8\n');
  await breaks(rack, 'dnsmasq-stop');
  await until('dnsmasq ends', 20_000, async () => (await rack.tryRun('fileserver', 'pgrep -x dnsmasq')).status === 1);
  await breaks(rack, 'dnsmasq-start');
  await rack.run('fileserver', 'pgrep -x dnsmasq');
});

test('a card becomes read-only, slow, flaky, and is good again', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'card-read-only', 'pi1');
  expect((await rack.tryRun('pi1', 'touch /card/x')).status).not.toBe(0);
  await breaks(rack, 'card-slow', 'pi1');
  expect(await rack.run('pi1', 'dmsetup table slow')).toContain('delay');
  await breaks(rack, 'card-good', 'pi1');
  await breaks(rack, 'card-flaky', 'pi1');
  expect(await rack.run('pi1', 'dmsetup table flaky')).toContain('flakey');
  await breaks(rack, 'card-good', 'pi1');
  await rack.run('pi1', 'touch /card/x && rm /card/x');
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

test('a processor that stands still answers nobody, and goes on', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'freeze', 'pi2');
  await expect(rack.run('pi2', 'true', 3_000)).rejects.toThrow('no answer');
  await breaks(rack, 'thaw', 'pi2');
  await rack.run('pi2', 'true');
});

test('only the agent ends, and comes back as the same node', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'agent-stop', 'switch');
  await until('the agent is gone', 30_000, async () => (await rack.tryRun('switch', 'pgrep -x node')).status === 1);
  await breaks(rack, 'agent-start', 'switch');
  await rack.run('switch', 'for i in $(seq 20); do pgrep -x node && exit 0; sleep 0.5; done; exit 1');
  await rack.controller.connected(['switch'], SLOW_MS);
});

test('a kernel that hangs stays as it is until its power is cycled', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'kernel-hang', 'pi2');
  await until('it answers nobody', 30_000, async () => {
    return rack.run('pi2', 'true', 3_000).then(
      () => false,
      () => true,
    );
  });
  await rack.powerOff('pi2');
  await rack.powerOn('pi2');
  await rack.ready(['pi2'], SLOW_MS);
});
