import { expect, test } from 'vitest';
import type { CommandHandler, Outcome } from '../../agent/kit/command/handler.js';
import type { Host } from '../../agent/kit/host/ports.js';
import { carryOutRoots } from '../../agent/kit/roots/carry-out.js';
import type { RootsOrder } from '../../agent/kit/roots/orders.js';
import { actionHost } from '../../agent/kit/testing/action-host.js';
import { BOARD, BOOT_SET, RootRig } from '../../agent/kit/testing/root-rig.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimPool } from '../../agent/kit/testing/sim-pool.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { NOTHING_REPAIRED } from '../../proto/contract/netboot/repair.js';
import { BootLoops } from '../boot/boot-loops.js';
import { makeRootsCollector } from '../collectors/roots.js';
import { askRoots } from '../roots/ask.js';
import { parseRootsOrder } from '../roots/parse-order.js';
import { makeRootsWatch } from '../roots-watch.js';
import { makeBootPathRepair, makeRootActivate, makeRootPrepare, makeRootRemove, makeRootRollBack } from './roots.js';

const never = new AbortController().signal;
const { serial } = BOARD;
const prepareOf = (image: string) => ({ serial, image, dataBytes: 2 ** 30, freshData: false });

/** The ports that the controller sends. */
const apply = ({ machine }: Pick<Host, 'machine'>) => askRoots(machine, { kind: 'apply', set: BOOT_SET }, never);

/** An agent whose helper keeps roots in memory. */
function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'fs');
  const rig = new RootRig(new SimPool(), 1);
  const { machine } = host.board;
  const orders: RootsOrder[] = [];
  /** What answers, as the part of the agent with root's rights would. */
  const kept = { answer: (order: RootsOrder) => carryOutRoots(rig.start(), order, never) };
  machine.onOwn = async (text) => {
    const order = parseRootsOrder(text);
    orders.push(order);
    return JSON.stringify(await kept.answer(order));
  };
  const context = actionHost(host);
  /** As the dispatcher: looks, notes, acts. */
  const carryOut = async <Arguments>(
    handler: CommandHandler<Arguments>,
    args: Arguments,
  ): Promise<Outcome | string> => {
    const refusal = await handler.check(args, context, never);
    if (refusal !== undefined) return `${refusal.reason}: ${refusal.detail}`;
    await handler.before(args, context, never);
    return world.settle(handler.run(args, context, never));
  };
  return { world, host, rig, kept, orders, context, carryOut };
}

test('a board is given a root, another one, the first one back, and none', async () => {
  const { carryOut, host } = setUp();
  await apply(host);
  expect(await carryOut(makeRootPrepare(), prepareOf('one'))).toMatchObject({ kind: 'succeeded' });
  expect(await carryOut(makeRootActivate(), { serial, generation: 1 })).toMatchObject({ kind: 'succeeded' });
  await carryOut(makeRootPrepare(), prepareOf('two'));
  await carryOut(makeRootActivate(), { serial, generation: 2 });
  expect(await carryOut(makeRootRollBack(), { serial, generation: 2 })).toEqual({
    kind: 'succeeded',
    detail: `board ${serial} is served generation 1 again`,
  });
  expect(await carryOut(makeRootRemove(), { serial, keepData: false })).toMatchObject({ kind: 'succeeded' });
  expect(await carryOut(makeRootRemove(), { serial, keepData: false })).toBe(
    `precondition: board ${serial}: it has no roots here`,
  );
});

test('a boot path that somebody broke is repaired; one that is as it should be is left alone', async () => {
  const { carryOut, rig, host } = setUp();
  await apply(host);
  await carryOut(makeRootPrepare(), prepareOf('one'));
  await carryOut(makeRootActivate(), { serial, generation: 1 });
  await carryOut(makeBootPathRepair(), { serial });
  expect(await carryOut(makeBootPathRepair(), { serial })).toEqual({ kind: 'succeeded', detail: NOTHING_REPAIRED });
  rig.pool.plant('/srv/bramble/boot/hosts/p10', 'somebody was here');
  expect(await carryOut(makeBootPathRepair(), { serial })).toMatchObject({
    kind: 'succeeded',
    detail: expect.not.stringContaining(NOTHING_REPAIRED),
  });
  expect(await carryOut(makeBootPathRepair(), { serial: '../../etc' })).toContain('invalid-argument');
});

