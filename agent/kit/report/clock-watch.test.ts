import { expect, test } from 'vitest';
import { ClockWatch } from './clock-watch.js';

function watched() {
  const clock = { wallMs: 5_000, monoMs: 100, nowMs: () => clock.wallMs, monotonicMs: () => clock.monoMs };
  const watch = new ClockWatch(clock);
  expect(watch.check()).toBeUndefined(); // 1970 is where it starts, not a step
  return { clock, watch };
}

test.for<[string, number, number | undefined]>([
  ['a second of slewing', 1_000, undefined],
  ['a little more than a second', 1_001, 1_001],
  ['half a century forward', 1.6e12, 1.6e12],
  ['a day back', -86_400_000, -86_400_000],
])('the wall clock moves by %s', ([, byMs, want]) => {
  const { clock, watch } = watched();
  clock.wallMs += 30_000 + byMs;
  clock.monoMs += 30_000;
  expect(watch.check()).toBe(want);
  expect(watch.stepsCount).toBe(want === undefined ? 0 : 1);
  expect(watch.check()).toBeUndefined(); // told once
});

test('slow drift is never a step, however far it goes', () => {
  const { clock, watch } = watched();
  for (let look = 0; look < 1_000; look++) {
    clock.wallMs += 30_900;
    clock.monoMs += 30_000;
    watch.check();
  }
  expect(watch.stepsCount).toBe(0);
});
