import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Host } from '../host/ports.js';
import { actionHost } from '../testing/action-host.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { makeReboot } from './reboot.js';

const never = new AbortController().signal;
const handler = makeReboot();

function setUp(reboot: Host['services']['reboot'], bootId = 'boot-1') {
  const world = new SimWorld(1);
  const sim = makeSimHost(world, 'node');
  const host: Host = { ...sim, services: { ...sim.services, reboot } };
  return { world, context: actionHost(host, { bootId }) };
}

const ARGS = { despiteArrays: [] };

test('is never done without a boot id, neither asked for nor known', async () => {
  expect(handler.requiresBootId).toBe(true);
  const { context } = setUp(() => Promise.resolve(), '');
  expect(await handler.check(ARGS, context, never)).toMatchObject({ kind: 'rejected', reason: 'precondition' });
});

test('is not a success until another boot has begun', async () => {
  const { world, context } = setUp(() => Promise.resolve());
  const outcome = await world.settle(handler.run(ARGS, context, never));
  expect(outcome).toEqual({ kind: 'failed', detail: 'did not reboot within 300 s of being asked' });
});

test('stays open when the machine ends the agent', async () => {
  const stop = new AbortController();
  const { world, context } = setUp(() => Promise.resolve());
  const run = handler.run(ARGS, context, stop.signal);
  world.after(2_000, () => {
    stop.abort();
  });
  await expect(world.settle(run)).rejects.toMatchObject({ code: 'cancelled' });
});

test('fails at once when it is refused, and waits when the answer is late', async () => {
  const refused = setUp(() => Promise.reject(new BrambleError('permission-denied', 'not authorised')));
  const outcome = await refused.world.settle(handler.run(ARGS, refused.context, never));
  expect(outcome).toEqual({ kind: 'failed', detail: 'asking for a reboot: not authorised' });
  expect(refused.world.nowMs).toBe(0);
  const late = setUp(() => Promise.reject(new BrambleError('deadline-exceeded', 'no answer')));
  await late.world.settle(handler.run(ARGS, late.context, never));
  expect(late.world.nowMs).toBe(300_000);
});

test.for([
  ['another boot', 'boot-2', 'succeeded'],
  ['the same boot', 'boot-1', 'failed'],
  ['no boot id to be had', '', 'unknown'],
] as const)('afterwards: %s', async ([, bootId, kind]) => {
  const before = await handler.before(ARGS, setUp(() => Promise.resolve()).context, never);
  const { context } = setUp(() => Promise.reject(new Error('observing never acts')), bootId);
  expect(await handler.observe(ARGS, before, context, never)).toMatchObject({ kind });
});
