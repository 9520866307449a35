import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeNodeClock } from './clock.js';

test('counts from the boot of this machine, to the resolution of /proc/uptime', () => {
  const uptimeMs = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
  expect(Math.abs(makeNodeClock().monotonicMs() - uptimeMs)).toBeLessThan(1000);
});

test.for([2 ** 31 - 1, 2 ** 31, 2 ** 40])('a sleep of %d ms is longer than one of 20', async (ms) => {
  const clock = makeNodeClock();
  const stop = new AbortController();
  const long = clock.sleep(ms, stop.signal).then(
    () => 'long',
    () => 'cancelled',
  );
  const short = clock.sleep(20, stop.signal).then(() => 'short');
  expect(await Promise.race([long, short])).toBe('short');
  stop.abort();
  expect(await long).toBe('cancelled');
});

test('a sleep leaves nothing behind on its signal', async () => {
  const clock = makeNodeClock();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  for (let i = 0; i < 20; i++) await clock.sleep(0, signal);
  expect(listeners).toBe(0);
});
