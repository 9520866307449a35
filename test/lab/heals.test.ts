/** What a whole site's Pis share is gone: they are out of sight with it, and nothing is done to them. */

import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { breaks } from './faults.js';
import {
  actsSince,
  BOOT_LIMIT_MS,
  boots,
  bramble,
  DIAGNOSE_S_MIN,
  FACT_LIMIT_MS,
  healingOf,
  incidentSince,
  isAtRest,
  ordersSince,
  teach,
  untilClosed,
  untilJudged,
  untilOpened,
  watchOnly,
} from './healing.js';
import { Rack } from './rack.js';
import { sharedRack } from './testing.js';

beforeEach(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await isAtRest(Rack.open(found.id));
}, 3 * BOOT_LIMIT_MS);

afterAll(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await watchOnly(Rack.open(found.id));
});

test('the switch is gone: its Pis are out of sight with it, and nothing is done to them', async ({ skip }) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const before = await boots(rack);
  const sinceMs = Date.now();
  const cables = ['trunk', 'mgmt'];
  for (const cable of cables) await breaks(rack, 'cable-cut', cable);
  try {
    await untilOpened(rack, 'switch:switch', sinceMs, 'switch-gone');
    await untilJudged(rack, sinceMs);
    expect(await actsSince(rack, sinceMs)).toEqual([]);
    expect(await ordersSince(rack, sinceMs)).toEqual([]);
  } finally {
    for (const cable of cables) await breaks(rack, 'cable-mend', cable);
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  await untilClosed(rack, 'switch:switch', sinceMs);
  expect(await boots(rack)).toEqual(before);
});

test('the uplink of the fileserver is cut: its Pis are out of sight with it, and nothing is done to them', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const before = await boots(rack);
  const sinceMs = Date.now();
  await breaks(rack, 'cable-cut', 'uplink');
  try {
    await untilOpened(rack, 'fileserver:fileserver', sinceMs, 'fileserver-gone');
    await untilJudged(rack, sinceMs);
    expect(await actsSince(rack, sinceMs)).toEqual([]);
    for (const { name } of rack.spec.pis) {
      expect((await healingOf(rack, name)).state).toBe('held-by-cause');
      expect(await bramble(rack, 'why', name)).toContain('its fileserver is gone: held by G2');
    }
    const incident = await incidentSince(rack, 'fileserver:fileserver', sinceMs);
    expect(incident?.members.map(({ name }) => name).toSorted()).toEqual(rack.spec.pis.map(({ name }) => name));
    expect(await ordersSince(rack, sinceMs)).toEqual([]);
  } finally {
    await breaks(rack, 'cable-mend', 'uplink');
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  await untilClosed(rack, 'fileserver:fileserver', sinceMs);
  expect(await boots(rack)).toEqual(before);
  expect(await ordersSince(rack, sinceMs)).toEqual([]);
});
