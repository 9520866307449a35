import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Command, CommandState, RejectionReason } from '../../../proto/gen/bramble/agent/v1/command.js';
import { CONTROLLER_MS, CommandNode, restart, signer } from '../testing/command-node.js';
import { commandIdOf, makeCommandSigner } from '../testing/signed-command.js';
import { QUEUE_MAX } from './dispatcher.js';
import type { CommandHandler } from './handler.js';

const { SUCCEEDED, REJECTED, ACCEPTED, STARTED } = CommandState;

test('a command is accepted, started, done once, and its result told', async () => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1)));
  await node.world.runFor(10);
  expect(dispatcher.runningAction).toBe('restartUnit');
  await node.world.runFor(10_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(node.told.at(-1)).toMatchObject({ detail: 'ssh.service was restarted and is active', tookMs: 50 });
  expect(node.restarts).toBe(1);
  expect(node.ledger.find(commandIdOf(1))?.state).toBe(SUCCEEDED);
  expect(dispatcher.runningAction).toBeUndefined();
});

const { BAD_SIGNATURE, WRONG_TARGET, STALE_EPOCH, EXPIRED, PRECONDITION, UNSUPPORTED, NOT_ALLOWED, INVALID_ARGUMENT } =
  RejectionReason;

test.for<[string, Partial<Command>, number]>([
  ['T-25 for another node', { targetNodeId: 'n-0000000000002' }, WRONG_TARGET],
  ['T-25 with an epoch lower than one obeyed before', { epoch: 0 }, STALE_EPOCH],
  ['T-25 past its deadline', { issuedAtUnixMs: CONTROLLER_MS - 60_001 }, EXPIRED],
  ['at the very end of its deadline', { issuedAtUnixMs: CONTROLLER_MS - 61_000 }, EXPIRED],
  ['T-25 for another boot', { preconditions: { bootId: 'boot-0' } }, PRECONDITION],
  ['a reboot that names no boot', { action: { $case: 'reboot', value: { despiteArrays: [] } } }, PRECONDITION],
  ['an action that is not in the contract yet', { action: undefined }, UNSUPPORTED],
  [
    'a unit that the node does not allow',
    { action: { $case: 'restartUnit', value: { unit: 'a.service' } } },
    NOT_ALLOWED,
  ],
  ['a unit that is no unit', { action: { $case: 'restartUnit', value: { unit: '-x' } } }, INVALID_ARGUMENT],
])('refuses a command %s, tells why, and does nothing', async ([, change, rejection]) => {
  const node = new CommandNode();
  const reboot: CommandHandler<object> = {
    requiresBootId: true,
    check: async () => undefined,
    before: async () => '',
    run: async () => ({ kind: 'succeeded', detail: '' }),
    observe: async () => ({ kind: 'unknown', detail: '' }),
  };
  node.handlers = { ...node.handlers, reboot };
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1, { preconditions: { bootId: 'boot-1' } })));
  await node.world.runFor(1_000);
  dispatcher.receive(signer.sign(restart(2, change)));
  await node.world.runFor(1_000);
  expect(node.told.filter(({ commandId }) => commandId === commandIdOf(2))).toMatchObject([
    { state: REJECTED, rejection },
  ]);
  expect(node.told.at(-1)?.detail).not.toBe('');
  expect([node.restarts, node.ledger.head().entriesCount]).toEqual([1, 1]);
});

test('T-26 one flipped bit anywhere in the payload or the signature is refused', async () => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  const signed = signer.sign(restart(1));
  const bits = (signed.payload.length + signed.signature.length) * 8;
  await fc.assert(
    fc.asyncProperty(fc.nat(bits - 1), async (bit) => {
      const payload = Buffer.from(signed.payload);
      const signature = Buffer.from(signed.signature);
      const at = bit >> 3;
      const target = at < payload.length ? payload : signature;
      const index = at < payload.length ? at : at - payload.length;
      target[index] = (target[index] ?? 0) ^ (1 << (bit & 7));
      node.told.length = 0;
      dispatcher.receive({ ...signed, payload, signature });
      await node.world.runFor(1);
      expect(node.told).toMatchObject([{ state: REJECTED, rejection: BAD_SIGNATURE }]);
    }),
  );
  expect(node.restarts).toBe(0);
  dispatcher.receive(signed);
  await node.world.runFor(1_000);
  expect(node.restarts).toBe(1); // the honest one still runs
});

