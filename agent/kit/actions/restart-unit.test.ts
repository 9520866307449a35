import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Host, ServiceState } from '../host/ports.js';
import { isUnitName } from '../host/unit-name.js';
import { actionHost } from '../testing/action-host.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeRestartUnit } from './restart-unit.js';

const UNIT = 'ssh.service';
const never = new AbortController().signal;

function setUp(changes: Partial<Host['services']> = {}) {
  const world = new SimWorld(1);
  const sim = makeSimHost(world, 'node', { units: [UNIT, 'cron.service'] });
  const host: Host = { ...sim, services: { ...sim.services, ...changes } };
  return { world, units: sim.board.units, context: actionHost(host), handler: makeRestartUnit(new Set([UNIT])) };
}

test('restarts an allowed unit once and sees a new start', async () => {
  const { world, units, context, handler } = setUp();
  const outcome = await world.settle(
    (async () => {
      expect(await handler.check({ unit: UNIT }, context, never)).toBeUndefined();
      const before = await handler.before({ unit: UNIT }, context, never);
      expect(before).toBe(units.get(UNIT)?.invocationId);
      const run = await handler.run({ unit: UNIT }, context, never);
      expect(await handler.observe({ unit: UNIT }, before, context, never)).toEqual(run);
      return run;
    })(),
  );
  expect(outcome).toEqual({ kind: 'succeeded', detail: 'ssh.service was restarted and is active' });
  expect(units.restarts(UNIT)).toBe(1);
});

test.for<[string, string, string]>([
  ['a unit that the node does not allow', 'cron.service', 'not-allowed'],
  ['an allowed name with an option in front', '--now', 'invalid-argument'],
  ['a path', '../../etc/passwd.service', 'invalid-argument'],
  ['two units in one', 'ssh.service cron.service', 'invalid-argument'],
  ['nothing', '', 'invalid-argument'],
])('refuses %s', async ([, unit, reason]) => {
  const { world, context, handler } = setUp();
  expect(await world.settle(handler.check({ unit }, context, never))).toMatchObject({ kind: 'rejected', reason });
});

test('refuses an allowed unit that does not exist, and a machine without a service manager', async () => {
  const { world, context } = setUp();
  const check = makeRestartUnit(new Set(['gone.service'])).check({ unit: 'gone.service' }, context, never);
  expect(await world.settle(check)).toMatchObject({ kind: 'rejected', reason: 'precondition' });
  const bare = setUp({ state: () => Promise.reject(new BrambleError('unsupported', 'systemd does not run here')) });
  const there = bare.handler.check({ unit: UNIT }, bare.context, never);
  expect(await bare.world.settle(there)).toMatchObject({ kind: 'rejected', reason: 'unsupported' });
});

test('a restart that the service manager refuses has failed', async () => {
  const { world, context, handler } = setUp({ restart: () => Promise.reject(new BrambleError('internal', 'exit 1')) });
  const outcome = await world.settle(handler.run({ unit: UNIT }, context, never));
  expect(outcome).toEqual({ kind: 'failed', detail: 'restarting ssh.service: exit 1' });
});

test('a restart that the end of the agent cut off stays open', async () => {
  const stop = new AbortController();
  const { world, context, handler } = setUp({
    restart: () => {
      stop.abort();
      return Promise.reject(new BrambleError('cancelled', 'stopping'));
    },
  });
  const run = handler.run({ unit: UNIT }, context, stop.signal);
  await expect(world.settle(run)).rejects.toMatchObject({ code: 'cancelled' });
});

test.for<[string, ServiceState, string]>([
  ['a new start is running', { active: 'active', invocationId: 'new' }, 'succeeded'],
  ['a new start ran to its end', { active: 'inactive', invocationId: 'new' }, 'succeeded'],
  ['a new start has failed', { active: 'failed', invocationId: 'new' }, 'failed'],
  ['a new start never gets ready', { active: 'activating', invocationId: 'new' }, 'failed'],
  ['the old start still runs', { active: 'active', invocationId: 'old' }, 'failed'],
  ['the old start has died', { active: 'failed', invocationId: 'old' }, 'failed'],
  ['the old start hangs while it stops', { active: 'deactivating', invocationId: 'old' }, 'unknown'],
  ['it never ran in this boot', { active: 'inactive', invocationId: '' }, 'unknown'],
])('after a crash: %s', async ([, state, kind]) => {
  const { world, units, context, handler } = setUp({ state: () => Promise.resolve(state) });
  expect(await world.settle(handler.observe({ unit: UNIT }, 'old', context, never))).toMatchObject({ kind });
  expect(units.restarts(UNIT)).toBe(0); // observing never acts
});

test('after a crash it waits for the service manager to be done', async () => {
  const states: ServiceState[] = [
    { active: 'deactivating', invocationId: 'old' },
    { active: 'activating', invocationId: 'new' },
    { active: 'active', invocationId: 'new' },
  ];
  const { world, context, handler } = setUp({
    state: () => Promise.resolve(states.shift() ?? { active: 'active', invocationId: 'new' }),
  });
  expect(await world.settle(handler.observe({ unit: UNIT }, 'old', context, never))).toMatchObject({
    kind: 'succeeded',
  });
});

test.for<[string, boolean]>([
  ['ssh.service', true],
  ['getty@tty1.service', true],
  ['systemd-fsck@dev-disk-by\\x2duuid-1.service', true],
  ['-.mount', false],
  ['ssh', false],
  ['ssh.service\n', false],
  ['.service', false],
  [`${'a'.repeat(247)}.service`, true],
  [`${'a'.repeat(248)}.service`, false],
])('%j is a unit name: %s', ([text, want]) => {
  expect(isUnitName(text)).toBe(want);
});
