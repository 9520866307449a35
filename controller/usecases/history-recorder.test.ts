import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NumberFactName } from '../../proto/contract/facts.js';
import type { SqliteStore } from '../store/sqlite-store.js';
import { openSqliteStore } from '../store/sqlite-store.js';
import { RealisticNode } from '../store/testing/realistic-node.js';
import { frozenClock, nodeIdOf, sampleNode, silentLog, T0_MS } from '../store/testing/samples.js';
import { CHUNK_MS, HistoryRecorder } from './history-recorder.js';
import type { Store } from './ports.js';

const HOUR_MS = 3_600_000;
/** A whole hour, to keep the arithmetic of the tests simple. */
const START_MS = Math.floor(T0_MS / HOUR_MS) * HOUR_MS;
const END_MS = START_MS + 10 * 86_400_000;
const BUSY: NumberFactName = 'cpu_busy_permille';

let store: SqliteStore;
let isFailing = false;
let recorder: HistoryRecorder;

/** The store, with a disk that can be full. */
const flaky = (): Store => ({
  reader: store.reader,
  transact: (work) =>
    isFailing ? Promise.reject(new BrambleError('unavailable', 'no space left')) : store.transact(work),
  close: () => store.close(),
});

beforeEach(async () => {
  isFailing = false;
  store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock: frozenClock, log: silentLog });
  recorder = new HistoryRecorder({ store: flaky(), log: silentLog });
});

afterEach(() => store.close());

const busy = (value: number | undefined) => [{ fact: BUSY, instance: '', value }];

/** Reports every 30 s from `fromMs` on, each with its own number. */
function recordMinutes(minutes: number, fromMs = START_MS, node = 1): { atMs: number; value: number }[] {
  const points = Array.from({ length: minutes * 2 }, (_, i) => ({ atMs: fromMs + i * 30_000, value: 100 + i }));
  for (const { atMs, value } of points) recorder.record(nodeIdOf(node), atMs, false, busy(value));
  return points;
}

const pointsFrom = (from: HistoryRecorder, node = 1, fromMs = START_MS, toMs = END_MS) =>
  from.series(nodeIdOf(node), BUSY, '', fromMs, toMs);

/** What a controller that starts now would see: the store alone. */
const afterCrash = () => pointsFrom(new HistoryRecorder({ store, log: silentLog }));

const segmentsOf = (node = 1) => store.reader.history(nodeIdOf(node), START_MS, END_MS);

test('samples are seen at once, and from the store after they were written', async () => {
  const points = recordMinutes(12);
  expect(await pointsFrom(recorder)).toEqual(points);
  await recorder.flushDue(START_MS + 12 * 60_000);
  expect(await pointsFrom(recorder)).toEqual(points);
  await recorder.flushAll();
  expect(await pointsFrom(recorder)).toEqual(points);
  expect(await afterCrash()).toEqual(points);
});

test('a crash loses at most the last five minutes', async () => {
  for (let minute = 0; minute < 30; minute++) {
    recordMinutes(1, START_MS + minute * 60_000);
    await recorder.flushDue(START_MS + (minute + 1) * 60_000);
  }
  const kept = await afterCrash();
  const lostFromMs = kept.at(-1)?.atMs ?? 0;
  expect(START_MS + 30 * 60_000 - lostFromMs).toBeLessThanOrEqual(CHUNK_MS + 60_000);
  expect(kept).toEqual((await pointsFrom(recorder)).slice(0, kept.length));
});

test('a report without changes is a sample too: the value held', async () => {
  recorder.record(nodeIdOf(1), START_MS, true, busy(5));
  recorder.record(nodeIdOf(1), START_MS + 30_000, false, []);
  recorder.record(nodeIdOf(1), START_MS + 60_000, false, busy(undefined));
  recorder.record(nodeIdOf(1), START_MS + 90_000, false, busy(6));
  const points = [
    { atMs: START_MS, value: 5 },
    { atMs: START_MS + 30_000, value: 5 },
    { atMs: START_MS + 90_000, value: 6 },
  ];
  expect(await pointsFrom(recorder)).toEqual(points);
  await recorder.flushAll();
  recorder.record(nodeIdOf(1), START_MS + 120_000, false, []);
  expect(await pointsFrom(recorder)).toEqual([...points, { atMs: START_MS + 120_000, value: 6 }]);
});

test('a full report ends what it does not name', async () => {
  recorder.record(nodeIdOf(1), START_MS, true, busy(5));
  recorder.record(nodeIdOf(1), START_MS + 30_000, true, [{ fact: 'load_1m_milli', instance: '', value: 1 }]);
  expect(await pointsFrom(recorder)).toEqual([{ atMs: START_MS, value: 5 }]);
});

test('the stretch that is asked for begins with its first moment and ends before its last', async () => {
  const points = recordMinutes(20);
  await recorder.flushDue(START_MS + 10 * 60_000);
  const [third, ninth] = [points[3], points[9]];
  expect(await pointsFrom(recorder, 1, third?.atMs, ninth?.atMs)).toEqual(points.slice(3, 9));
});

test('nodes are written at different moments', async () => {
  for (let node = 1; node <= 40; node++) recordMinutes(5, START_MS, node);
  const written: number[] = [];
  for (let second = 0; second <= 600; second += 10) written.push(await recorder.flushDue(START_MS + second * 1_000));
  expect(written.reduce((sum, n) => sum + n, 0)).toBe(40);
  expect(Math.max(...written)).toBeLessThan(10);
});

