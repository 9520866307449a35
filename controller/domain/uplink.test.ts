import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reportIntervalMs, TELEMETRY_SHARE } from './uplink.js';

const line = (bitsPerS: number) => ({ downBitsPerS: bitsPerS, upBitsPerS: bitsPerS, monthlyBytes: undefined });

test.for<[string, number, number, number]>([
  ['100 Pis behind 256 kbit/s keep half a minute', 256_000, 100, 30_000],
  ['200 of them report half as often', 256_000, 200, 50_000],
  ['100 Pis behind 64 kbit/s take their time', 64_000, 100, 95_000],
  ['a site that is far too large for its line is heard of every five minutes', 9_600, 255, 300_000],
  ['one Pi is never held back', 64_000, 1, 30_000],
])('%s', ([, bitsPerS, nodes, intervalMs]) => {
  expect(reportIntervalMs(30_000, line(bitsPerS), nodes)).toBe(intervalMs);
});

test('where nobody said what the uplink bears nothing is held back', () => {
  expect(reportIntervalMs(30_000, undefined, 10_000)).toBe(30_000);
});

test('property: reports of a site stay within their share unless five minutes are reached, and are never hurried', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 1e9 }), fc.integer({ min: 0, max: 1_000 }), (bitsPerS, nodes) => {
      const intervalMs = reportIntervalMs(30_000, line(bitsPerS), nodes);
      const bitsPerSOfReports = (nodes * 225 * 8 * 1_000) / intervalMs;
      expect(intervalMs).toBeGreaterThanOrEqual(30_000);
      if (intervalMs < 300_000) expect(bitsPerSOfReports).toBeLessThanOrEqual(bitsPerS * TELEMETRY_SHARE);
    }),
  );
});
