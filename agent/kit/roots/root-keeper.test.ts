import { expect, test } from 'vitest';
import { BOARD, BOOT_SET, orderOf, POOL, RootRig } from '../testing/root-rig.js';
import { PowerCut, SimPool } from '../testing/sim-pool.js';
import type { GenerationRecord } from './record.js';

const never = new AbortController().signal;
const { serial } = BOARD;
const FOLDER = `${POOL}/roots/${serial}`;
const EXPORT = '/export/10.46.189.2';

/** A board that runs image `one`, as generation 1. */
async function running(pool = new SimPool(), seed = 1): Promise<RootRig> {
  const rig = new RootRig(pool, seed);
  const { keeper, boot } = rig.start();
  await boot.apply(BOOT_SET, never);
  await keeper.activate(serial, (await keeper.prepare(orderOf('one'), never)).generation, never);
  return rig;
}

/** A second image is prepared and activated. */
async function reimage(rig: RootRig): Promise<GenerationRecord> {
  const { keeper } = rig.start();
  const record = await keeper.prepare(orderOf('two'), never);
  await keeper.activate(serial, record.generation, never);
  return record;
}

/** Which image a board would get right now, by TFTP and by NFS; `undefined` = nothing. Anything half is an error. */
function served({ pool, exported }: RootRig): string | undefined {
  const boot = pool.resolve(`${POOL}/boot/tftp/10.46.189.2/${serial}`);
  const root = exported.get(EXPORT);
  const generation = (path: string | undefined) => /gen-\d+/.exec(path ?? '')?.[0];
  const current = pool.linkTarget(`${FOLDER}/current`);
  const image = pool.text(`${boot}/version`)?.replace('version of ', '');
  expect(pool.text(`${boot}/kernel8.img`)).toBe(`kernel8.img of ${image}`);
  expect(pool.text(`${boot}/cmdline.txt`)).toContain('nfsroot=10.46.189.1:/export/10.46.189.2');
  expect(generation(boot)).toBe(current);
  // mountd follows links when it is asked: what exportfs did not see yet is refused, never mixed.
  if (root === undefined || pool.resolve(EXPORT) !== root) return undefined;
  expect(generation(root)).toBe(current);
  expect(pool.text(`${root}/version`)).toBe(`version of ${image}`);
  expect(pool.text(`${root}/bin/sh`)).toBe(`bin/sh of ${image}`);
  expect(pool.text(`${root}/etc/hostname`)).toBe('pi-01\n');
  return image;
}

test('a board is given an image, another one, and the first one back', async () => {
  const rig = await running();
  expect(served(rig)).toBe('one');
  const second = await reimage(rig);
  expect(served(rig)).toBe('two');
  const { keeper } = rig.start();
  expect(await keeper.look(serial)).toMatchObject({ current: 2, previous: 1, underWay: undefined });
  await keeper.rollBack(serial, 2, never);
  await keeper.rollBack(serial, 2, never);
  expect(served(rig)).toBe('one');
  expect(await keeper.look(serial)).toMatchObject({ current: 1, previous: 2 });
  await keeper.rollBack(serial, 1, never);
  expect(served(rig)).toBe('two');
  expect(second.hostKeys).toHaveLength(2);
});

test('preparing changes nothing that is served', async () => {
  const rig = await running();
  const before = new Map(rig.exported);
  const calls = rig.calls.length;
  await rig.start().keeper.prepare(orderOf('two'), never);
  expect(served(rig)).toBe('one');
  expect(rig.exported).toEqual(before);
  expect(rig.calls).toHaveLength(calls);
});

test('T-46 two roots of one image share no key, no machine id and no export id', async () => {
  const rig = await running();
  const { keeper } = rig.start();
  const other = { ...BOARD, serial: 'aa000002', hostname: 'pi-02' };
  const [first, second] = [
    await keeper.prepare(orderOf('one'), never),
    await keeper.prepare(orderOf('one', { board: other }), never),
  ];
  for (const key of first.hostKeys) expect(second.hostKeys).not.toContain(key);
  expect(first.fsid).not.toBe(second.fsid);
  const idOf = (each: string, generation: number) =>
    rig.pool.text(`${POOL}/roots/${each}/gen-${generation}/root/etc/machine-id`);
  expect(idOf(serial, first.generation)).toMatch(/^[0-9a-f]{32}\n$/);
  expect(idOf(serial, first.generation)).not.toBe(idOf('aa000002', second.generation));
});

test('host keys that came with the image are gone', async () => {
  const rig = await running();
  const folder = `${FOLDER}/gen-1/root/etc/ssh`;
  expect(rig.pool.list(folder)).toEqual([
    'ssh_host_ecdsa_key',
    'ssh_host_ecdsa_key.pub',
    'ssh_host_ed25519_key',
    'ssh_host_ed25519_key.pub',
  ]);
});

