import { expect, test } from 'vitest';
import { type BootSight, bootOutcome } from './outcome.js';

const NOW = 1_000_000;
const coming: BootSight = {
  stage: 'nfs-mounted',
  startsCount: 1,
  isNewBoot: false,
  isWell: false,
  wellSinceMs: undefined,
  isEnrolled: true,
  words: 'It waits.',
};
const up = { isNewBoot: true, isWell: true, wellSinceMs: NOW } as const;

test.for<['follow' | 'follow-rescue' | 'verify', string, Partial<BootSight>, string]>([
  ['follow', 'is on its way', {}, 'pending'],
  ['follow', 'began three times', { startsCount: 3 }, 'pending'],
  ['follow', 'began four times', { startsCount: 4 }, 'failed'],
  ['follow', 'began four times, and is not enrolled', { startsCount: 4, isEnrolled: false }, 'failed'],
  ['follow', 'is not enrolled yet', { isEnrolled: false }, 'pending'],
  ['follow', 'came up after all', { ...up, startsCount: 4 }, 'done'],
  ['follow', 'came up, and is in trouble', { ...up, isWell: false }, 'pending'],
  ['follow-rescue', 'has mounted the rescue system, after some tries', { startsCount: 4 }, 'done'],
  ['verify', 'has just come', up, 'pending'],
  ['verify', 'is well for two minutes', { ...up, wellSinceMs: NOW - 120_000 }, 'done'],
  ['verify', 'is well for almost two minutes', { ...up, wellSinceMs: NOW - 119_999 }, 'pending'],
])('%s: a board that %s', ([name, , over, kind]) => {
  expect(bootOutcome({ name }, { ...coming, ...over }, NOW).kind).toBe(kind);
});