describe('when the store fails', () => {
  test('nothing is lost: it is written when the store is back', async () => {
    const points = recordMinutes(10);
    isFailing = true;
    expect(await recorder.flushDue(START_MS + 10 * 60_000)).toBe(0);
    points.push(...recordMinutes(10, START_MS + 10 * 60_000));
    expect(await recorder.flushDue(START_MS + 20 * 60_000)).toBe(0);
    expect(await pointsFrom(recorder)).toEqual(points);
    isFailing = false;
    await recorder.flushAll();
    expect(await afterCrash()).toEqual(points);
  });

  test('memory stays bounded: rows are dropped and counted, and recording goes on', async () => {
    isFailing = true;
    const changes = (row: number) =>
      Array.from({ length: 200 }, (_, i) => ({
        fact: 'network_received_bytes' as const,
        instance: `if${i}`,
        value: row * 7_777_777 + i,
      }));
    for (let row = 0; row < 500; row++) recorder.record(nodeIdOf(1), START_MS + row * 30_000, false, changes(row));
    const counters = recorder.counters();
    expect(counters['history_rows_dropped_total']).toBeGreaterThan(300);
    expect(counters['history_journal_bytes']).toBeLessThan(40_000);
    isFailing = false;
    await recorder.flushAll();
    const newest = await recorder.series(nodeIdOf(1), 'network_received_bytes', 'if199', START_MS, END_MS);
    expect(newest.at(-1)).toEqual({ atMs: START_MS + 499 * 30_000, value: 499 * 7_777_777 + 199 });
  });
});

test('when the clock is set back, nothing waits for the future', async () => {
  recordMinutes(1, START_MS + 10 * 86_400_000);
  expect(await recorder.flushDue(START_MS)).toBe(1);
});

test('ten thousand nodes take a few kilobytes each', () => {
  const nodes = Array.from({ length: 20 }, (_, i) => new RealisticNode(i, START_MS));
  for (let report = 0; report < 10; report++) {
    nodes.forEach((node, i) => {
      const { atMs, values } = node.next();
      const changes = node.series.map(({ fact, instance }, at) => ({ fact, instance, value: values[at] }));
      recorder.record(nodeIdOf(i), atMs, report === 0, changes);
    });
  }
  expect((recorder.counters()['history_journal_bytes'] ?? Infinity) / nodes.length).toBeLessThan(1_500);
});

describe('repacking', () => {
  /** Two and a half hours, written chunk by chunk, then everything. */
  async function twoHoursAndAHalf(): Promise<void> {
    await store.transact(async (writer) => {
      for (const node of [1, 2]) await writer.putNode(sampleNode(node));
    });
    for (let minute = 0; minute < 150; minute++) {
      for (const node of [1, 2]) recordMinutes(1, START_MS + minute * 60_000, node);
      await recorder.flushDue(START_MS + (minute + 1) * 60_000);
    }
    await recorder.flushAll();
  }

  test('makes one segment of each finished hour and changes no sample', async () => {
    await twoHoursAndAHalf();
    const before = await pointsFrom(recorder);
    const hourOf = (atMs: number) => Math.floor((atMs - START_MS) / HOUR_MS);
    const startHours = async (node: number) => (await segmentsOf(node)).map(({ fromMs }) => hourOf(fromMs));
    const unfinished = (await startHours(2)).filter((hour) => hour === 2);
    expect((await segmentsOf()).length).toBeGreaterThan(25);
    // A chunk belongs to the hour in which it starts, and those of node 2 do not end with the hour.
    expect((await segmentsOf(2)).some(({ fromMs, toMs }) => hourOf(fromMs) !== hourOf(toMs - 1))).toBe(true);
    expect(await recorder.repack(START_MS + 150 * 60_000)).toBe(4);
    expect((await startHours(1)).filter((hour) => hour < 2)).toEqual([0, 1]);
    expect(await startHours(2)).toEqual([0, 1, ...unfinished]);
    expect(await pointsFrom(recorder)).toEqual(before);
    expect(await pointsFrom(recorder, 2)).toEqual(before);
  });

  test('leaves an hour alone until its last chunks must have come', async () => {
    await twoHoursAndAHalf();
    expect(await recorder.repack(START_MS + HOUR_MS + 599_999)).toBe(0);
    expect(await recorder.repack(START_MS + HOUR_MS + 600_000)).toBe(2);
  });

  test('done again, it does nothing', async () => {
    await twoHoursAndAHalf();
    await recorder.repack(START_MS + 150 * 60_000);
    const segments = await segmentsOf();
    expect(await recorder.repack(START_MS + 150 * 60_000)).toBe(0);
    expect(await segmentsOf()).toEqual(segments);
  });

  test('an hour with a damaged chunk stays as it is, and the samples around it can be seen', async () => {
    await twoHoursAndAHalf();
    const whole = await pointsFrom(recorder);
    const [, second] = await segmentsOf();
    if (second === undefined) throw new Error('no second segment');
    await store.transact((writer) => writer.addHistory({ ...second, packed: second.packed.map((byte) => byte ^ 1) }));
    const before = await segmentsOf();
    expect(await recorder.repack(START_MS + HOUR_MS + 600_000)).toBe(1);
    expect(await segmentsOf()).toEqual(before);
    const seen = await pointsFrom(recorder);
    expect(seen).toEqual(whole.filter(({ atMs }) => atMs < second.fromMs || atMs >= second.toMs));
    expect(recorder.counters()['history_unreadable_segments_total']).toBe(1);
  });

  test('goes on after a clock that was far ahead', async () => {
    await twoHoursAndAHalf();
    await recorder.repack(START_MS + 1_000 * HOUR_MS);
    expect(await recorder.repack(START_MS + HOUR_MS + 600_000)).toBe(0);
    expect(await recorder.repack(START_MS + 2 * HOUR_MS + 600_000)).toBe(2);
  });
});
