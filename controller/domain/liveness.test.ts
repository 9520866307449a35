import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Contact, goodbyeExcuseMs, judgeLiveness, lateAfterMs, silentAfterMs } from './liveness.js';

const contact = (over: Partial<Contact> = {}): Contact => ({
  reportIntervalMs: 30_000,
  lastSeenAtMs: 1_000_000,
  excusedUntilMs: undefined,
  graceUntilMs: 0,
  ...over,
});

test('limits come from the assigned cadence: late after 1.5 intervals and 5 s, silent after 3 and 5 s', () => {
  expect(lateAfterMs(30_000)).toBe(50_000);
  expect(silentAfterMs(30_000)).toBe(95_000);
  expect(lateAfterMs(5_000)).toBe(12_500);
});

test.for<[string, Partial<Contact>, number, string, number | undefined]>([
  ['a node that just reported is fresh', {}, 1_000_000, 'fresh', 1_050_000],
  ['one ms before the late limit it is fresh', {}, 1_049_999, 'fresh', 1_050_000],
  ['at the late limit it is late', {}, 1_050_000, 'late', 1_095_000],
  ['one ms before its time to live ends it is late', {}, 1_094_999, 'late', 1_095_000],
  ['at the end of its time to live it is silent', {}, 1_095_000, 'silent', undefined],
  ['a slower cadence waits longer', { reportIntervalMs: 300_000 }, 1_095_000, 'fresh', 1_455_000],
  ['who said goodbye is gone', { excusedUntilMs: 1_200_000 }, 1_100_000, 'gone', 1_200_000],
  ['one ms before it is due back it is gone', { excusedUntilMs: 1_200_000 }, 1_199_999, 'gone', 1_200_000],
  ['who does not come back is silent', { excusedUntilMs: 1_200_000 }, 1_200_000, 'silent', undefined],
  [
    'never heard within grace is unobserved',
    { lastSeenAtMs: undefined, graceUntilMs: 9_000 },
    8_999,
    'unobserved',
    9_000,
  ],
  [
    'never heard at the end of grace is silent',
    { lastSeenAtMs: undefined, graceUntilMs: 9_000 },
    9_000,
    'silent',
    undefined,
  ],
])('%s', ([, over, nowMs, liveness, recheckAtMs]) => {
  expect(judgeLiveness(contact(over), nowMs)).toEqual({ liveness, recheckAtMs });
});

test('a goodbye excuses silence as long as it says, ten minutes when it does not say, never over an hour', () => {
  expect(goodbyeExcuseMs(120_000)).toBe(125_000);
  expect(goodbyeExcuseMs(0)).toBe(605_000);
  expect(goodbyeExcuseMs(86_400_000)).toBe(3_605_000);
});

test('property: the verdict holds until its recheck time, and waiting never makes a node look better', () => {
  const rank = { fresh: 0, gone: 0, unobserved: 0, late: 1, silent: 2 } as const;
  const anyContact = fc.record({
    reportIntervalMs: fc.integer({ min: 1_000, max: 600_000 }),
    lastSeenAtMs: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
    excusedUntilMs: fc.option(fc.integer({ min: 0, max: 4_000_000 }), { nil: undefined }),
    graceUntilMs: fc.integer({ min: 0, max: 1_000_000 }),
  });
  fc.assert(
    fc.property(anyContact, fc.integer({ min: 0, max: 5_000_000 }), (given, nowMs) => {
      const { liveness, recheckAtMs } = judgeLiveness(given, nowMs);
      if (recheckAtMs === undefined) {
        expect(judgeLiveness(given, nowMs + 1e9).liveness).toBe('silent');
        return;
      }
      expect(recheckAtMs).toBeGreaterThan(nowMs);
      expect(judgeLiveness(given, recheckAtMs - 1).liveness).toBe(liveness);
      expect(rank[judgeLiveness(given, recheckAtMs).liveness]).toBeGreaterThanOrEqual(rank[liveness]);
    }),
  );
});
