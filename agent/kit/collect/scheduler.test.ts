import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Sample } from '../../../proto/contract/facts.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { type Collected, type Collector, noData, ok } from './collector.js';
import { CollectorScheduler } from './scheduler.js';

const WAIT_MS = 1_000;
const load = (value: number): Sample => ({ fact: 'load_1m_milli', instance: '', value });

function collector(change: Partial<Collector> & Pick<Collector, 'collect'>): Collector {
  return { name: 'one', intervalMs: 0, timeoutMs: 5_000, ...change };
}

function setUp(collectors: readonly Collector[]) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node');
  const scheduler = new CollectorScheduler({ collectors, host, nodeId: 'n-1' });
  const collect = async () => {
    const samples = await world.settle(scheduler.collect(WAIT_MS));
    return Object.fromEntries(samples.map(({ fact, instance, value }) => [`${fact} ${instance}`.trim(), value]));
  };
  return { world, host, scheduler, collect };
}

test('every run tells its state and duration beside what it found', async () => {
  const { collect, host } = setUp([
    collector({ collect: () => ok([load(7)]) }),
    collector({ name: 'slow', collect: () => host.clock.sleep(250, new AbortController().signal).then(() => ok([])) }),
  ]);
  expect(await collect()).toEqual({
    load_1m_milli: 7,
    'collector_state one': 1,
    'collector_duration_us one': 0,
    'collector_state slow': 1,
    'collector_duration_us slow': 250_000,
  });
});

test('no data is not a failure, and withdraws what was there before', async () => {
  const answers: Collected[] = [ok([load(7)]), noData('not there')];
  const { collect } = setUp([collector({ collect: () => answers.shift() ?? noData('not there') })]);
  expect(await collect()).toMatchObject({ load_1m_milli: 7 });
  const after = await collect();
  expect(after).toEqual({ 'collector_state one': 2, 'collector_duration_us one': 0 });
});

test.for<[string, () => Collected | Promise<Collected>]>([
  [
    'throws',
    () => {
      throw new BrambleError('data-loss', 'cut short');
    },
  ],
  ['rejects', () => Promise.reject(new BrambleError('data-loss', 'cut short'))],
  [
    'fails with something of its own',
    () => {
      throw new Error('cut short');
    },
  ],
])('a collector that %s loses its old samples, says why, and harms no other', async ([, fail]) => {
  let runs = 0;
  const { collect } = setUp([
    collector({ name: 'bad', collect: () => (runs++ === 0 ? ok([load(7)]) : fail()) }),
    collector({ name: 'good', collect: () => ok([{ fact: 'cpu_cores_count', instance: '', value: 4 }]) }),
  ]);
  await collect();
  expect(await collect()).toEqual({
    'collector_state bad': 3,
    'collector_duration_us bad': 0,
    'collector_error_text bad': 'cut short',
    'collector_state good': 1,
    'collector_duration_us good': 0,
    cpu_cores_count: 4,
  });
});

test('a failure text goes away with the next success', async () => {
  let runs = 0;
  const { collect } = setUp([
    collector({
      collect: () => {
        if (runs++ === 0) throw new Error('busy');
        return ok([]);
      },
    }),
  ]);
  expect(await collect()).toHaveProperty('collector_error_text one', 'busy');
  expect(await collect()).not.toHaveProperty('collector_error_text one');
});

test('a slow collector delays the others by no more than the wait, and its old samples stand meanwhile', async () => {
  let runs = 0;
  const { world, host, collect } = setUp([
    collector({
      name: 'slow',
      async collect() {
        runs += 1;
        if (runs > 1) await host.clock.sleep(3_000, new AbortController().signal);
        return ok([load(runs)]);
      },
    }),
    collector({ name: 'fast', collect: () => ok([]) }),
  ]);
  await collect();
  const beforeMs = world.nowMs;
  expect(await collect()).toMatchObject({ load_1m_milli: 1, 'collector_state fast': 1 });
  expect(world.nowMs - beforeMs).toBe(WAIT_MS);
  await world.runFor(2_500);
  expect(runs).toBe(2);
  const [third] = [await collect()]; // the second run has ended meanwhile, and the third one is under way
  expect(third).toMatchObject({ load_1m_milli: 2, 'collector_state slow': 1 });
});

test('a collector that hangs is timed out and aborted, and is not started again while it hangs', async () => {
  let started = 0;
  let aborted = 0;
  let letGo = (): void => {};
  const { world, collect } = setUp([
    collector({
      name: 'stuck',
      timeoutMs: 2_000,
      collect: (_, signal) => {
        started += 1;
        if (started > 1) return ok([load(2)]);
        signal.addEventListener('abort', () => {
          aborted += 1;
        });
        return new Promise((resolve) => {
          letGo = () => {
            resolve(ok([load(1)]));
          };
        });
      },
    }),
  ]);
  expect(await collect()).toEqual({}); // nothing is known of it yet
  await world.runFor(1_500);
  for (let round = 0; round < 3; round++) {
    expect(await collect()).toEqual({
      'collector_state stuck': 4,
      'collector_duration_us stuck': 2_000_000,
      'collector_error_text stuck': 'no answer within 2000 ms',
    });
  }
  expect([started, aborted]).toEqual([1, 1]);
  letGo();
  await world.runFor(0);
  expect(await collect()).toMatchObject({ 'collector_state stuck': 1, load_1m_milli: 2 }); // late samples were dropped
  expect(started).toBe(2);
});

test('a collector with an interval runs at once, then in its phase, and its samples are carried forward', async () => {
  let runs = 0;
  const { world, collect } = setUp([
    collector({ name: 'hourly', intervalMs: 3_600_000, collect: () => ok([load(++runs)]) }),
  ]);
  const seen: unknown[] = [];
  for (let minute = 0; minute < 240; minute++) {
    seen.push((await collect())['load_1m_milli']);
    await world.runFor(60_000);
  }
  expect(seen[0]).toBe(1);
  const firstOf = (value: number): number => seen.indexOf(value);
  expect(firstOf(2)).toBeLessThanOrEqual(60);
  expect(firstOf(3) - firstOf(2)).toBe(60);
  expect(firstOf(4) - firstOf(3)).toBe(60);
  expect(seen).not.toContain(undefined);
});

test('stopping aborts what is under way and leaves no timer behind', async () => {
  let signalOfRun: AbortSignal | undefined;
  const { world, scheduler, collect } = setUp([
    collector({
      collect: (_, signal) => {
        signalOfRun = signal;
        return new Promise<Collected>(() => {});
      },
    }),
  ]);
  await collect();
  scheduler.stop();
  expect(signalOfRun?.aborted).toBe(true);
  await world.runFor(10_000);
  expect(await collect()).toEqual({}); // neither judged nor started again
});

test('two collectors of one name are a mistake in the program', () => {
  const twin = collector({ collect: () => ok([]) });
  expect(() => setUp([twin, twin])).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});
