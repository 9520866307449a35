import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { actionHost, agentView } from '../testing/action-host.js';
import { SIM_WALL_CLOCK_MS } from '../testing/sim-clock.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeStepClock } from './step-clock.js';

const never = new AbortController().signal;
const handler = makeStepClock();
const HOUR_MS = 3_600_000;

/** A board whose wall clock is off by so much, and a controller whose clock is right. */
function setUp(offByMs: number, { floorMs = 0, isWelcome = true } = {}) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node', {
    units: ['chrony.service'],
    clock: { wallClockMs: SIM_WALL_CLOCK_MS + offByMs },
  });
  const trueTimeMs = (): number => SIM_WALL_CLOCK_MS + world.nowMs;
  const agent = agentView({
    controllerOffsetMs: () => (isWelcome ? Math.round(host.clock.nowMs() - trueTimeMs()) : undefined),
    clockUntrusted: () => host.clock.nowMs() < floorMs,
  });
  const { machine } = host.board;
  machine.trueTimeMs = trueTimeMs;
  const context = actionHost(host, { agent });
  return { world, host, machine, trueTimeMs, context, run: () => world.settle(handler.run({}, context, never)) };
}

test('a clock that is an hour off is right afterwards, by the controller’s clock', async () => {
  const { machine, run, context } = setUp(-HOUR_MS);
  expect(await handler.before({}, context, never)).toBe(String(-HOUR_MS));
  expect(await run()).toEqual({
    kind: 'succeeded',
    detail: 'the clock is 0 ms ahead of the controller, was 1 h behind the controller',
  });
  expect(machine.done.steps).toBe(1);
});

test('a time service that first has to ask its servers is waited for', async () => {
  const { world, host, machine, trueTimeMs, run } = setUp(HOUR_MS);
  machine.trueTimeMs = undefined;
  world.after(30_000, () => host.board.clock.setWall(trueTimeMs()));
  expect(await run()).toMatchObject({ kind: 'succeeded' });
  expect(world.nowMs).toBeGreaterThanOrEqual(30_000);
});

test('a clock that stays wrong has failed, with how far it is off', async () => {
  const { machine, run } = setUp(HOUR_MS);
  machine.trueTimeMs = undefined;
  expect(await run()).toEqual({
    kind: 'failed',
    detail: 'the time service has left the clock 1 h ahead of the controller, was 1 h ahead of the controller',
  });
});

test('a time service that sets the clock to before the floor has failed, however near the controller it is', async () => {
  const { run } = setUp(0, { floorMs: SIM_WALL_CLOCK_MS + 10 * HOUR_MS });
  expect(await run()).toMatchObject({ kind: 'failed', detail: expect.stringContaining('certainly passed') });
});

test('without the controller’s time nothing can be said', async () => {
  const { run } = setUp(HOUR_MS, { isWelcome: false });
  expect(await run()).toMatchObject({ kind: 'unknown' });
});

test('a time service that refuses has failed; a machine without one is refused before', async () => {
  const { machine, run } = setUp(HOUR_MS);
  machine.failure = new BrambleError('permission-denied', '501 Not authorised');
  expect(await run()).toEqual({ kind: 'failed', detail: 'asking the time service: 501 Not authorised' });
  const world = new SimWorld(1);
  const bare = actionHost(makeSimHost(world, 'bare'));
  expect(await world.settle(handler.check({}, bare, never))).toMatchObject({ kind: 'rejected', reason: 'unsupported' });
});

test('after a crash the clock tells, and nothing steps it again', async () => {
  const right = setUp(0);
  expect(await right.world.settle(handler.observe({}, String(HOUR_MS), right.context, never))).toMatchObject({
    kind: 'succeeded',
    detail: expect.stringContaining('was 1 h ahead'),
  });
  const wrong = setUp(HOUR_MS);
  expect(await wrong.world.settle(handler.observe({}, '', wrong.context, never))).toMatchObject({ kind: 'failed' });
  expect([right.machine.done.steps, wrong.machine.done.steps]).toEqual([0, 0]);
});
