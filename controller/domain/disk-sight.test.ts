import { expect, test } from 'vitest';
import { type DiskCase, judgeDiskSight } from './disk-sight.js';

const SECOND = 1_000;
const SILENT_AT = 1_800_000_000_000;
const seen = (change: Partial<DiskCase>): string | undefined =>
  judgeDiskSight({
    fileserver: 'fs-1',
    lastSeenMs: SILENT_AT,
    toldAtMs: SILENT_AT + 300 * SECOND,
    askedAtMs: SILENT_AT,
    isServing: true,
    ...change,
  })?.kind;

test.for<[string, Partial<DiskCase>, string | undefined]>([
  ['a busy Pi whose agent died', { askedAtMs: SILENT_AT + 299 * SECOND }, 'asks'],
  ['an idle Pi whose agent died', { askedAtMs: SILENT_AT + 200 * SECOND }, 'asks'],
  [
    'a Pi that asked a minute after its last report, and the next count is to come',
    { askedAtMs: SILENT_AT + 60 * SECOND, toldAtMs: SILENT_AT + 150 * SECOND },
    undefined,
  ],
  ['a Pi that froze right after its last report', {}, 'still'],
  ['a Pi that was quiet for two minutes when that was counted', { askedAtMs: SILENT_AT + 140 * SECOND }, 'still'],
  ['a Pi that was quiet for less', { askedAtMs: SILENT_AT + 141 * SECOND }, undefined],
  ['a Pi whose NFS server does not serve', { isServing: false }, undefined],
  ['a Pi with its disk elsewhere', { askedAtMs: SILENT_AT - 11 * 60 * SECOND }, undefined],
  ['a Pi that idled before it froze', { askedAtMs: SILENT_AT - 9 * 60 * SECOND }, 'still'],
  ['a fileserver that has not told since', { toldAtMs: SILENT_AT + 30 * SECOND }, undefined],
])('%s', ([, change, want]) => {
  expect(seen(change)).toBe(want);
});