test('a repair mounts what the board is to mount, and fails when that does not work', async () => {
  const { carryOut, rig, host } = setUp();
  await apply(host);
  await carryOut(makeRootPrepare(), prepareOf('one'));
  await carryOut(makeRootActivate(), { serial, generation: 1 });
  rig.calls.length = 0;
  expect(await carryOut(makeBootPathRepair(), { serial })).toMatchObject({ kind: 'succeeded' });
  const exported = ['', '-state', '-data'].map((each) => `probe /export/10.46.189.2${each}`);
  expect(rig.calls.filter((call) => call.startsWith('probe'))).toEqual(exported);
  rig.nfsTrouble = 'mount.nfs: Connection refused';
  expect(await carryOut(makeBootPathRepair(), { serial })).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining(`/export/10.46.189.2 cannot be mounted by board ${serial}: mount.nfs`),
  });
});

test.for<[string, (each: ReturnType<typeof setUp>) => Promise<Outcome | string>, string]>([
  [
    'no such generation',
    ({ carryOut }) => carryOut(makeRootActivate(), { serial, generation: 4 }),
    'no complete generation 4',
  ],
  [
    'nothing to go back to',
    ({ carryOut }) => carryOut(makeRootRollBack(), { serial, generation: 1 }),
    'nothing to go back|no generation',
  ],
  [
    'the wrong one to leave',
    ({ carryOut }) => carryOut(makeRootRollBack(), { serial, generation: 3 }),
    'served generation 1, not 3',
  ],
  [
    'a path for a serial',
    ({ carryOut }) => carryOut(makeRootRemove(), { serial: '../..', keepData: true }),
    'invalid-argument',
  ],
  ['a path for an image', ({ carryOut }) => carryOut(makeRootPrepare(), prepareOf('../x')), 'no name of an image'],
])('it is refused, and nothing is done: %s', async ([, work, want]) => {
  const each = setUp();
  await apply(each.host);
  await each.carryOut(makeRootPrepare(), prepareOf('one'));
  await each.carryOut(makeRootActivate(), { serial, generation: 1 });
  const before = each.orders.filter(({ kind }) => kind !== 'look').length;
  expect(await work(each)).toMatch(new RegExp(want));
  expect(each.orders.filter(({ kind }) => kind !== 'look')).toHaveLength(before);
});

test('an order waits for the one before it', async () => {
  const { carryOut, kept, host } = setUp();
  await apply(host);
  const { answer } = kept;
  let tries = 0;
  kept.answer = (order) => {
    if (order.kind === 'prepare' && tries++ < 3)
      return Promise.reject(new BrambleError('unavailable', 'another one works'));
    return answer(order);
  };
  expect(await carryOut(makeRootPrepare(), prepareOf('one'))).toMatchObject({ kind: 'succeeded' });
  expect(tries).toBe(4);
});

test('what goes wrong is told with what to do', async () => {
  const { carryOut, kept } = setUp();
  const { answer } = kept;
  kept.answer = (order) =>
    order.kind === 'prepare'
      ? Promise.reject(new BrambleError('not-found', 'there is no image one', { hint: 'pull it first' }))
      : answer(order);
  expect(await carryOut(makeRootPrepare(), prepareOf('one'))).toEqual({
    kind: 'failed',
    detail: 'there is no image one (pull it first)',
  });
});