test('a key that is not pinned signs in vain, and so does a pinned one for another purpose', async () => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  dispatcher.receive(makeCommandSigner('k1', 8).sign(restart(1)));
  dispatcher.receive({ ...signer.sign(restart(2)), keyId: 'k2' });
  dispatcher.receive(signer.signBytes(Buffer.of(0xff, 0xff)));
  await node.world.runFor(1_000);
  expect(node.told.map(({ rejection }) => rejection)).toEqual([BAD_SIGNATURE, BAD_SIGNATURE, INVALID_ARGUMENT]);
});

test('T-25 a replayed command repeats the known outcome and never runs again, not even after a restart', async () => {
  const node = new CommandNode();
  const signed = signer.sign(restart(1));
  const first = await node.start();
  first.receive(signed);
  await node.world.runFor(1_000);
  first.receive(signed);
  await node.world.runFor(1_000);
  node.host.crash();
  node.host = node.host.restart();
  const second = await node.start();
  second.receive(signed);
  await node.world.runFor(1_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED, SUCCEEDED, SUCCEEDED]);
  expect(node.restarts).toBe(1);
});

test('a refused command stays refused when it is sent again', async () => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  const signed = signer.sign(restart(1, { preconditions: { bootId: 'other' } }));
  dispatcher.receive(signed);
  dispatcher.receive(signed);
  await node.world.runFor(1);
  expect(node.told).toMatchObject([{ rejection: PRECONDITION }, { rejection: PRECONDITION }]);
});

test('T-25 a command that waited too long behind another is not started any more', async () => {
  const node = new CommandNode();
  node.host.board.units.restartMs = 90_000;
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1)));
  dispatcher.receive(signer.sign(restart(2)));
  await node.world.runFor(200_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
  expect(node.told.at(-1)).toMatchObject({ commandId: commandIdOf(2), state: REJECTED, rejection: EXPIRED });
  expect(node.restarts).toBe(1);
});

test('commands run one at a time, in order; beyond the queue they are refused as busy', async () => {
  const node = new CommandNode();
  node.host.board.units.restartMs = 1_000;
  const dispatcher = await node.start();
  for (let n = 0; n < QUEUE_MAX + 3; n++) dispatcher.receive(signer.sign(restart(n)));
  await node.world.runFor(500);
  expect(node.told.filter(({ state }) => state === STARTED)).toHaveLength(1);
  await node.world.runFor(60_000);
  const done = node.told.filter(({ state }) => state === SUCCEEDED).map(({ commandId }) => commandId);
  expect(done).toEqual(Array.from({ length: QUEUE_MAX + 1 }, (_, n) => commandIdOf(n))); // one ran, the others waited
  const busy = node.told.filter(({ rejection }) => rejection === RejectionReason.BUSY);
  expect(busy.map(({ commandId }) => commandId)).toEqual([commandIdOf(QUEUE_MAX + 1), commandIdOf(QUEUE_MAX + 2)]);
});

test('the same command twice in a row waits once', async () => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1)));
  dispatcher.receive(signer.sign(restart(1)));
  await node.world.runFor(10_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
});

test.for(['ENOSPC', 'EROFS', 'EIO'])('with a ledger that cannot be written (%s) nothing is done', async (errno) => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  node.host.board.disk.fault = ({ kind }) => (kind === 'read' ? undefined : errno);
  dispatcher.receive(signer.sign(restart(1)));
  await node.world.runFor(1_000);
  expect(node.told).toMatchObject([{ state: REJECTED, rejection: RejectionReason.LEDGER_UNAVAILABLE }]);
  expect(node.restarts).toBe(0);
  node.host.board.disk.fault = () => undefined;
  dispatcher.receive(signer.sign(restart(2)));
  await node.world.runFor(1_000);
  expect(node.restarts).toBe(1);
});

test('a ledger that fails between accepting and starting stops the command before it acts', async () => {
  const node = new CommandNode();
  const dispatcher = await node.start();
  const check = node.handlers.restartUnit;
  if (check === undefined) throw new Error('no handler');
  node.handlers = {
    restartUnit: {
      ...check,
      before: async () => {
        node.host.board.disk.fault = () => 'EIO';
        return '';
      },
    },
  };
  void dispatcher.stop();
  const broken = await node.start();
  broken.receive(signer.sign(restart(1)));
  await node.world.runFor(1_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, REJECTED]);
  expect(node.restarts).toBe(0);
});
