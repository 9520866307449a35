import { expect, test } from 'vitest';
import { AGENT_BACKOFF_MAX_MS, amnestyMs, newcomerGraceMs, reconnectSpreadMs } from './amnesty.js';
import { silentAfterMs } from './liveness.js';

test('a slow cadence makes the amnesty two times to live and a minute', () => {
  expect(amnestyMs({ longestReportIntervalMs: 300_000, reconnectSpreadMs: 60_000 })).toBe(2 * 905_000 + 60_000);
});

test.for([1_000, 5_000, 30_000, 300_000])(
  'at %d ms an agent deep in its back-off is back before amnesty ends',
  (interval) => {
    const amnesty = amnestyMs({ longestReportIntervalMs: interval, reconnectSpreadMs: 60_000 });
    expect(amnesty).toBeGreaterThanOrEqual(AGENT_BACKOFF_MAX_MS + silentAfterMs(interval));
  },
);

test('a fleet so large that it returns over hours is waited for', () => {
  const spread = reconnectSpreadMs(1_000_000);
  expect(amnestyMs({ longestReportIntervalMs: 30_000, reconnectSpreadMs: spread })).toBe(spread + 95_000);
});

test('the spread is a minute for small fleets and follows 200 nodes a second beyond', () => {
  expect(reconnectSpreadMs(1)).toBe(60_000);
  expect(reconnectSpreadMs(12_000)).toBe(60_000);
  expect(reconnectSpreadMs(12_001)).toBe(61_000);
});

test('a newcomer has two times to live and a minute', () => {
  expect(newcomerGraceMs(30_000)).toBe(250_000);
});
