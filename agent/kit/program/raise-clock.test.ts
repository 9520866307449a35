import { expect, test } from 'vitest';
import { CLOCK_RAISED_MARK } from '../collectors/clock.js';
import { exited } from '../testing/sim-exec.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { raiseClock, renderRaisedClock } from './raise-clock.js';

const PATH = '/var/lib/bramble-agent/clock-floor';
const BUILT_MS = Date.UTC(2026, 10, 1);
const YEAR_MS = 365 * 24 * 3_600_000;

/** A board whose clock shows `nowMs`, with `floor` in its state; `date` notes what it is told and answers `status`. */
async function raise(nowMs: number, floor: string | undefined, status = 0) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'pi', { clock: { wallClockMs: nowMs } });
  if (floor !== undefined) host.board.disk.plant(PATH, new TextEncoder().encode(floor));
  const told: string[][] = [];
  host.board.programs.set('date', (argv) => {
    told.push([...argv]);
    return exited(status, '', 'date: cannot set date: Operation not permitted\n');
  });
  const raised = await world.settle(raiseClock(host, PATH, BUILT_MS));
  return { raised, told, isMarked: (await host.files.readText(CLOCK_RAISED_MARK)) !== undefined };
}

test('a board that woke in 1970 is moved to the last time it knew', async () => {
  const { raised, told, isMarked } = await raise(60_000, `${BUILT_MS + 1_500}\n`);
  expect(isMarked).toBe(true);
  expect(told).toEqual([['date', '--utc', `--set=@${BUILT_MS / 1000 + 2}`]]);
  expect(raised).toEqual({ kind: 'set', toMs: BUILT_MS + 1_500 });
  expect(renderRaisedClock(raised)).toBe('the clock was behind; it now shows 2026-11-01T00:00:01Z\n');
});

test('without a stored floor it is at least as late as the program was built', async () => {
  expect((await raise(0, undefined)).raised).toEqual({ kind: 'set', toMs: BUILT_MS });
  expect((await raise(0, 'garbage')).raised).toEqual({ kind: 'set', toMs: BUILT_MS });
});

test('a clock that is ahead is never set back', async () => {
  const { raised, told, isMarked } = await raise(BUILT_MS + YEAR_MS, `${BUILT_MS + 1}\n`);
  expect([raised.kind, told, isMarked]).toEqual(['kept', [], false]);
  expect(renderRaisedClock(raised)).toContain('it was left alone');
});

test('a floor decades ahead is not believed: the agent wrote it, and root must not', async () => {
  expect((await raise(0, `${BUILT_MS + 9 * YEAR_MS}\n`)).raised).toMatchObject({ toMs: BUILT_MS + 9 * YEAR_MS });
  expect((await raise(0, `${BUILT_MS + 11 * YEAR_MS}\n`)).raised).toMatchObject({ toMs: BUILT_MS });
});

test('whoever may not set the clock is told what to do', async () => {
  await expect(raise(0, undefined, 1)).rejects.toMatchObject({
    code: 'permission-denied',
    message: 'setting the clock: date: cannot set date: Operation not permitted',
    hint: expect.stringContaining('bramble-clock-floor.service') as string,
  });
});
