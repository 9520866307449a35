import { expect, test } from 'vitest';
import { startWatchdog } from './watchdog.js';

/** A watchdog whose timer and transaction are in our hands. */
function underTest(progress: () => Promise<unknown>) {
  let fire: () => void = () => undefined;
  let scheduled = 0;
  let alive = 0;
  const stop = startWatchdog({
    limitMs: 30_000,
    progress,
    alive: async () => {
      alive += 1;
    },
    timers: {
      after: (ms, call) => {
        expect(ms).toBe(10_000);
        scheduled += 1;
        fire = call;
        return () => {
          scheduled -= 1;
        };
      },
    },
  });
  const turn = async (): Promise<void> => {
    fire();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { stop, turn, aliveCount: () => alive, scheduledCount: () => scheduled };
}

test('every piece of progress is one sign of life, well before it is due', async () => {
  const { turn, aliveCount, scheduledCount } = underTest(async () => undefined);
  await turn();
  await turn();
  expect([aliveCount(), scheduledCount()]).toEqual([2, 3]);
});

test('a store that does not answer means no sign of life, however often the event loop turns', async () => {
  const { turn, aliveCount, scheduledCount } = underTest(() => new Promise(() => undefined));
  await turn();
  await new Promise((resolve) => setImmediate(resolve));
  expect([aliveCount(), scheduledCount()]).toEqual([0, 1]);
});

test('a store that answers with a failure is alive: a restart would not free a full disk', async () => {
  const { turn, aliveCount } = underTest(() => Promise.reject(new Error('disk full')));
  await turn();
  expect(aliveCount()).toBe(1);
});

test('after its end it is silent', async () => {
  const { stop, turn, aliveCount, scheduledCount } = underTest(async () => undefined);
  stop();
  expect(scheduledCount()).toBe(0);
  await turn();
  expect(aliveCount()).toBe(0);
});
