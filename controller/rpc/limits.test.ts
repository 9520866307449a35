import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressPrefix, PenaltyBox, TokenBucket, TokenBuckets } from './limits.js';

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

test('buckets are apart, and rested ones are forgotten', () => {
  const buckets = new TokenBuckets(1, 1);
  expect([buckets.tryTake('a', 0), buckets.tryTake('a', 0), buckets.tryTake('b', 0)]).toEqual([true, false, true]);
  buckets.sweep(999);
  expect(buckets.count).toBe(2);
  buckets.sweep(1_000);
  expect(buckets.count).toBe(0);
});

test('a flood from ten thousand addresses does not grow memory for ever', () => {
  const buckets = new TokenBuckets(1, 1);
  for (let i = 0; i < 20_000; i++) buckets.tryTake(`address-${i}`, 0);
  expect(buckets.count).toBe(10_000);
  expect(buckets.tryTake('one-more', 500)).toBe(false);
  expect(buckets.tryTake('one-more', 1_000)).toBe(true);
});

test('a penalty ends when its time is over', () => {
  const box = new PenaltyBox();
  box.add('a', 100);
  expect([box.has('a', 99), box.has('a', 100), box.has('b', 0)]).toEqual([true, false, false]);
  box.add('b', 50);
  box.sweep(50);
  expect(box.count).toBe(0);
  for (let i = 0; i < 10_001; i++) box.add(String(i), 1);
  expect(box.count).toBe(10_000);
});

test.for<[string, string]>([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0001::1', '2001:db8:1:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s shares a fate with %s', ([address, prefix]) => {
  expect(addressPrefix(address)).toBe(prefix);
});