test.for<[number, string]>([
  [5, 'failed'],
  [10_000, 'succeeded'],
])('a preparation that a crash cut off after %d changes is settled by what is there: %s', async ([changes, want]) => {
  const { rig, context, orders, host } = setUp();
  await apply(host);
  const handler = makeRootPrepare();
  const before = await handler.before(prepareOf('one'), context, never);
  rig.pool.cutAt = rig.pool.operations + changes;
  await handler.run(prepareOf('one'), context, never);
  rig.pool.cutAt = Number.POSITIVE_INFINITY;
  expect(await handler.observe(prepareOf('one'), before, context, never)).toMatchObject({ kind: want });
  expect(orders.filter(({ kind }) => kind === 'prepare')).toHaveLength(1);
});

test('what is served is told, with its host keys', async () => {
  const { carryOut, host } = setUp();
  await apply(host);
  const factsOf = async () => {
    const collected = await makeRootsCollector().collect(host, never);
    if (collected.kind !== 'ok') throw new Error(collected.why);
    return new Map(collected.samples.map(({ fact, instance, value }) => [`${fact} ${instance}`, value]));
  };
  await carryOut(makeRootPrepare(), prepareOf('one'));
  const prepared = await factsOf();
  expect(prepared.get(`root_generation_count ${serial}`)).toBe(0);
  expect(prepared.get(`root_newest_count ${serial}`)).toBe(1);
  expect(prepared.get(`root_closed_text ${serial}`)).toBe('it has no root yet');
  await carryOut(makeRootActivate(), { serial, generation: 1 });
  const served = await factsOf();
  expect(served.get(`root_image_text ${serial}`)).toBe('one');
  expect(served.has(`root_closed_text ${serial}`)).toBe(false);
  expect(served.get(`root_host_key_text ${serial}/ssh-ed25519`)).toMatch(/^ssh-ed25519 AAAA/);
});

test('a fileserver that keeps no roots by us has nothing to say of them', async () => {
  const { kept, host } = setUp();
  kept.answer = () => Promise.reject(new BrambleError('unsupported', 'no roots are kept here'));
  expect(await makeRootsCollector().collect(host, never)).toMatchObject({ kind: 'no-data' });
  await expect(makeRootsWatch().look(host, never)).resolves.toBeUndefined();
});

test('a board that starts over and over from one root is held back by the boot gate until it is served another, or that one anew', async () => {
  const { carryOut, host, rig } = setUp();
  await apply(host);
  await carryOut(makeRootPrepare(), prepareOf('one'));
  await carryOut(makeRootActivate(), { serial, generation: 1 });
  const loops = new BootLoops();
  const watch = makeRootsWatch(loops);
  const startsMs = [1, 2, 3, 4];
  loops.follow(() => [
    { interfaceName: 'eth0.10', serial, startsMs },
    { interfaceName: 'eth0.99', serial: '', startsMs },
  ]);
  const isServed = async () => {
    await watch.look(host, never);
    // Who runs after all keeps the root that it has mounted.
    expect(rig.exported.has('/export/10.46.189.2')).toBe(true);
    return !(rig.pool.text('/srv/bramble/boot/hosts/p10') ?? '').includes(',ignore');
  };
  expect(await isServed()).toBe(false);
  // It is tried again, and the starts of before count for nothing: it takes as many new ones.
  await carryOut(makeRootActivate(), { serial, generation: 1 });
  expect(await isServed()).toBe(true);
  startsMs.push(5, 6, 7);
  expect(await isServed()).toBe(true);
  startsMs.push(8);
  expect(await isServed()).toBe(false);
  // Another root is another matter.
  await carryOut(makeRootPrepare(), prepareOf('two'));
  await carryOut(makeRootActivate(), { serial, generation: 2 });
  expect(await isServed()).toBe(true);
  // Its starts from a root that is taken back were no fault of the one before.
  startsMs.push(9, 10, 11);
  await carryOut(makeRootRollBack(loops), { serial, generation: 2 });
  startsMs.push(12);
  expect(await isServed()).toBe(true);
});
