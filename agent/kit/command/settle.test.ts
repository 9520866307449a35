import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { CommandState, RejectionReason } from '../../../proto/gen/bramble/agent/v1/command.js';
import { CommandNode, restart, signer } from '../testing/command-node.js';
import type { CommandHandler } from './handler.js';

const { SUCCEEDED, FAILED, REJECTED, ACCEPTED, STARTED, UNKNOWN } = CommandState;

test('killed while it acts: the next process looks at reality, tells, and does not act again', async () => {
  const node = new CommandNode();
  node.host.board.units.restartMs = 500;
  (await node.start()).receive(signer.sign(restart(1)));
  await node.world.runFor(100);
  node.host.crash();
  await node.world.runFor(5_000); // the service manager finishes what it was asked for
  node.host = node.host.restart();
  await node.start({ hasWelcome: false });
  await node.world.runFor(1_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(node.restarts).toBe(1);
});

test('power lost while it acts: what reality does not tell is unknown, and is not done again', async () => {
  const node = new CommandNode();
  const handler: CommandHandler<{ unit: string }> = {
    requiresBootId: false,
    check: async () => undefined,
    before: async () => 'note',
    run: () => new Promise(() => {}),
    observe: async (_, before) => ({ kind: 'unknown', detail: `nothing to see since "${before}"` }),
  };
  node.handlers = { restartUnit: handler };
  (await node.start()).receive(signer.sign(restart(1)));
  await node.world.runFor(100);
  node.host.crash('power');
  node.host = node.host.restart();
  await node.start({ hasWelcome: false, bootId: 'boot-2' });
  await node.world.runFor(1_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, UNKNOWN]);
  expect(node.told.at(-1)?.detail).toBe('nothing to see since "note"');
});

async function killedAfterAccepting(node: CommandNode): Promise<void> {
  const handler = node.handlers.restartUnit;
  if (handler === undefined) throw new Error('no handler');
  node.handlers = { restartUnit: { ...handler, before: () => new Promise<string>(() => {}) } };
  (await node.start()).receive(signer.sign(restart(1)));
  await node.world.runFor(100);
  node.host.crash();
  node.host = node.host.restart();
  node.handlers = { restartUnit: handler };
}

test('killed between accepting and starting: it runs once, but not before the controller has told the time', async () => {
  const node = new CommandNode();
  await killedAfterAccepting(node);
  await node.start({ hasWelcome: false });
  await node.world.runFor(5_000);
  expect(node.restarts).toBe(0);
  node.welcome();
  await node.world.runFor(1_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(node.restarts).toBe(1);
});

test('killed between accepting and starting: past the deadline it is rejected, for good', async () => {
  const node = new CommandNode();
  await killedAfterAccepting(node);
  await node.start({ hasWelcome: false });
  await node.world.runFor(60_000);
  node.welcome();
  await node.world.runFor(1_000);
  expect(node.told.at(-1)).toMatchObject({ state: REJECTED, rejection: RejectionReason.EXPIRED });
  expect(node.ledger.unfinished()).toEqual([]);
  expect(node.restarts).toBe(0);
});

test.for<[string, CommandHandler<{ unit: string }>['run'], number]>([
  ['throws', () => Promise.reject(new BrambleError('internal', 'oops')), 0],
  ['never ends', () => new Promise(() => {}), 600_000],
])('an action that %s is settled by looking', async ([, run, afterMs]) => {
  const node = new CommandNode();
  const handler = node.handlers.restartUnit;
  if (handler === undefined) throw new Error('no handler');
  node.handlers = { restartUnit: { ...handler, run } };
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1)));
  await node.world.runFor(afterMs + 100);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, FAILED]);
  expect(node.told.at(-1)?.detail).toBe('ssh.service was not restarted; it is active');
});

test('stopping cuts a running action off at once and leaves it to the next process', async () => {
  const node = new CommandNode();
  node.host.board.units.restartMs = 3_000;
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1)));
  dispatcher.receive(signer.sign(restart(2)));
  await node.world.runFor(100);
  const beforeMs = node.world.nowMs;
  await node.world.settle(dispatcher.stop());
  expect(node.world.nowMs - beforeMs).toBeLessThan(50);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED]);
  await node.world.runFor(5_000); // the service manager goes on without the agent
  node.host = node.host.restart();
  await node.start({ hasWelcome: false });
  await node.world.runFor(5_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(node.storyOf(2)).toEqual([]);
});

test('property: killed at any moment, any number of times, a command runs at most once and always gets a result', async () => {
  const kills = fc.array(fc.record({ afterMs: fc.nat(120), how: fc.constantFrom('kill' as const, 'power' as const) }), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(kills, fc.nat(), async (deaths, seed) => {
      const node = new CommandNode(seed);
      node.host.board.disk.latencyMs = () => 3;
      const signed = signer.sign(restart(1));
      for (const { afterMs, how } of deaths) {
        (await node.start()).receive(signed);
        await node.world.runFor(afterMs);
        node.host.crash(how);
        node.host = node.host.restart();
      }
      (await node.start()).receive(signed);
      await node.world.runFor(300_000);
      expect(node.restarts).toBeLessThanOrEqual(1);
      expect([SUCCEEDED, FAILED, UNKNOWN, REJECTED]).toContain(node.storyOf(1).at(-1));
      expect(node.ledger.unfinished()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
