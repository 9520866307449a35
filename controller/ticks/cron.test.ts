import { expect, test } from 'vitest';
import { silentLog } from '../store/testing/samples.js';
import { cronScheduler, type Scheduler, type Tick, Ticks } from './cron.js';
import { storeTicks } from './store-ticks.js';

/** Calls when told to. */
class FakeScheduler implements Scheduler {
  readonly calls = new Map<string, () => void>();

  schedule(when: string, call: () => void): () => void {
    this.calls.set(when, call);
    return () => this.calls.delete(when);
  }

  fire(when: string): void {
    this.calls.get(when)?.();
  }
}

/** A tick that runs until it is told to finish. */
function slowTick() {
  let finish: (thrown?: Error) => void = () => undefined;
  let startsCount = 0;
  const tick: Tick = {
    name: 'slow-one',
    when: '0 * * * *',
    run: () => {
      startsCount += 1;
      return new Promise<void>((resolve, reject) => {
        finish = (thrown) => (thrown === undefined ? resolve() : reject(thrown));
      });
    },
  };
  return { tick, finish: (thrown?: Error) => finish(thrown), starts: () => startsCount };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a tick that still runs when it is due again is skipped and counted', async () => {
  const scheduler = new FakeScheduler();
  const slow = slowTick();
  const ticks = new Ticks(scheduler, silentLog, [slow.tick]);
  ticks.start();
  scheduler.fire('0 * * * *');
  scheduler.fire('0 * * * *');
  expect(slow.starts()).toBe(1);
  slow.finish();
  await settle();
  scheduler.fire('0 * * * *');
  expect(slow.starts()).toBe(2);
  expect(ticks.counters()).toMatchObject({ tick_slow_one_runs_total: 2, tick_slow_one_skipped_total: 1 });
  slow.finish();
  await ticks.stop();
});

test('a tick that fails is counted, and runs at its next time', async () => {
  const scheduler = new FakeScheduler();
  const slow = slowTick();
  const ticks = new Ticks(scheduler, silentLog, [slow.tick]);
  ticks.start();
  scheduler.fire('0 * * * *');
  slow.finish(new Error('disk full'));
  await settle();
  scheduler.fire('0 * * * *');
  expect(ticks.counters()).toMatchObject({ tick_slow_one_runs_total: 2, tick_slow_one_failed_total: 1 });
  slow.finish();
  await ticks.stop();
});

test('stop waits for what runs and lets nothing start', async () => {
  const scheduler = new FakeScheduler();
  const slow = slowTick();
  const ticks = new Ticks(scheduler, silentLog, [slow.tick]);
  ticks.start();
  scheduler.fire('0 * * * *');
  let isStopped = false;
  const stopping = ticks.stop().then(() => {
    isStopped = true;
  });
  await settle();
  expect(isStopped).toBe(false);
  expect(scheduler.calls.size).toBe(0);
  slow.finish();
  await stopping;
  expect(slow.starts()).toBe(1);
});

test('the care of a store is spread over the hour by the phase of the installation', () => {
  const care = {
    flushHistory: async () => 'flushed',
    repackHistory: async () => 'repacked',
    prune: async () => 'pruned',
    pruneUploads: async () => 'uploads pruned',
    sweepImages: async () => 'images swept',
    checkpoint: async () => 'done',
  };
  const whenOf = (phase: number) =>
    Object.fromEntries(storeTicks(care, phase).map(({ name, when }) => [name, when] as const));
  expect(whenOf(0)).toMatchObject({ 'history-repack': '0 11 * * * *', retention: '0 16 * * * *' });
  expect(whenOf(0.999)).toMatchObject({ 'history-repack': '59 50 * * * *', retention: '59 55 * * * *' });
});

test('every expression is one that node-cron takes, and a real clock makes a tick run', async () => {
  const care = {
    flushHistory: async () => undefined,
    repackHistory: async () => undefined,
    prune: async () => undefined,
    pruneUploads: async () => undefined,
    sweepImages: async () => undefined,
    checkpoint: async () => undefined,
  };
  let ran: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    ran = resolve;
  });
  const everySecond: Tick = { name: 'now', when: '* * * * * *', run: async () => ran() };
  const ticks = new Ticks(cronScheduler, silentLog, [...storeTicks(care, 0.5), everySecond]);
  ticks.start();
  await running;
  await ticks.stop();
  expect(ticks.counters()['tick_now_runs_total']).toBeGreaterThan(0);
});
