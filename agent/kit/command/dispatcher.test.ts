import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  Command,
  CommandState,
  type CommandUpdate,
  RejectionReason,
} from '../../../proto/gen/bramble/agent/v1/command.js';
import { makeRestartUnit } from '../actions/restart-unit.js';
import { Ledger } from '../durable/ledger.js';
import { ControllerClock } from '../session/controller-clock.js';
import { collectedLog } from '../testing/collected-log.js';
import { commandIdOf, makeCommandSigner } from '../testing/signed-command.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { CommandDispatcher, QUEUE_MAX } from './dispatcher.js';
import type { CommandHandler, Handlers } from './handler.js';

const NODE = 'n-0000000000001';
const UNIT = 'ssh.service';
const CONTROLLER_MS = 1_780_000_000_000;
const signer = makeCommandSigner();
const { SUCCEEDED, FAILED, REJECTED, ACCEPTED, STARTED, UNKNOWN } = CommandState;

function restart(n: number, change: Partial<Command> = {}): Command {
  return Command.create({
    id: commandIdOf(n),
    targetNodeId: NODE,
    epoch: 1,
    issuedAtUnixMs: CONTROLLER_MS,
    validForMs: 60_000,
    action: { $case: 'restartUnit', value: { unit: UNIT } },
    ...change,
  });
}

/** A node whose agent may die and come back; what was told outlives it. */
class Node {
  readonly world: SimWorld;
  readonly told: CommandUpdate[] = [];
  host: SimHost;
  handlers: Handlers = { restartUnit: makeRestartUnit(new Set([UNIT])) };
  #ledger: Ledger | undefined;
  #dispatcher: CommandDispatcher | undefined;

  constructor(seed = 1) {
    this.world = new SimWorld(seed);
    this.host = makeSimHost(this.world, 'node', { units: [UNIT] });
  }

  async start({ hasWelcome = true, bootId = 'boot-1' } = {}): Promise<CommandDispatcher> {
    const { host, world, told, handlers } = this;
    const ledger = await world.settle(Ledger.open({ files: host.files, path: '/state/ledger' }));
    const controllerClock = new ControllerClock(host.clock);
    if (hasWelcome) controllerClock.anchor(CONTROLLER_MS + world.nowMs);
    this.#ledger = ledger;
    this.#dispatcher = new CommandDispatcher({
      host,
      nodeId: NODE,
      bootId,
      commandKeys: () => [signer.key],
      handlers,
      ledger,
      controllerClock,
      tell: async (update) => {
        told.push(update);
      },
      log: collectedLog(),
    });
    this.#dispatcher.settle();
    this.welcome = () => controllerClock.anchor(CONTROLLER_MS + world.nowMs);
    return this.#dispatcher;
  }

  welcome: () => void = () => {};

  get ledger(): Ledger {
    if (this.#ledger === undefined) throw new Error('not started');
    return this.#ledger;
  }

  /** What was told of a command: states, or the reason of a rejection. */
  storyOf(n: number): readonly number[] {
    return this.told.filter(({ commandId }) => commandId === commandIdOf(n)).map(({ state }) => state);
  }

  get restarts(): number {
    return this.host.board.units.restarts(UNIT);
  }
}

test('a command is accepted, started, done once, and its result told', async () => {
  const node = new Node();
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
  ['a reboot that names no boot', { action: { $case: 'reboot', value: {} } }, PRECONDITION],
  ['an action that is not in the contract yet', { action: undefined }, UNSUPPORTED],
  [
    'a unit that the node does not allow',
    { action: { $case: 'restartUnit', value: { unit: 'a.service' } } },
    NOT_ALLOWED,
  ],
  ['a unit that is no unit', { action: { $case: 'restartUnit', value: { unit: '-x' } } }, INVALID_ARGUMENT],
])('refuses a command %s, tells why, and does nothing', async ([, change, rejection]) => {
  const node = new Node();
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
  const node = new Node();
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
  const node = new Node();
  const dispatcher = await node.start();
  dispatcher.receive(makeCommandSigner('k1', 8).sign(restart(1)));
  dispatcher.receive({ ...signer.sign(restart(2)), keyId: 'k2' });
  dispatcher.receive(signer.signBytes(Buffer.of(0xff, 0xff)));
  await node.world.runFor(1_000);
  expect(node.told.map(({ rejection }) => rejection)).toEqual([BAD_SIGNATURE, BAD_SIGNATURE, INVALID_ARGUMENT]);
});

test('T-25 a replayed command repeats the known outcome and never runs again, not even after a restart', async () => {
  const node = new Node();
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
  const node = new Node();
  const dispatcher = await node.start();
  const signed = signer.sign(restart(1, { preconditions: { bootId: 'other' } }));
  dispatcher.receive(signed);
  dispatcher.receive(signed);
  await node.world.runFor(1);
  expect(node.told).toMatchObject([{ rejection: PRECONDITION }, { rejection: PRECONDITION }]);
});

test('T-25 a command that waited too long behind another is not started any more', async () => {
  const node = new Node();
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
  const node = new Node();
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
  const node = new Node();
  const dispatcher = await node.start();
  dispatcher.receive(signer.sign(restart(1)));
  dispatcher.receive(signer.sign(restart(1)));
  await node.world.runFor(10_000);
  expect(node.storyOf(1)).toEqual([ACCEPTED, STARTED, SUCCEEDED]);
});

test.for(['ENOSPC', 'EROFS', 'EIO'])('with a ledger that cannot be written (%s) nothing is done', async (errno) => {
  const node = new Node();
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
  const node = new Node();
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

test('killed while it acts: the next process looks at reality, tells, and does not act again', async () => {
  const node = new Node();
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
  const node = new Node();
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

async function killedAfterAccepting(node: Node): Promise<void> {
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
  const node = new Node();
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
  const node = new Node();
  await killedAfterAccepting(node);
  await node.start({ hasWelcome: false });
  await node.world.runFor(60_000);
  node.welcome();
  await node.world.runFor(1_000);
  expect(node.told.at(-1)).toMatchObject({ state: REJECTED, rejection: EXPIRED });
  expect(node.ledger.unfinished()).toEqual([]);
  expect(node.restarts).toBe(0);
});

test.for<[string, CommandHandler<{ unit: string }>['run'], number]>([
  ['throws', () => Promise.reject(new BrambleError('internal', 'oops')), 0],
  ['never ends', () => new Promise(() => {}), 600_000],
])('an action that %s is settled by looking', async ([, run, afterMs]) => {
  const node = new Node();
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
  const node = new Node();
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
      const node = new Node(seed);
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
