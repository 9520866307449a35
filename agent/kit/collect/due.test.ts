import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextRunMs, phaseMs } from './due.js';

test('the same collector of the same node always has the same phase, and others have others', () => {
  const phases = Array.from({ length: 200 }, (_, at) => phaseMs(`n-${at}`, 'board', 3_600_000));
  expect(phaseMs('n-7', 'board', 3_600_000)).toBe(phases[7]);
  expect(phases.every((phase) => phase >= 0 && phase < 3_600_000)).toBe(true);
  const perQuarter = [0, 1, 2, 3].map(
    (quarter) => phases.filter((each) => Math.floor(each / 900_000) === quarter).length,
  );
  expect(Math.min(...perQuarter)).toBeGreaterThan(25);
});

test('interval 0 is due at once, for ever', () => {
  expect(phaseMs('n', 'cpu', 0)).toBe(0);
  expect(nextRunMs(12_345.6, 0, 0)).toBe(12_345.6);
});

test('property: the next run is later than now, at most one interval away, and in phase', () => {
  const interval = fc.integer({ min: 1, max: 86_400_000 });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), interval, fc.nat(), (nowMs, intervalMs, seed) => {
      const phase = seed % intervalMs;
      const next = nextRunMs(nowMs, intervalMs, phase);
      expect(next).toBeGreaterThan(nowMs);
      expect(next).toBeLessThanOrEqual(nowMs + intervalMs + 1);
      expect((next - phase) % intervalMs).toBe(0);
    }),
  );
});
