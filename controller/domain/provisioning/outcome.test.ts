import { expect, test } from 'vitest';
import { type BootSight, bootOutcome, commandOutcome } from './outcome.js';

const SIGHT: BootSight = {
  ...{ stage: 'nfs-mounted', bootsCount: 1, isNewBoot: false, isWell: false, wellSinceMs: undefined },
  ...{ isEnrolled: true, words: 'It boots.' },
};
const BACK = { isNewBoot: true, isWell: true, wellSinceMs: 0 };
const MINUTE_MS = 60_000;

test.for<[string, 'follow' | 'follow-rescue' | 'verify', Partial<BootSight>, string]>([
  ['one boot that is under way', 'follow', {}, 'pending'],
  ['as many starts as are no loop', 'follow', { bootsCount: 3 }, 'pending'],
  ['one more is a loop', 'follow', { bootsCount: 4 }, 'failed'],
  ['nobody waits for a new board that loops to be enrolled', 'follow', { bootsCount: 4, isEnrolled: false }, 'failed'],
  ['it came up all the same', 'follow', { ...BACK, bootsCount: 4 }, 'done'],
  ['the rescue system is mounted', 'follow-rescue', {}, 'done'],
  ['the rescue system is never mounted', 'follow-rescue', { stage: 'dhcp-seen', bootsCount: 4 }, 'failed'],
  ['well for long enough', 'verify', BACK, 'done'],
  ['well since a minute ago', 'verify', { ...BACK, wellSinceMs: 2 * MINUTE_MS }, 'pending'],
])('%s', ([, name, over, kind]) => {
  expect(bootOutcome({ name }, { ...SIGHT, ...over }, { nowMs: 3 * MINUTE_MS, verifyForMs: 2 * MINUTE_MS }).kind).toBe(
    kind,
  );
});

test('a step tells which ports its switch has changed, not every line of the file', () => {
  const diff =
    ' auto swp1\n iface swp1\n-    alias pi: pi1\n+    alias unused\n \n auto swp2\n iface swp2\n+    bridge-access 10\n';
  const told = (detail: string) => commandOutcome({ state: 'succeeded', detail, updatedAtMs: 0 }, 'do', 0);
  expect([told(diff), told('swp1 gives no power')]).toEqual([
    { kind: 'done', detail: 'changed: swp1, swp2' },
    { kind: 'done', detail: 'swp1 gives no power' },
  ]);
});
