import { expect, test } from 'vitest';
import type { Sample } from '../../../proto/contract/facts.js';
import { seededRandom } from '../../../proto/contract/random.js';
import type { Report } from '../../../proto/gen/bramble/agent/v1/report.js';
import { SeriesDecoder } from '../../../proto/wire/series.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Reporter } from './reporter.js';

const INTERVAL_MS = 10_000;

function setUp() {
  const world = new SimWorld(1);
  const { clock } = makeSimHost(world, 'node');
  const sent: { atMs: number; report: Report }[] = [];
  const stop = new AbortController();
  const scene = { ticks: 0, isFlowing: true, value: 1, collectMs: 0 };
  const reporter = new Reporter({
    clock,
    random: seededRandom(1),
    intervalMs: INTERVAL_MS,
    scheduler: {
      async collect(): Promise<readonly Sample[]> {
        await clock.sleep(scene.collectMs, stop.signal);
        return [{ fact: 'cpu_cores_count', instance: '', value: scene.value }];
      },
    },
    send: (report) => {
      sent.push({ atMs: world.nowMs, report });
      return scene.isFlowing;
    },
    onTick: async () => {
      scene.ticks += 1;
    },
  });
  const ended = reporter.run(stop.signal);
  return { world, reporter, sent, scene, stop, ended };
}

test('offline it ticks and sends nothing; online the first report is full and comes at once', async () => {
  const { world, reporter, sent, scene } = setUp();
  await world.runFor(35_000);
  expect([scene.ticks, sent.length]).toEqual([3, 0]);
  reporter.goOnline();
  await world.runFor(100);
  expect(sent).toMatchObject([{ atMs: 35_000, report: { full: true, sequence: 1, takenAtMs: 35_000 } }]);
  await world.runFor(60_000);
  expect(sent.length).toBeGreaterThanOrEqual(6);
  expect(sent.slice(1).every(({ report }) => !report.full)).toBe(true);
});

test('a new stream starts with a new full report', async () => {
  const { world, reporter, sent } = setUp();
  reporter.goOnline();
  await world.runFor(25_000);
  reporter.goOffline();
  await world.runFor(25_000);
  const before = sent.length;
  reporter.goOnline();
  await world.runFor(0);
  expect(sent.slice(before)).toMatchObject([{ report: { full: true, sequence: 1 } }]);
});

test('a stream that went away while facts were gathered gets no report of the old one', async () => {
  const { world, reporter, sent, scene } = setUp();
  scene.collectMs = 500;
  reporter.goOnline();
  await world.runFor(100);
  reporter.goOffline();
  reporter.goOnline();
  await world.runFor(2_000);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.report.sequence).toBe(1);
});

test('while the transport wants a pause, more and more ticks are left out, and nothing is lost', async () => {
  const { world, reporter, sent, scene } = setUp();
  reporter.goOnline();
  await world.runFor(5_000);
  scene.isFlowing = false;
  await world.runFor(300_000);
  const during = sent.length - 1;
  expect(during).toBeGreaterThanOrEqual(4);
  expect(during).toBeLessThanOrEqual(7);
  scene.isFlowing = true;
  scene.value = 4;
  await world.runFor(200_000);
  const decoder = new SeriesDecoder();
  const changes = sent.flatMap(({ report }) => decoder.decode(report).changes);
  expect(changes.at(-1)).toMatchObject({ value: 4 });
});

test('a resync makes the next report full and soon, but never more than one a second', async () => {
  const { world, reporter, sent } = setUp();
  reporter.goOnline();
  await world.runFor(1_500);
  for (let n = 0; n < 20; n++) {
    reporter.resync();
    await world.runFor(100);
  }
  const full = sent.filter(({ report }) => report.full).length;
  expect(full).toBeGreaterThanOrEqual(3);
  expect(full).toBeLessThanOrEqual(4);
});

test('a new interval counts from now on', async () => {
  const { world, reporter, scene } = setUp();
  await world.runFor(10);
  reporter.setInterval(1_000);
  await world.runFor(10_500);
  expect(scene.ticks).toBeGreaterThanOrEqual(10);
});

test('it is alive while ticks come, and not when one hangs', async () => {
  const { world, reporter, scene } = setUp();
  reporter.goOnline();
  await world.runFor(120_000);
  expect(reporter.isAlive(world.nowMs)).toBe(true);
  scene.collectMs = 1e9;
  await world.runFor(120_000);
  expect(reporter.isAlive(world.nowMs)).toBe(false);
});

test('it ends when it is asked to', async () => {
  const { world, stop, ended } = setUp();
  await world.runFor(3_000);
  stop.abort();
  await world.settle(ended);
  expect(world.nowMs).toBe(3_000);
});
