/** What a whole site's Pis share is gone: they are out of sight with it, and nothing is done to them. */

import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { breaks } from './faults.js';
import {
  actsSince,
  BOOT_LIMIT_MS,
  boots,
  DIAGNOSE_S_MIN,
  FACT_LIMIT_MS,
  incidentSince,
  isAtRest,
  ordersSince,
  teach,
  untilClosed,
  untilJudged,
  watchOnly,
} from './healing.js';
import { Rack } from './rack.js';
import { holdsHereHealsThere } from './shared-cause.js';
import { sharedRack, until } from './testing.js';

beforeEach(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await isAtRest(Rack.open(found.id));
}, 3 * BOOT_LIMIT_MS);

afterAll(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await watchOnly(Rack.open(found.id));
});

test('the fileserver is dead: its Pis are out of sight with it, and nothing is done to them', async ({ skip }) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const before = await boots(rack);
  const sinceMs = Date.now();
  const cables = ['trunk', 'uplink'];
  for (const cable of cables) await breaks(rack, 'cable-cut', cable);
  try {
    const told = () => incidentSince(rack, 'fileserver:fileserver', sinceMs);
    await until('there is an incident of it', FACT_LIMIT_MS, told, (seen) => seen?.state === 'open');
    await untilJudged(rack, sinceMs);
    expect(await told()).toMatchObject({ severity: 'critical', row: expect.stringContaining('fileserver-gone') });
    expect(await actsSince(rack, sinceMs)).toEqual([]);
    expect(await ordersSince(rack, sinceMs)).toEqual([]);
  } finally {
    for (const cable of cables) await breaks(rack, 'cable-mend', cable);
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  expect(await boots(rack)).toEqual(before);
  await untilClosed(rack, 'fileserver:fileserver', sinceMs);
});

test('the switch is dead: nothing is done to its Pis, and one that hangs elsewhere is healed', async ({ skip }) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const words = 'its switch is gone: held by G2';
  await holdsHereHealsThere(rack, { cause: 'switch:switch', row: 'switch-gone', words, cables: ['trunk', 'mgmt'] });
  await untilClosed(rack, 'switch:switch', 0);
});
