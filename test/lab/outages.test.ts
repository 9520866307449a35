/** What happens to a guest as a whole, and to the cables between guests, by what the guests themselves say. */

import { expect, test } from 'vitest';
import { breaks } from './faults.js';
import type { Rack } from './rack.js';
import { CONTROLLER_ADDRESS, LINK_PORT } from './spec.js';
import { nodeNamed, sharedRack, until } from './testing.js';

const SLOW_MS = 240_000;
const SOON_MS = 90_000;
/** A guest that has not answered after this does not. */
const DEAF_MS = 10_000;

const bootId = (rack: Rack, name: string): Promise<string> => rack.run(name, 'cat /proc/sys/kernel/random/boot_id');
/** What a script says, or what keeps it from saying anything. */
const saidBy = (rack: Rack, name: string, script: string, limitMs = DEAF_MS): Promise<string> =>
  rack.run(name, script, limitMs).catch((thrown: unknown) => String(thrown));
const BOOT_ID = /^[0-9a-f-]{36}\n$/;

test('a Pi whose cable is cut has lost its root; what steers it still answers; mended, it goes on', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  await rack.ready(rack.guestNames, SLOW_MS);
  const before = await bootId(rack, 'pi1');
  await breaks(rack, 'cable-cut', 'pi1');
  const carrier = 'cat /sys/class/net/eth0/carrier';
  const carrierSeen = () => rack.runWithoutRoot('pi1', carrier);
  await until('it sees no carrier', SOON_MS, carrierSeen, (seen) => seen === '0\n');
  const read = 'echo 3 >/proc/sys/vm/drop_caches; timeout -s KILL 5 cat /proc/1/root/bin/dash >/dev/null || echo none';
  expect(await rack.runWithoutRoot('pi1', read)).toBe('none\n');
  await breaks(rack, 'cable-mend', 'pi1');
  await until(
    'its root answers',
    SLOW_MS,
    () => saidBy(rack, 'pi1', 'ls /usr/bin', 30_000),
    (seen) => /^dpkg$/m.test(seen),
  );
  expect(await bootId(rack, 'pi1')).toBe(before);
});

test('without its uplink the fileserver is silent for the controller, and serves its Pis', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.controller.connected(rack.guestNames, SLOW_MS);
  await breaks(rack, 'cable-cut', 'uplink');
  expect(await rack.run('fileserver', 'cat /sys/class/net/eth1/carrier')).toBe('0\n');
  await until(
    'its reports are late',
    SLOW_MS,
    () => nodeNamed(rack, 'fileserver').then(({ liveness }) => liveness),
    (liveness) => liveness !== 'fresh',
  );
  await rack.run('pi2', 'echo 3 >/proc/sys/vm/drop_caches; cat /bin/dash >/dev/null');
  await breaks(rack, 'cable-mend', 'uplink');
  await rack.controller.connected(['fileserver'], SLOW_MS);
});

test('a board whose watchdog is not fed is reset by it', async ({ skip }) => {
  const rack = sharedRack(skip);
  const before = await bootId(rack, 'pi2');
  await breaks(rack, 'watchdog-unfed', 'pi2');
  const boots = () => saidBy(rack, 'pi2', 'cat /proc/sys/kernel/random/boot_id');
  await until('it boots anew', SLOW_MS, boots, (seen) => BOOT_ID.test(seen) && seen !== before);
  const hostname = () => saidBy(rack, 'pi2', 'cat /etc/hostname');
  await until('its root is mounted again', SLOW_MS, hostname, (seen) => seen === 'pi2\n');
});

test('a board that starts in 1970 is back as the same node', async ({ skip }) => {
  const rack = sharedRack(skip);
  const nodeId = async (): Promise<string | undefined> =>
    (await rack.controller.api.nodes()).find(({ name }) => name === 'pi2')?.id;
  const before = await nodeId();
  await breaks(rack, 'clock-1970', 'pi2');
  await rack.ready(['pi2'], SLOW_MS);
  expect(await rack.run('pi2', 'cat /sys/class/rtc/rtc0/date')).toContain('1970-01-01');
  expect(await rack.run('pi2', 'date -u +%Y')).toBe('1970\n');
  const connections = () => rack.run('pi2', 'netstat -tn');
  await until('its agent holds a connection', SLOW_MS, connections, (seen) =>
    seen.includes(`${CONTROLLER_ADDRESS}:${LINK_PORT}`),
  );
  await rack.controller.connected(['pi2'], SLOW_MS);
  expect(await nodeId()).toBe(before);
  await rack.powerOff('pi2');
  await rack.powerOn('pi2');
  await rack.ready(['pi2'], SLOW_MS);
  expect(Number(await rack.run('pi2', 'date -u +%Y'))).toBeGreaterThan(2_020);
});

test('a processor that stands still answers nobody, and goes on', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'freeze', 'pi2');
  await expect(rack.run('pi2', 'true', DEAF_MS)).rejects.toThrow('no answer');
  await breaks(rack, 'thaw', 'pi2');
  await rack.run('pi2', 'true');
});

test('only the agent ends, and comes back as the same node', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'agent-stop', 'switch');
  const agents = () => rack.tryRun('switch', 'pgrep -ax node');
  await until('the agent is gone', SOON_MS, agents, ({ status }) => status === 1);
  await breaks(rack, 'agent-start', 'switch');
  await until('there is one', SOON_MS, agents, ({ status }) => status === 0);
  await rack.controller.connected(['switch'], SLOW_MS);
});

test('a kernel that hangs stays as it is until its power is cycled', async ({ skip }) => {
  const rack = sharedRack(skip);
  await breaks(rack, 'kernel-hang', 'pi2');
  const answer = () => saidBy(rack, 'pi2', 'echo it answers');
  await until('it answers nobody', SOON_MS, answer, (seen) => seen.includes('no answer'));
  await rack.powerOff('pi2');
  await rack.powerOn('pi2');
  await rack.ready(['pi2'], SLOW_MS);
});
