import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { diskRates, isSaturated, makeDiskCollector } from './disk.js';
import { type DiskCounters, moved, parseDiskstats } from './disk-counters.js';

test.for(recorded('diskstats'))('reads the whole devices of $name', ({ input, expected: want }) => {
  expect(parseDiskstats(input)).toEqual(want);
});

test('a cut table is refused, or its lines say the same', () => {
  for (const { input } of recorded('diskstats')) {
    expectNoInvention(parseDiskstats, input, (cut, all) => expect(cut).toEqual(all.slice(0, cut.length)));
    expectRefusalOfGarbage(parseDiskstats, input);
  }
});

const WRAP = 2 ** 32;

test.for([
  ['stands still', 7, 7, 0],
  ['moves on', 7, 10, 3],
  ['is a 64-bit one and moves on', 5 * WRAP, 5 * WRAP + 3, 3],
  ['wraps', WRAP - 4, 6, 10],
  ['was set back: another card is in the slot', 1_000_000, 12, undefined],
  ['is a 64-bit one and was set back', 5 * WRAP, 3, undefined],
] as const)('a counter that %s', ([, before, after, want]) => {
  expect(moved(before, after)).toBe(want);
});

const COUNTERS: DiskCounters = {
  name: 'mmcblk0',
  reads: 0,
  readMs: 0,
  writes: 0,
  sectorsWritten: 0,
  writeMs: 0,
  inFlight: 0,
  busyMs: 0,
};

test('rates are those of the interval', () => {
  const after = { ...COUNTERS, reads: 4, readMs: 10, writes: 5, writeMs: 2_000, sectorsWritten: 16, busyMs: 2_500 };
  expect(diskRates(COUNTERS, after, 10_000)).toEqual({
    busyPermille: 250,
    readLatencyUs: 2_500,
    writeLatencyUs: 400_000,
    writtenBytes: 8_192,
  });
});

test('a device that was given nothing has no latency, and a tick too much is no more than busy', () => {
  expect(diskRates(COUNTERS, { ...COUNTERS, busyMs: 1_010 }, 1_000)).toEqual({
    busyPermille: 1000,
    readLatencyUs: undefined,
    writeLatencyUs: undefined,
    writtenBytes: 0,
  });
});

test.for([
  ['busy, and a write takes long', 950, 200_000, false, true],
  ['not quite busy', 949, 200_000, false, false],
  ['busy with short writes', 1000, 199_999, false, false],
  ['busy, and no write comes to an end', 1000, undefined, true, true],
  ['busy with reads alone', 1000, undefined, false, false],
] as const)('%s', ([, busyPermille, writeLatencyUs, hangs, want]) => {
  expect(isSaturated({ busyPermille, readLatencyUs: undefined, writeLatencyUs, writtenBytes: 0 }, hangs)).toBe(want);
});

/** One line of a card. */
function table(counters: Partial<DiskCounters>): string {
  const { reads, readMs, writes, sectorsWritten, writeMs, inFlight, busyMs } = { ...COUNTERS, ...counters };
  return ` 179 0 mmcblk0 ${reads} 0 0 ${readMs} ${writes} 0 ${sectorsWritten} ${writeMs} ${inFlight} ${busyMs} 0\n`;
}

function card(counters: Partial<DiskCounters> = {}) {
  const rig = collectOn(makeDiskCollector(), { '/proc/diskstats': table(counters) });
  const facts = async () => values(await rig.run());
  const after = async (ms: number, next: Partial<DiskCounters>) => {
    rig.kernel.set('/proc/diskstats', table(next));
    await rig.world.runFor(ms);
    return facts();
  };
  return { ...rig, facts, after };
}

test('one reading knows what was written, and no rates', async () => {
  expect(await card({ sectorsWritten: 10 }).facts()).toEqual({ 'disk_written_bytes mmcblk0': 5_120 });
});

test('a second reading knows rates; latencies of an idle device stand for ten minutes', async () => {
  const { facts, after } = card();
  await facts();
  const busy = { writes: 10, writeMs: 300, reads: 1, readMs: 2, busyMs: 300 };
  expect(await after(30_000, busy)).toEqual({
    'disk_written_bytes mmcblk0': 0,
    'disk_busy_permille mmcblk0': 10,
    'disk_read_latency_us mmcblk0': 2_000,
    'disk_write_latency_us mmcblk0': 30_000,
    'disk_saturated_permille mmcblk0': 0,
  });
  expect(await after(599_000, busy)).toMatchObject({
    'disk_busy_permille mmcblk0': 0,
    'disk_write_latency_us mmcblk0': 30_000,
  });
  expect(await after(1_000, busy)).not.toHaveProperty('disk_write_latency_us mmcblk0');
});

test('polls that follow at once change nothing', async () => {
  const { facts, after } = card();
  await facts();
  const first = await after(30_000, { writes: 10, writeMs: 300, busyMs: 300 });
  expect(await after(999, { writes: 11, writeMs: 9_000, busyMs: 1_299 })).toEqual(first);
  expect(await after(1, { writes: 11, writeMs: 9_000, busyMs: 1_299 })).toMatchObject({
    'disk_busy_permille mmcblk0': 999,
  });
});

test('a card that takes less than it is given shows it as a share of ten minutes, which passes', async () => {
  const { facts, after } = card();
  await facts();
  const slow = { writes: 60, writeMs: 60_000, busyMs: 60_000 };
  expect(await after(60_000, slow)).toMatchObject({ 'disk_saturated_permille mmcblk0': 100 });
  const slower = { writes: 120, writeMs: 120_000, busyMs: 120_000 };
  expect(await after(60_000, slower)).toMatchObject({ 'disk_saturated_permille mmcblk0': 200 });
  expect(await after(480_000, slower)).toMatchObject({ 'disk_saturated_permille mmcblk0': 200 });
  expect(await after(90_000, slower)).toMatchObject({ 'disk_saturated_permille mmcblk0': 50 });
  expect(await after(60_000, slower)).toMatchObject({ 'disk_saturated_permille mmcblk0': 0 });
});

test.for([
  ['writes', '       0        3\n', 100],
  ['reads', '       3        0\n', 0],
  ['nobody says what', undefined, 0],
] as const)('a card on which %s hang', async ([, inflight, want]) => {
  const { facts, after, kernel } = card();
  if (inflight !== undefined) kernel.set('/sys/block/mmcblk0/inflight', inflight);
  await facts();
  expect(await after(60_000, { inFlight: 3, busyMs: 60_000 })).toMatchObject({
    'disk_saturated_permille mmcblk0': want,
  });
});

test('what was written goes on counting where a 32-bit kernel wraps, and begins anew with another card', async () => {
  const { facts, after } = card({ sectorsWritten: WRAP - 8, writes: 5 });
  await facts();
  expect(await after(30_000, { sectorsWritten: 8, writes: 6 })).toMatchObject({
    'disk_written_bytes mmcblk0': (WRAP + 8) * 512,
  });
  expect(await after(30_000, { sectorsWritten: 2, writes: 1 })).toEqual({ 'disk_written_bytes mmcblk0': 1_024 });
});

test('a device that goes is forgotten', async () => {
  const { facts, kernel, run, world } = card();
  await facts();
  kernel.set('/proc/diskstats', '   7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n');
  await world.runFor(30_000);
  expect(await run()).toEqual({ kind: 'no-data', why: 'no block device of its own' });
});
