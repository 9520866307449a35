import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.js';

test('a bucket lets a burst through, then the rate', () => {
  const bucket = new TokenBucket(2, 3, 0);
  expect([1, 2, 3, 4].map(() => bucket.tryTake(0))).toEqual([true, true, true, false]);
  expect(bucket.tryTake(499)).toBe(false);
  expect(bucket.tryTake(500)).toBe(true);
  expect(bucket.isFull(1_999)).toBe(false);
  expect(bucket.isFull(2_000)).toBe(true);
});

test('on credit every taker is served, and waits as long as the rate says', () => {
  const bucket = new TokenBucket(2, 1, 0);
  expect([bucket.takeOnCredit(0), bucket.takeOnCredit(0), bucket.takeOnCredit(0)]).toEqual([0, 500, 1_000]);
  expect(bucket.takeOnCredit(1_500)).toBe(0);
  bucket.setRate(1);
  expect(bucket.takeOnCredit(1_500)).toBe(1_000);
});

test('property: whoever waits as told never goes faster than rate and burst allow', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat(300), { minLength: 1, maxLength: 200 }),
      (perSecond, burst, pauses) => {
        const bucket = new TokenBucket(perSecond, burst, 0);
        let nowMs = 0;
        for (const [taken, pauseMs] of pauses.entries()) {
          nowMs += pauseMs;
          expect(taken).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1000 + 1);
          nowMs += bucket.takeOnCredit(nowMs);
        }
      },
    ),
  );
});

test('a clock that goes backwards gives nobody tokens and takes none', () => {
  const bucket = new TokenBucket(1, 1, 1_000);
  expect(bucket.tryTake(1_000)).toBe(true);
  expect(bucket.tryTake(0)).toBe(false);
});
