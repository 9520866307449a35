/** Boards on ports of a real kernel: each alone with its fileserver. */

import { expect, test } from 'vitest';
import type { Rack } from './rack.js';
import { sharedRack, twoPis } from './testing.js';

const BOOT_LIMIT_MS = 240_000;
/** A script of seconds takes minutes where the machine is emulated and busy: these are about what happens, not about how fast. */
const SLOW_MS = 240_000;

/** Whether somebody answers at this address, from there. `device`: never by the way that the routes say. */
async function answers(rack: Rack, from: string, address: string, device = ''): Promise<boolean> {
  const by = device === '' ? '' : `-I ${device}`;
  return (await rack.tryRun(from, `ping -c 2 -W 2 ${by} ${address}`, SLOW_MS)).status === 0;
}

test('a Pi reaches the address of its fileserver, and nothing of another Pi', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.ready(rack.guestNames, BOOT_LIMIT_MS);
  const [one, other] = twoPis(rack);
  for (const [pi, stranger] of [
    [one, other],
    [other, one],
  ] as const) {
    expect(await answers(rack, pi.name, pi.serverAddress)).toBe(true);
    expect(await answers(rack, pi.name, stranger.address)).toBe(false);
    expect(await answers(rack, pi.name, stranger.serverAddress)).toBe(false);
    // As if its cable led there: nobody answers to an address that is asked for in its own VLAN.
    await rack.run(pi.name, `ip route replace ${stranger.address}/32 dev eth0 scope link`);
    expect(await answers(rack, pi.name, stranger.address, 'eth0')).toBe(false);
    await rack.run(pi.name, `ip route del ${stranger.address}/32 dev eth0`);
  }
});
