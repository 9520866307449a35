import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Host } from '../../kit/host/ports.js';
import { actionHost } from '../../kit/testing/action-host.js';
import { makeSimHost } from '../../kit/testing/sim-host.js';
import { SimWorld } from '../../kit/testing/sim-world.js';
import { makeIdentify } from './identify.js';

const never = new AbortController().signal;
const handler = makeIdentify();
const LED = { '/sys/class/leds/ACT/trigger': 'none [mmc0] timer\n' };

function setUp(kernel: Readonly<Record<string, string>> = LED, change: Partial<Host['machine']> = {}) {
  const world = new SimWorld(1);
  const sim = makeSimHost(world, 'pi', { kernel });
  const host: Host = { ...sim, machine: { ...sim.machine, ...change } };
  return { world, machine: sim.board.machine, context: actionHost(host) };
}

test('blinks for so long, and is over', async () => {
  const { world, machine, context } = setUp();
  expect(await handler.check({ forMs: 30_000 }, context, never)).toBeUndefined();
  const outcome = await world.settle(handler.run({ forMs: 30_000 }, context, never));
  expect(outcome).toEqual({ kind: 'succeeded', detail: 'the activity LED blinked for 30 s' });
  expect([machine.done.blinks, machine.isBlinking]).toEqual([1, false]);
  expect(world.nowMs).toBeGreaterThanOrEqual(30_000);
});

test.for<[string, number, Readonly<Record<string, string>>, string]>([
  ['too short a time', 4_999, LED, 'invalid-argument'],
  ['too long a time', 300_001, LED, 'invalid-argument'],
  ['a board whose only LED is that of the power', 30_000, { '/sys/class/leds/PWR/trigger': '' }, 'unsupported'],
  ['a machine without LEDs', 30_000, {}, 'unsupported'],
])('refuses %s', async ([, forMs, kernel, reason]) => {
  const { context } = setUp(kernel);
  expect(await handler.check({ forMs }, context, never)).toMatchObject({ kind: 'rejected', reason });
});

test('an agent that stops leaves the command open, and the LED as it was', async () => {
  const { world, machine, context } = setUp();
  const stop = new AbortController();
  const run = handler.run({ forMs: 30_000 }, context, stop.signal);
  await world.runFor(5_000);
  expect(machine.isBlinking).toBe(true);
  stop.abort();
  await expect(world.settle(run)).rejects.toMatchObject({ code: 'cancelled' });
  expect(machine.isBlinking).toBe(false);
});

test('a helper that dies in between has failed, and the LED is given back', async () => {
  let ends = 0;
  const { world, context } = setUp(LED, {
    blink: () => Promise.reject(new BrambleError('unavailable', 'closed without an answer')),
    endBlink: () => {
      ends += 1;
      return Promise.resolve();
    },
  });
  const outcome = await world.settle(handler.run({ forMs: 30_000 }, context, never));
  expect(outcome).toEqual({ kind: 'failed', detail: 'blinking: closed without an answer' });
  expect(ends).toBe(1);
});

test('what a crash cut off is not known, and never done again', async () => {
  const { machine, context } = setUp();
  expect(await handler.observe({ forMs: 30_000 }, '', context, never)).toMatchObject({ kind: 'unknown' });
  expect(machine.done.blinks).toBe(0);
});
