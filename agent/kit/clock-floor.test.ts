import { expect, test } from 'vitest';
import { ClockFloor } from './clock-floor.js';
import { makeSimHost, type SimHost } from './testing/sim-host.js';
import { SimWorld } from './testing/sim-world.js';

const HOUR_MS = 3_600_000;
const BUILD_MS = Date.UTC(2026, 0, 1);
const PATH = '/state/clock-floor';

const load = (host: SimHost): Promise<ClockFloor> =>
  ClockFloor.load({ files: host.files, path: PATH, clock: host.clock, buildTimeMs: BUILD_MS });

test('a board that starts in 1970 is not trusted until its clock has passed the build time', async () => {
  const host = makeSimHost(new SimWorld(1), 'a', { clock: { wallClockMs: 0 } });
  const floor = await load(host);
  expect(floor.valueMs).toBe(BUILD_MS);
  expect(floor.trusted(host.clock.nowMs())).toBe(false);
  expect(floor.trusted(BUILD_MS - 1)).toBe(false);
  expect(floor.trusted(BUILD_MS)).toBe(true);
});

test('it rises with what the controller tells, never falls, and survives the power', async () => {
  let host = makeSimHost(new SimWorld(1), 'a');
  const floor = await load(host);
  await floor.raise(BUILD_MS + 100 * HOUR_MS);
  await floor.raise(BUILD_MS);
  expect(floor.valueMs).toBe(BUILD_MS + 100 * HOUR_MS);
  host.crash('power');
  host = host.restart();
  expect((await load(host)).valueMs).toBe(BUILD_MS + 100 * HOUR_MS);
});

test('a year of hourly news costs a few writes a day', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const floor = await load(host);
  const before = host.board.disk.writtenBytes;
  for (let hour = 1; hour <= 365 * 24; hour++) {
    await world.runFor(HOUR_MS);
    await floor.raise(BUILD_MS + hour * HOUR_MS);
  }
  const writesADay = (host.board.disk.writtenBytes - before) / 14 / 365;
  expect(writesADay).toBeGreaterThan(3);
  expect(writesADay).toBeLessThanOrEqual(4);
});

test('jumps of years from a confused controller are written once an hour at most', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const floor = await load(host);
  const before = host.board.disk.operations;
  for (let day = 1; day <= 100; day++) await floor.raise(BUILD_MS + day * 24 * HOUR_MS);
  expect(host.board.disk.operations - before).toBe(4); // one atomic write
});

test.for(['', 'no number', '-5', '1e400', '99999999999999999999', `${Date.UTC(2300, 0, 1)}`])(
  'a stored floor of %j is ignored',
  async (text) => {
    const host = makeSimHost(new SimWorld(1), 'a');
    host.board.disk.plant(PATH, new TextEncoder().encode(text));
    expect((await load(host)).valueMs).toBe(BUILD_MS);
  },
);

test.for([Number.NaN, Number.POSITIVE_INFINITY, Date.UTC(2300, 0, 1)])('news of %d is ignored', async (ms) => {
  const floor = await load(makeSimHost(new SimWorld(1), 'a'));
  await floor.raise(ms);
  expect(floor.valueMs).toBe(BUILD_MS);
});

test('storage that fails is told, and the value in memory stands', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  host.board.disk.fault = () => 'EIO';
  const floor = await load(host);
  await expect(floor.raise(BUILD_MS + 10 * HOUR_MS)).rejects.toMatchObject({ code: 'unavailable' });
  expect(floor.valueMs).toBe(BUILD_MS + 10 * HOUR_MS);
});
