import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Command, CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import { failOnce } from '../testing/sim-disk.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Ledger } from './ledger.js';

const PATH = '/state/ledger';
const COMMANDS = 6;
const open = (host: SimHost): Promise<Ledger> => Ledger.open({ files: host.files, path: PATH });
const command = (id: string): Command =>
  Command.create({ id, epoch: Number(id), issuedAtUnixMs: 1, reason: 'x'.repeat(500) });

/** The farthest step that each command is known to have reached: 1 accepted, 2 started, 3 finished. */
type Reached = Map<string, number>;

/** The next step of a command, as a dispatcher would take it: whatever the ledger says comes next. */
async function advance(ledger: Ledger, id: string, reached: Reached): Promise<void> {
  const entry = ledger.find(id);
  if (entry === undefined) {
    await ledger.accept(command(id), 1);
    raise(reached, id, 1);
  } else if (entry.state === CommandState.ACCEPTED) {
    await ledger.start(id, 'before');
    expect(reached.get(id) ?? 0, 'a command starts once').toBeLessThan(2);
    raise(reached, id, 2);
  } else if (entry.state === CommandState.STARTED) {
    await ledger.finish(id, CommandState.SUCCEEDED, 'after');
    raise(reached, id, 3);
  }
}

function raise(reached: Reached, id: string, step: number): void {
  reached.set(id, Math.max(reached.get(id) ?? 0, step));
}

function stepOf(ledger: Ledger, id: string): number {
  const state = ledger.find(id)?.state;
  if (state === undefined) return 0;
  return state === CommandState.ACCEPTED ? 1 : state === CommandState.STARTED ? 2 : 3;
}

function expectRemembered(ledger: Ledger, reached: Reached): void {
  const forgotten = [...reached].filter(([id, step]) => stepOf(ledger, id) < step);
  expect(forgotten, 'what was resolved is remembered').toEqual([]);
  const epochs = [...reached.keys()].map(Number);
  expect(ledger.epochHighest).toBeGreaterThanOrEqual(Math.max(0, ...epochs));
}

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), id: fc.nat(COMMANDS - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'power' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      inOperations: fc.nat(3),
      errno: fc.constantFrom('EIO', 'ENOSPC', 'EROFS'),
    }),
  },
);

test('property: a command that started is never forgotten and never starts twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 50 }), fc.nat(), async (actions, seed) => {
      let host = makeSimHost(new SimWorld(seed), 'a');
      let ledger = await open(host);
      const reached: Reached = new Map();
      for (const each of [...actions, { do: 'power' as const }]) {
        if (each.do === 'fail') {
          host.board.disk.fault = failOnce(host.board.disk.operations + each.inOperations, each.errno);
        } else if (each.do === 'advance') {
          await advance(ledger, `${each.id}`, reached).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'unavailable' });
          });
        } else {
          host.crash(each.do);
          host.board.disk.fault = () => undefined;
          host = host.restart();
          ledger = await open(host);
        }
        expectRemembered(ledger, reached);
      }
    }),
    { numRuns: 300 },
  );
});

test('a crash at any operation forgets nothing that was resolved', async () => {
  for (let crashAt = 0; crashAt < 60; crashAt++) {
    for (const how of ['kill', 'power'] as const) {
      const world = new SimWorld(crashAt);
      const host = makeSimHost(world, 'a');
      host.board.disk.fault = ({ index }) => {
        if (index === crashAt) host.crash(how);
        return undefined;
      };
      const reached: Reached = new Map();
      void tellStory(host, reached);
      await world.runFor(1);
      host.board.disk.fault = () => undefined;
      expectRemembered(await open(host.restart()), reached);
    }
  }
});

async function tellStory(host: SimHost, reached: Reached): Promise<void> {
  const ledger = await open(host);
  for (let turn = 0; turn < COMMANDS * 3; turn++) await advance(ledger, `${turn % COMMANDS}`, reached);
}

test.for(['EIO', 'ENOSPC', 'EROFS'])('%s at any single operation forgets nothing that was resolved', async (errno) => {
  for (let index = 0; index < 60; index++) {
    const host = makeSimHost(new SimWorld(index), 'a');
    host.board.disk.fault = failOnce(index, errno);
    const ledger = await open(host);
    const reached: Reached = new Map();
    for (let turn = 0; turn < COMMANDS * 4; turn++) {
      await advance(ledger, `${turn % COMMANDS}`, reached).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'unavailable' });
      });
    }
    expectRemembered(ledger, reached);
    host.crash('power');
    host.board.disk.fault = () => undefined;
    expectRemembered(await open(host.restart()), reached);
  }
});

test('property: a file with damage anywhere opens, keeps what came before it, and takes new commands', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  await tellStory(host, new Map());
  const content = host.board.disk.read(PATH) ?? new Uint8Array();
  await fc.assert(
    fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const other = makeSimHost(new SimWorld(2), 'b');
      other.board.disk.plant(
        PATH,
        content.map((byte, index) => (index === at ? byte ^ flip : byte)),
      );
      const ledger = await open(other);
      expect(ledger.damagedBytes).toBeGreaterThan(0);
      for (const { command: found } of ledger.unfinished()) expect(found).toEqual(command(found.id));
      await ledger.accept(command('99'), 1);
      expect(ledger.storageFailed).toBe(false);
    }),
    { numRuns: 200 },
  );
});
