/** Every transition of arrays is told in time, once. Emulated machines on a busy host miss the time now and then. */

import { expect, test } from 'vitest';
import { raidTransitions } from './raid-transitions.js';
import { sharedRack } from './testing.js';

const BOOT_LIMIT_MS = 240_000;

test('whatever happens to an array is told within 15 s, once, also across a restart of the agent', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  const result = await raidTransitions(rack, { arrays: 2, transitionsEach: 6, restartAt: 3 });
  expect(result).toMatchObject({ transitionsCount: 12, problems: [] });
});
