import { expect, test } from 'vitest';
import { Command, CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { Ledger } from './ledger.js';

const PATH = '/state/ledger';
const DAY_MS = 24 * 3_600_000;

const open = (host: SimHost, more: { retainMs?: number; limitEntries?: number } = {}): Promise<Ledger> =>
  Ledger.open({ files: host.files, path: PATH, ...more });

const command = (id: string, more: { epoch?: number; issuedAtUnixMs?: number } = {}): Command =>
  Command.create({
    id,
    targetNodeId: 'n-1',
    epoch: 1,
    issuedAtUnixMs: 1000,
    validForMs: 60_000,
    action: { $case: 'restartUnit', value: { unit: 'ssh.service' } },
    ...more,
  });

test('every step of a command is there after the power went', async () => {
  let host = makeSimHost(new SimWorld(1), 'a');
  const reopen = (): Promise<Ledger> => {
    host.crash('power');
    host = host.restart();
    return open(host);
  };
  let ledger = await open(host);
  await ledger.accept(command('c1'), 12.7);
  ledger = await reopen();
  expect(ledger.find('c1')).toEqual({
    command: command('c1'),
    acceptedUptimeMs: 12,
    state: CommandState.ACCEPTED,
    before: '',
    detail: '',
  });
  await ledger.start('c1', 'invocation 1');
  ledger = await reopen();
  expect(ledger.unfinished()).toMatchObject([{ state: CommandState.STARTED, before: 'invocation 1' }]);
  await ledger.finish('c1', CommandState.SUCCEEDED, 'restarted');
  ledger = await reopen();
  expect(ledger.unfinished()).toEqual([]);
  expect(ledger.find('c1')).toMatchObject({ state: CommandState.SUCCEEDED, detail: 'restarted' });
});

test('a command is accepted once, started once and finished once', async () => {
  const ledger = await open(makeSimHost(new SimWorld(1), 'a'));
  await expect(ledger.start('c1', '')).rejects.toMatchObject({ code: 'failed-precondition' });
  await ledger.accept(command('c1'), 1);
  await expect(ledger.accept(command('c1'), 1)).rejects.toMatchObject({ code: 'already-exists' });
  await ledger.start('c1', '');
  await expect(ledger.start('c1', '')).rejects.toMatchObject({ code: 'failed-precondition' });
  await ledger.finish('c1', CommandState.FAILED, '');
  await expect(ledger.finish('c1', CommandState.SUCCEEDED, '')).rejects.toMatchObject({ code: 'failed-precondition' });
  await expect(ledger.accept(command('c1'), 1)).rejects.toMatchObject({ code: 'already-exists' });
});

test('an accepted command can be refused without having started', async () => {
  const ledger = await open(makeSimHost(new SimWorld(1), 'a'));
  await ledger.accept(command('c1'), 1);
  await ledger.finish('c1', CommandState.REJECTED, 'its deadline passed');
  expect(ledger.unfinished()).toEqual([]);
});

test('two calls at once for one command: one is accepted', async () => {
  const ledger = await open(makeSimHost(new SimWorld(1), 'a'));
  const outcomes = await Promise.allSettled([ledger.accept(command('c1'), 1), ledger.accept(command('c1'), 1)]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
});

test.for(['EIO', 'ENOSPC', 'EROFS'])(
  'storage that answers %s: nothing is accepted, and the error says what to do',
  async (errno) => {
    const host = makeSimHost(new SimWorld(1), 'a');
    const ledger = await open(host);
    await ledger.accept(command('c1'), 1);
    host.board.disk.fault = () => errno;
    await expect(ledger.accept(command('c2'), 1)).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.any(String),
    });
    await expect(ledger.start('c1', '')).rejects.toMatchObject({ code: 'unavailable' });
    expect(ledger.storageFailed).toBe(true);
    expect(ledger.find('c2')).toBeUndefined();
    expect(ledger.find('c1')).toMatchObject({ state: CommandState.ACCEPTED });
    host.board.disk.fault = () => undefined;
    await ledger.start('c1', 'later');
    expect(ledger.storageFailed).toBe(false);
  },
);

test('a result that could not be written stands in memory, and is written with the next change', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const ledger = await open(host);
  await ledger.accept(command('c1'), 1);
  await ledger.start('c1', '');
  host.board.disk.fault = () => 'EIO';
  await expect(ledger.finish('c1', CommandState.SUCCEEDED, 'done')).rejects.toMatchObject({ code: 'unavailable' });
  expect(ledger.find('c1')).toMatchObject({ state: CommandState.SUCCEEDED });
  host.board.disk.fault = () => undefined;
  await ledger.accept(command('c2'), 1);
  host.crash('power');
  expect((await open(host.restart())).find('c1')).toMatchObject({ state: CommandState.SUCCEEDED, detail: 'done' });
});

