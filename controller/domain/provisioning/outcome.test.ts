import { expect, test } from 'vitest';
import { type BootSight, bootOutcome } from './outcome.js';

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
])('%s', ([, name, over, kind]) => {
  expect(bootOutcome({ name }, { ...SIGHT, ...over }, 3 * MINUTE_MS).kind).toBe(kind);
});
