import { expect, test } from 'vitest';
import { CommandState, RejectionReason } from '../../../proto/gen/bramble/agent/v1/command.js';
import { CommandNode, restart, signer } from '../testing/command-node.js';
import { commandIdOf } from '../testing/signed-command.js';
import { ASIDE_MAX } from './dispatcher.js';
import type { CommandHandler } from './handler.js';

const { SUCCEEDED, FAILED, REJECTED, ACCEPTED, STARTED } = CommandState;

const cancel = (n: number, target: number) =>
  restart(n, { action: { $case: 'cancelCommand', value: { commandId: commandIdOf(target) } } });

/** Runs until it is stopped, and says how far it is every second. */
function slow(canStop: boolean): CommandHandler<unknown> {
  return {
    requiresBootId: false,
    canStop,
    check: async () => undefined,
    before: async () => '',
    async run(_, { host, stopped, tell }, signal) {
      for (let percent = 0; percent <= 100 && !stopped.aborted; percent++) {
        tell({ percent, doneBytes: percent * 10, totalBytes: 1_000 });
        await host.clock.sleep(1_000, signal);
      }
      return stopped.aborted ? { kind: 'failed', detail: 'cancelled' } : { kind: 'succeeded', detail: '' };
    },
    observe: async () => ({ kind: 'unknown', detail: '' }),
  };
}

async function setUp(canStop = true, isAside = false) {
  const node = new CommandNode();
  node.handlers = { restartUnit: slow(canStop), pullImage: { ...slow(canStop), isAside } };
  const dispatcher = await node.start();
  const send = async (command: ReturnType<typeof restart>, forMs: number) => {
    dispatcher.receive(signer.sign(command));
    await node.world.runFor(forMs);
  };
  const lastOf = (n: number) => node.told.findLast(({ commandId }) => commandId === commandIdOf(n));
  return { node, send, lastOf };
}

test('a command that runs is ended at once, although commands wait for each other otherwise', async () => {
  const { send, lastOf } = await setUp();
  await send(restart(1), 10_500);
  await send(cancel(2, 1), 2_000);
  expect(lastOf(2)).toMatchObject({ state: SUCCEEDED });
  expect(lastOf(1)).toMatchObject({ state: FAILED, detail: 'cancelled' });
});

test('a command that waits is never begun', async () => {
  const { node, send, lastOf } = await setUp();
  await send(restart(1), 1_000);
  await send(restart(2), 1_000);
  await send(cancel(3, 2), 1_000);
  expect(lastOf(3)).toMatchObject({ state: SUCCEEDED });
  expect(lastOf(2)).toMatchObject({ state: REJECTED, rejection: RejectionReason.PRECONDITION });
  await node.world.runFor(300_000);
  expect(node.storyOf(2)).toEqual([REJECTED]);
  expect(lastOf(1)).toMatchObject({ state: SUCCEEDED });
});

test.for<[string, number]>([
  ['that cannot be ended', 1],
  ['that nobody has heard of', 9],
])('a command %s goes on, and whoever cancels it is told', async ([, target]) => {
  const { node, send, lastOf } = await setUp(false);
  await send(restart(1), 5_000);
  await send(cancel(2, target), 1_000);
  expect(lastOf(2)).toMatchObject({ state: FAILED });
  await node.world.runFor(300_000);
  expect(lastOf(1)).toMatchObject({ state: SUCCEEDED });
});

const pull = (n: number) => restart(n, { action: { $case: 'pullImage', value: { image: Buffer.alloc(32) } } });

test('what runs aside keeps nobody waiting, and can be ended', async () => {
  const { node, send, lastOf } = await setUp(true, true);
  await send(pull(1), 5_000);
  await send(restart(2), 11_000);
  expect(lastOf(2)).toMatchObject({ state: STARTED, progress: { percent: 10 } });
  await send(pull(3), 6_000);
  expect(lastOf(3)).toMatchObject({ state: STARTED, progress: { percent: 5 } });
  await send(cancel(4, 3), 2_000);
  expect(lastOf(3)).toMatchObject({ state: FAILED, detail: 'cancelled' });
  await node.world.runFor(300_000);
  expect([lastOf(1), lastOf(2)]).toMatchObject([{ state: SUCCEEDED }, { state: SUCCEEDED }]);
});

test('of what runs aside there is a limit', async () => {
  const { send, lastOf } = await setUp(true, true);
  for (let n = 1; n <= ASIDE_MAX + 1; n++) await send(pull(n), 100);
  expect(lastOf(ASIDE_MAX)).toMatchObject({ state: STARTED });
  expect(lastOf(ASIDE_MAX + 1)).toMatchObject({ state: REJECTED, rejection: RejectionReason.BUSY });
  await send(cancel(ASIDE_MAX + 2, 1), 2_000);
  expect(lastOf(1)).toMatchObject({ state: FAILED, detail: 'cancelled' });
});

test('how far it is is told in steps of five percent, and no more often', async () => {
  const { node, send } = await setUp();
  await send(restart(1), 300_000);
  const percents = node.told.flatMap(({ progress }) => progress?.percent ?? []);
  expect(percents).toEqual(Array.from({ length: 21 }, (_, step) => step * 5));
  expect(node.storyOf(1).slice(0, 3)).toEqual([ACCEPTED, STARTED, STARTED]);
  expect(node.told.find(({ progress }) => progress?.percent === 50)?.progress).toMatchObject({
    doneBytes: 500,
    totalBytes: 1_000,
  });
});
