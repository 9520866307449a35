import { expect, test } from 'vitest';
import type { Outcome } from '../../agent/kit/command/handler.js';
import { MailboxVerb } from '../../agent/kit/command/handler.js';
import { carryOutRoots } from '../../agent/kit/roots/carry-out.js';
import { actionHost } from '../../agent/kit/testing/action-host.js';
import { BOARD, BOOT_SET, POOL, RootRig } from '../../agent/kit/testing/root-rig.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimPool } from '../../agent/kit/testing/sim-pool.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import type { BootSet } from '../../proto/contract/netboot/boot-set.js';
import {
  ANSWER_FILE,
  parseMailboxRequest,
  REQUEST_FILE,
  renderMailboxAnswer,
} from '../../proto/contract/netboot/mailbox.js';
import { askRoots } from '../roots/ask.js';
import { parseRootsOrder } from '../roots/parse-order.js';
import { makeRootMailbox } from './root-mailbox.js';

const never = new AbortController().signal;
const { serial } = BOARD;
const ASK = { serial, verb: MailboxVerb.RESTART_AGENT };
const TREE = `${POOL}/roots/${serial}/gen-1/root`;

/** A board that runs from generation 1 of its root. */
async function setUp(set: BootSet = BOOT_SET) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'fs');
  const pool = new SimPool();
  const helper = new RootRig(pool, 1);
  host.board.machine.onOwn = async (text) =>
    JSON.stringify(await carryOutRoots(helper.start(), parseRootsOrder(text), never));
  const image = 'one';
  await askRoots(host.machine, { kind: 'apply', set: BOOT_SET }, never);
  await askRoots(host.machine, { kind: 'prepare', serial, image, dataBytes: 2 ** 30, freshData: false }, never);
  await askRoots(host.machine, { kind: 'activate', serial, generation: 1 }, never);
  await askRoots(host.machine, { kind: 'apply', set }, never);
  const context = actionHost(host);
  const handler = makeRootMailbox();
  const answer = (state: 'begun' | 'done' | 'refused', id = context.commandId) =>
    pool.plant(`${TREE}${ANSWER_FILE}`, renderMailboxAnswer({ id, state, detail: 'as it was\u0007 asked' }));
  const run = async (work: () => Promise<Outcome>, forMs: number): Promise<Outcome | 'waits'> => {
    let outcome: Outcome | 'waits' = 'waits';
    void work().then((one) => {
      outcome = one;
    });
    await world.runFor(forMs);
    return outcome;
  };
  return { world, host, pool, context, handler, answer, run };
}

test('the request lies in the root that the board runs from, with the id of its command and the time; the answer ends it', async () => {
  const { pool, context, handler, answer, run, world } = await setUp();
  const running = handler.run(ASK, context, never);
  await world.runFor(20_000);
  expect(parseMailboxRequest(pool.text(`${TREE}${REQUEST_FILE}`) ?? '')).toMatchObject({
    kind: 'request',
    request: { id: context.commandId, verb: 'restart-agent' },
  });
  answer('done', '01890a5d-ac96-774b-bcce-b302099a8000');
  await world.runFor(20_000);
  answer('begun');
  await world.runFor(20_000);
  answer('done');
  expect(await run(() => running, 20_000)).toEqual({
    kind: 'succeeded',
    detail: `board ${serial}: as it was\\u{7} asked`,
  });
});

test('a board that refuses, and one that does not look, are told apart', async () => {
  const { context, handler, answer, run } = await setUp();
  expect(await run(() => handler.run(ASK, context, never), 140_000)).toBe('waits');
  const silent = await run(() => handler.run(ASK, context, never), 170_000);
  expect(silent).toMatchObject({ kind: 'failed', detail: expect.stringContaining('did not look') });
  answer('refused');
  expect(await run(() => handler.run(ASK, context, never), 10_000)).toMatchObject({ kind: 'failed' });
});

test('an agent that was killed while it waited reads the answer, and leaves nothing a second time', async () => {
  const { context, handler, answer, run, pool } = await setUp();
  answer('done');
  expect(await run(() => handler.observe(ASK, '', context, never), 10_000)).toMatchObject({ kind: 'succeeded' });
  expect(pool.text(`${TREE}${REQUEST_FILE}`)).toBeUndefined();
});

test('a board that gets no start any more and runs on what it has mounted is reached all the same', async () => {
  const { context, handler, answer, run, host } = await setUp();
  await askRoots(host.machine, { kind: 'converge', loops: ['eth0.10'] }, never);
  answer('done');
  expect(await run(() => handler.run(ASK, context, never), 10_000)).toMatchObject({ kind: 'succeeded' });
});

test('a link that the board put in the way is not followed', async () => {
  const { context, handler, run, pool } = await setUp();
  await pool.files().link(`${TREE}${REQUEST_FILE}`, '/etc/shadow');
  expect(await run(() => handler.run(ASK, context, never), 10_000)).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining('a link is in the way'),
  });
});

const withMode = (mode: 'closed' | 'rescue'): BootSet => ({
  ...BOOT_SET,
  rescueImage: 'a'.repeat(64),
  ports: [{ vlan: 10, server: '10.46.189.1', board: { ...BOARD, mode } }],
});

test.for<[string, BootSet, typeof ASK]>([
  ['a board that nobody knows here', BOOT_SET, { ...ASK, serial: 'aa000009' }],
  ['a board that is served nothing', withMode('closed'), ASK],
  ['a board that runs the rescue system', withMode('rescue'), ASK],
])('nothing is left for %s', async ([, set, ask]) => {
  const { context, handler, run, pool } = await setUp(set);
  expect(await run(() => handler.run(ask, context, never), 10_000)).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining('has no root of its own here'),
  });
  expect([...pool.entries.keys()].filter((path) => path.includes('mailbox'))).toEqual([]);
});

test('a path for a serial and a word of a newer controller are refused', async () => {
  const { context, handler } = await setUp();
  expect(await handler.check({ ...ASK, serial: '../../etc' }, context, never)).toMatchObject({
    reason: 'invalid-argument',
  });
  expect(await handler.check({ ...ASK, verb: MailboxVerb.UNSPECIFIED }, context, never)).toMatchObject({
    reason: 'unsupported',
  });
});
