import { expect, test } from 'vitest';
import type { BrambleError } from '../../../proto/contract/errors.js';
import { exited } from '../testing/sim-exec.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Notifier, type NotifierOptions } from './notify.js';

function rig(options: Partial<NotifierOptions> = {}) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  const told: { readonly atMs: number; readonly word: string }[] = [];
  const errors: BrambleError[] = [];
  host.board.programs.set('env', ([, socket, program, word]) => {
    expect([socket, program]).toEqual(['NOTIFY_SOCKET=/run/notify', 'systemd-notify']);
    told.push({ atMs: world.nowMs, word: word ?? '' });
    return exited(0);
  });
  const notifier = new Notifier({
    exec: host.exec,
    clock: host.clock,
    socket: '/run/notify',
    watchdogUsec: '30000000',
    onError: (error) => errors.push(error),
    ...options,
  });
  return { world, host, told, errors, notifier };
}

test('says READY=1 and STOPPING=1', async () => {
  const { told, notifier } = rig();
  await notifier.ready();
  await notifier.stopping();
  expect(told.map(({ word }) => word)).toEqual(['READY=1', 'STOPPING=1']);
});

test('says nothing where nobody wants to know', async () => {
  const { told, notifier } = rig({ socket: undefined });
  await notifier.ready();
  await notifier.run(new AbortController().signal);
  expect(told).toEqual([]);
});

test('feeds the watchdog while there is progress, and stops when there is none', async () => {
  const { world, told, notifier } = rig();
  const stop = new AbortController();
  const running = notifier.run(stop.signal);
  for (let second = 0; second < 100; second += 10) {
    notifier.progress();
    await world.runFor(10_000);
  }
  const fed = told.length;
  expect(fed).toBeGreaterThanOrEqual(10);
  const gaps = told.slice(1).map(({ atMs }, index) => atMs - (told[index]?.atMs ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(15_000);
  await world.runFor(30_000); // the last progress still counts for its window
  const last = told.length;
  await world.runFor(600_000);
  expect(told.length).toBe(last);
  stop.abort();
  await world.settle(running);
});

test('an agent that never got anything done is never fed', async () => {
  const { world, told, notifier } = rig();
  const stop = new AbortController();
  const running = notifier.run(stop.signal);
  await world.runFor(600_000);
  expect(told).toEqual([]);
  stop.abort();
  await world.settle(running);
});

test('a longer window keeps an agent fed through its honest pauses', async () => {
  const { world, told, notifier } = rig({ progressWindowMs: 300_000 });
  const stop = new AbortController();
  const running = notifier.run(stop.signal);
  notifier.progress();
  await world.runFor(290_000);
  expect(told.length).toBe(29);
  stop.abort();
  await world.settle(running);
});

test.for([undefined, '', 'soon', '-1', '0'])('a watchdog period of %j means no watchdog', async (watchdogUsec) => {
  const { told, notifier } = rig({ watchdogUsec });
  notifier.progress();
  await notifier.run(new AbortController().signal);
  expect(told).toEqual([]);
});

test('a systemd-notify that fails is told and stops nothing', async () => {
  const { host, errors, notifier } = rig();
  host.board.programs.set('env', () => exited(1, '', 'No such file or directory'));
  await notifier.ready();
  host.board.programs.delete('env');
  await notifier.ready();
  expect(errors.map((error) => error.code)).toEqual(['unavailable', 'not-found']);
});
