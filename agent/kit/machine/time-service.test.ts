import { expect, test } from 'vitest';
import { exited, type SimProgram } from '../testing/sim-exec.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { findTimeService, stepClock } from './time-service.js';

const never = new AbortController().signal;

function setUp(units: readonly string[], chronyc: SimProgram = () => exited(0, '200 OK\n')) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node', { units });
  const calls: string[][] = [];
  host.board.programs.set('chronyc', (argv, limits) => {
    calls.push([...argv]);
    return chronyc(argv, limits);
  });
  return { world, host, calls, step: () => world.settle(stepClock(host, never)) };
}

test('chrony is told to step; nothing is restarted', async () => {
  const { host, calls, step } = setUp(['chrony.service', 'systemd-timesyncd.service']);
  await step();
  expect(calls).toEqual([['chronyc', '-n', 'makestep']]);
  expect(host.board.units.restarts('systemd-timesyncd.service')).toBe(0);
});

test('timesyncd is restarted, which makes it ask and step', async () => {
  const { host, calls, step } = setUp(['systemd-timesyncd.service']);
  await step();
  expect(calls).toEqual([]);
  expect(host.board.units.restarts('systemd-timesyncd.service')).toBe(1);
});

test('a time service that is installed but does not run is none', async () => {
  const { world, host } = setUp(['chrony.service']);
  host.board.units.fail('chrony.service');
  await expect(world.settle(findTimeService(host.services, never))).rejects.toMatchObject({ code: 'unsupported' });
});

test('a machine without a time service is told so, and nothing is done', async () => {
  const { calls, step } = setUp(['ssh.service']);
  await expect(step()).rejects.toMatchObject({ code: 'unsupported', hint: expect.stringContaining('chrony') });
  expect(calls).toEqual([]);
});

test.for<[string, string]>([
  ['501 Not authorised\n', 'permission-denied'],
  ['506 Cannot talk to daemon\n', 'unavailable'],
])('%j is %s', async ([said, code]) => {
  const { step } = setUp(['chronyd.service'], () => exited(1, said));
  await expect(step()).rejects.toMatchObject({ code, message: expect.stringContaining(said.trim()) });
});