test('a ledger that cannot be read accepts nothing, and never runs a command again that it finds later', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  await (await open(host)).accept(command('c1'), 1);
  host.board.disk.fault = () => 'EIO';
  const ledger = await open(host.restart());
  expect(ledger.storageFailed).toBe(true);
  await expect(ledger.accept(command('c1'), 1)).rejects.toMatchObject({ code: 'unavailable' });
  host.board.disk.fault = () => undefined;
  await expect(ledger.accept(command('c1'), 1)).rejects.toMatchObject({ code: 'already-exists' });
});

test('the head names the newest commands first, at most 16, and the highest epoch', async () => {
  const ledger = await open(makeSimHost(new SimWorld(1), 'a'));
  expect(ledger.head()).toEqual({ newestCommandIds: [], entriesCount: 0, epochHighest: 0 });
  for (let index = 0; index < 20; index++) await ledger.accept(command(`c${index}`, { epoch: index === 3 ? 9 : 2 }), 1);
  const head = ledger.head();
  expect(head.newestCommandIds).toEqual(Array.from({ length: 16 }, (_, index) => `c${19 - index}`));
  expect(head).toMatchObject({ entriesCount: 20, epochHighest: 9 });
});

test('old commands are forgotten by the controller time that they carry; unfinished ones and the epoch stay', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const ledger = await open(host, { retainMs: 90 * DAY_MS });
  await ledger.accept(command('unfinished'), 1);
  for (const [id, issuedAtUnixMs, epoch] of [
    ['old', DAY_MS, 7],
    ['at the limit', 2 * DAY_MS, 1],
    ['new', 92 * DAY_MS, 1],
  ] as const) {
    await ledger.accept(command(id, { issuedAtUnixMs, epoch }), 1);
    await ledger.finish(id, CommandState.SUCCEEDED, '');
  }
  expect(ledger.find('old')).toBeUndefined();
  expect(ledger.find('at the limit')).toBeDefined();
  expect(ledger.find('unfinished')).toBeDefined();
  expect(ledger.epochHighest).toBe(7);
});

test('memory and file stay bounded over many commands, and the newest survive', async () => {
  const host = makeSimHost(new SimWorld(1), 'a');
  const ledger = await open(host, { limitEntries: 100 });
  for (let index = 0; index < 2000; index++) {
    await ledger.accept(command(`c${index}`, { epoch: index < 10 ? 50 : 1 }), 1);
    await ledger.start(`c${index}`, 'before');
    await ledger.finish(`c${index}`, CommandState.SUCCEEDED, 'detail');
  }
  expect(ledger.head().entriesCount).toBe(100);
  expect(host.board.disk.read(PATH)?.length).toBeLessThan(140 * 1024);
  host.crash('power');
  const again = await open(host.restart(), { limitEntries: 100 });
  expect(again.find('c1999')).toMatchObject({ state: CommandState.SUCCEEDED });
  expect(again.head().newestCommandIds).toEqual(ledger.head().newestCommandIds);
  expect(again.epochHighest).toBe(50);
});

test('commands within an hour are counted by this machine’s own clock too, whatever the controller says of time', async () => {
  const HOUR_MS = 3_600_000;
  const ledger = await open(makeSimHost(new SimWorld(1), 'a'));
  const begin = async (id: string, issuedAtUnixMs: number, uptimeMs: number): Promise<void> => {
    await ledger.accept(command(id, { issuedAtUnixMs }), uptimeMs);
    await ledger.start(id, '');
    await ledger.finish(id, CommandState.SUCCEEDED, '');
  };
  const count = (controllerNowMs: number, uptimeMs: number): number =>
    ledger.begunWithin(HOUR_MS, { controllerNowMs, uptimeMs });
  // Of an earlier boot.
  await begin('c0', DAY_MS, 5 * HOUR_MS);
  // A controller that says that two hours have passed between any two commands.
  for (let at = 1; at <= 4; at++) await begin(`c${at}`, DAY_MS + 2 * at * HOUR_MS, HOUR_MS + at * 1_000);
  const saidMs = DAY_MS + 10 * HOUR_MS;
  expect(count(saidMs, HOUR_MS + 5_000)).toBe(4);
  expect(count(saidMs, 2 * HOUR_MS + 2_500)).toBe(2);
  expect(count(saidMs, 3 * HOUR_MS)).toBe(0);
  // After a reboot its own clock knows nothing of them; the controller’s does.
  expect(count(saidMs, 60_000)).toBe(0);
  expect(count(DAY_MS + 2 * HOUR_MS, 60_000)).toBe(4);
});