test('older generations than the previous one are discarded', async () => {
  const rig = await running();
  await reimage(rig);
  await reimage(rig);
  expect(rig.pool.list(FOLDER)).toEqual([
    'current',
    'data',
    'data.json',
    'gen-2',
    'gen-2.json',
    'gen-3',
    'gen-3.json',
    'previous',
    'state',
    'state.json',
  ]);
});

test('data outlives roots, unless it is to be fresh', async () => {
  const rig = await running();
  for (const name of ['data', 'state']) rig.pool.plant(`${FOLDER}/${name}/kept`, 'x');
  await reimage(rig);
  const kept = () => ['data', 'state'].map((name) => rig.pool.text(`${FOLDER}/${name}/kept`));
  expect(kept()).toEqual(['x', 'x']);
  const { generation } = await rig.start().keeper.prepare(orderOf('two', { freshData: true }), never);
  expect(kept()).toEqual(['x', 'x']); // the board runs, and has it mounted
  await rig.start().keeper.activate(serial, generation, never);
  expect(kept()).toEqual([undefined, 'x']);
  rig.pool.plant(`${FOLDER}/data/kept`, 'y');
  await rig.start().keeper.activate(serial, generation, never);
  expect(kept()).toEqual(['y', 'x']); // once, not each time
});

test.for([true, false])(
  'a board that is released is served nothing, and leaves nothing (data kept: %s)',
  async (keepData) => {
    const rig = await running();
    rig.pool.plant(`${FOLDER}/data/kept`, 'x');
    await rig.start().keeper.remove(serial, keepData, never);
    expect(rig.exported).toEqual(new Map());
    expect(rig.pool.list(`${POOL}/boot/tftp/10.46.189.2/${serial}`)).toEqual([]);
    expect(rig.pool.text(`${POOL}/boot/hosts/p10`)).toBe('*:*:*:*:*:*,tag:eth0.10,ignore\n');
    expect(rig.pool.list(FOLDER)).toEqual(keepData ? ['data', 'data.json'] : []);
  },
);

test.for([
  ['hostile-boot', 'boot file start.elf is no plain file'],
  ['hostile-root', 'a link is in the way'],
] as const)('image %s is refused, and the board keeps what it has', async ([image, want]) => {
  const rig = await running();
  const { keeper } = rig.start();
  await expect(keeper.prepare(orderOf(image), never)).rejects.toThrow(want);
  expect(served(rig)).toBe('one');
  await reimage(rig);
  expect(served(rig)).toBe('two');
});

test('what cannot be done is refused', async () => {
  const rig = await running();
  const { keeper, images } = rig.start();
  await expect(keeper.rollBack(serial, 5, never)).rejects.toThrow('is served generation 1, not 5');
  await expect(keeper.rollBack(serial, 1, never)).rejects.toThrow('no generation to go back to');
  await expect(keeper.activate(serial, 7, never)).rejects.toThrow('no complete generation 7');
  await expect(keeper.look('../../etc')).resolves.toMatchObject({ generations: [] });
  await expect(keeper.remove('../../etc', false, never)).rejects.toThrow('eight digits');
  await expect(images.ensure('../x', never)).rejects.toThrow('no name of an image');
});

test('applying once more puts right what somebody changed, and restarts nothing', async () => {
  const rig = await running();
  const { boot } = rig.start();
  expect(await boot.apply(BOOT_SET, never)).toEqual([]);
  rig.pool.plant('/etc/exports.d/bramble.exports', '/ *(rw)\n');
  rig.pool.plant(`${POOL}/boot/hosts/p99`, 'x');
  rig.exported = new Map([['/', '/']]);
  const calls = rig.calls.length;
  const changes = await boot.apply(BOOT_SET, never);
  expect(changes).toEqual(['/etc/exports.d/bramble.exports written', `${POOL}/boot/hosts/p99 removed`]);
  expect(served(rig)).toBe('one');
  expect([...rig.exported.keys()]).toEqual([EXPORT, `${EXPORT}-state`, `${EXPORT}-data`]);
  expect(rig.calls.slice(calls)).toEqual(['exportfs', 'reload dnsmasq']);
});

/** Another port, another name for the board, and nobody on the first one. */
const OTHER_SET = {
  ...BOOT_SET,
  ports: [
    { vlan: 10, server: '10.46.189.1', board: { ...BOARD, mode: 'closed' as const } },
    { vlan: 11, server: '10.46.189.5', board: { ...BOARD, serial: 'aa000002', mac: undefined, hostname: 'pi-02' } },
  ],
};

test('daemons have read what is written, wherever an apply before was cut off', async () => {
  for (let after = 0; ; after++) {
    const rig = await running(new SimPool(), after);
    const wasCut = await isCut(rig, after, (each) => each.start().boot.apply(OTHER_SET, never));
    await rig.start().boot.apply(OTHER_SET, never);
    expect(rig.heard).toEqual(rig.said);
    const calls = rig.calls.length;
    expect(await rig.start().boot.apply(OTHER_SET, never)).toEqual([]);
    expect(rig.calls.slice(calls)).toEqual(['exportfs']);
    if (!wasCut) break;
  }
});

