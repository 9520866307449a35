/** Every transition of arrays is told once, also across a restart of the agent. How soon is judged by `npm run lab -- raid-transitions N`. */

import { expect, test } from 'vitest';
import { summarise } from './raid-summary.js';
import { raidTransitions } from './raid-transitions.js';
import { sharedRack } from './testing.js';

const BOOT_LIMIT_MS = 240_000;

test('whatever happens to an array is told, and once, also across a restart of the agent', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  const summary = summarise(await raidTransitions(rack, { arrays: 2, transitionsEach: 6, restartEvery: 4 }));
  process.stdout.write(`rack: 12 transitions of arrays: the slowest was told after ${summary.slowestMs} ms\n`);
  const { missedCount, surplusCount, problems } = summary;
  expect(summary).toMatchObject({ transitionsCount: 12, acrossRestartsCount: 2 });
  expect({ missedCount, surplusCount }, problems.join('\n')).toEqual({ missedCount: 0, surplusCount: 0 });
});
