import { expect, test } from 'vitest';
import { addressPrefix, PenaltyBox, TokenBuckets } from './limits.js';

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
