import { expect, test } from 'vitest';
import { seededRandom } from '../../../proto/contract/random.js';
import { Metronome } from './metronome.js';

const INTERVAL_MS = 30_000;

function started(): Metronome {
  const metronome = new Metronome(seededRandom(1));
  metronome.restart(1_000, INTERVAL_MS);
  return metronome;
}

test('ticks keep to their interval for ever: jitter does not add up', () => {
  const metronome = started();
  let nowMs = 1_000;
  const offBy: number[] = [];
  for (let tick = 1; tick <= 10_000; tick++) {
    nowMs = metronome.next(nowMs);
    offBy.push(nowMs - (1_000 + tick * INTERVAL_MS));
  }
  expect(Math.max(...offBy.map(Math.abs))).toBeLessThanOrEqual(0.05 * INTERVAL_MS);
  expect(new Set(offBy.map(Math.round)).size).toBeGreaterThan(1_000); // there is jitter at all
});

test('a look in between does not move the next tick', () => {
  const metronome = started();
  const first = metronome.next(1_000);
  expect(metronome.next(5_000)).toBe(first);
  expect(metronome.next(first)).toBeGreaterThan(first + 0.9 * INTERVAL_MS);
});

test('missed ticks are left out', () => {
  const metronome = started();
  metronome.next(1_000);
  const next = metronome.next(1_000 + 1_000.5 * INTERVAL_MS);
  expect(Math.abs(next - (1_000 + 1_001 * INTERVAL_MS))).toBeLessThanOrEqual(0.05 * INTERVAL_MS);
});