test.for(['interfaces', 'restart dnsmasq', 'reload dnsmasq'])(
  'what %s would not read is told it again',
  async (call) => {
    const rig = await running();
    rig.failing = call;
    await expect(rig.start().boot.apply(OTHER_SET, never)).rejects.toThrow('failed');
    await rig.start().boot.apply(OTHER_SET, never);
    expect(rig.heard).toEqual(rig.said);
  },
);

test('what a killed unpacking left goes with the next look', async () => {
  const rig = await running();
  rig.pool.plant(`${POOL}/images/half/root/bin/sh`, 'x');
  expect(await rig.start().images.sweep(['one'], never)).toEqual(['half']);
  expect(rig.pool.list(`${POOL}/images`)).toEqual(['one']);
});

test('a board that comes and one that goes never restart dnsmasq', async () => {
  const rig = await running();
  const { boot, keeper } = rig.start();
  const port = { vlan: 11, server: '10.46.189.5', board: undefined };
  await boot.apply({ ...BOOT_SET, ports: [...BOOT_SET.ports, port] }, never);
  const calls = rig.calls.length;
  const board = { ...BOARD, serial: 'aa000002', mac: undefined, hostname: 'pi-02' };
  await boot.apply({ ...BOOT_SET, ports: [...BOOT_SET.ports, { ...port, board }] }, never);
  const { generation } = await keeper.prepare(orderOf('one', { board }), never);
  await keeper.activate('aa000002', generation, never);
  expect(rig.exported.has('/export/10.46.189.6')).toBe(true);
  await boot.apply({ ...BOOT_SET, ports: [...BOOT_SET.ports, port] }, never);
  expect(rig.exported.has('/export/10.46.189.6')).toBe(false);
  expect(served(rig)).toBe('one');
  expect(rig.calls.slice(calls)).not.toContain('restart dnsmasq');
});

/** Cuts the power at the given change of `work`; true when it was cut before the end. */
async function isCut(rig: RootRig, after: number, work: (rig: RootRig) => Promise<unknown>): Promise<boolean> {
  rig.pool.cutAt = rig.pool.operations + after;
  try {
    await work(rig);
    return false;
  } catch (error) {
    if (error instanceof PowerCut) return true;
    throw error;
  } finally {
    rig.pool.cutAt = Number.POSITIVE_INFINITY;
  }
}

async function reimaged(seed: number): Promise<RootRig> {
  const rig = await running(new SimPool(), seed);
  await reimage(rig);
  return rig;
}

test.for<[string, (seed: number) => Promise<RootRig>, (rig: RootRig) => Promise<unknown>, string, number]>([
  ['a reimage', (seed) => running(new SimPool(), seed), reimage, 'two', 40],
  ['the way back', reimaged, (rig) => rig.start().keeper.rollBack(serial, 2, never), 'one', 4],
])('a power cut at every single change of %s leaves a complete root, and doing it again finishes', async (story) => {
  const [, begin, work, want, cutsMin] = story;
  let cuts = 0;
  const seen = new Set<string | undefined>();
  for (let after = 0; ; after++) {
    const rig = await begin(after);
    const wasCut = await isCut(rig, after, work);
    seen.add(served(rig));
    if (!wasCut) break;
    cuts++;
    await rig.start().keeper.recoverAll(never);
    expect(served(rig)).toBeDefined();
    expect((await rig.start().keeper.look(serial)).underWay).toBeUndefined();
    await work(rig);
    expect(served(rig)).toBe(want);
    expect(rig.pool.list(FOLDER).filter((name) => name.startsWith('gen-')).length).toBe(4);
  }
  expect(cuts).toBeGreaterThan(cutsMin);
  expect(seen).toEqual(new Set(['one', 'two', undefined]));
});

test('a second power cut while the first one is put right changes nothing', async () => {
  let pairs = 0;
  for (let first = 0; ; first++) {
    const rig = await running(new SimPool(), first);
    if (!(await isCut(rig, first, reimage))) break;
    for (let second = 0; ; second++) {
      const wasCut = await isCut(rig, second, (each) => each.start().keeper.recoverAll(never));
      served(rig);
      if (!wasCut) break;
      pairs++;
    }
    expect(served(rig)).toBeDefined();
  }
  expect(pairs).toBeGreaterThan(200);
});

test('a release that is cut off anywhere is finished: nothing of the board is left or served', async () => {
  for (let after = 0; ; after++) {
    const rig = await running(new SimPool(), after);
    const wasCut = await isCut(rig, after, (each) => each.start().keeper.remove(serial, false, never));
    if (wasCut) await rig.start().keeper.recoverAll(never);
    if (wasCut && rig.pool.list(FOLDER).length > 0)
      expect(served(rig)).toBe('one'); // it had not begun
    else expect(rig.exported).toEqual(new Map());
    if (!wasCut) break;
  }
});
