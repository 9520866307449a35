import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { BootServices } from '../../agent/kit/roots/boot-applier.js';
import { bootFolders } from '../../agent/kit/roots/boot-paths.js';
import { BOARD } from '../../agent/kit/testing/root-rig.js';
import type { BootBoard, BootSet } from '../../proto/contract/netboot/boot-set.js';
import { portSubnet } from '../../proto/contract/netboot/subnet.js';
import { BootRig, type RigBoard } from './boot-rig.js';
import { whySkipped } from './needs.js';
import { NO_SERVICES, nodeDriver, pathsBelow, startRoots, writeImage } from './roots-rig.js';

const run = promisify(execFile);
const why = whySkipped(['dnsmasq-base', 'busybox-static', 'iproute2']);
const { signal } = new AbortController();

describe.skipIf(why !== '')(`what the agent writes for dnsmasq, with a real one${why}`, { timeout: 90_000 }, () => {
  let rig: BootRig | undefined;
  afterEach(async () => rig?.close());

  async function setUp(boards: number) {
    const made = await BootRig.open(boards);
    rig = made;
    const folder = made.directory;
    const pool = join(folder, 'pool');
    const images = join(folder, 'images');
    await mkdir(pool);
    for (const name of ['one', 'two', 'intake', 'rescue']) await writeImage(images, name);
    const paths = pathsBelow(folder, pool);
    const { conf } = bootFolders(paths);
    let restarts = 0;
    const services: BootServices = {
      ...NO_SERVICES,
      checkDnsmasq: async (path) =>
        run('dnsmasq', ['--test', `--conf-file=${path}`]).then(
          () => undefined,
          (error: unknown) => String(error),
        ),
      reloadDnsmasq: async () => {
        const read = () => readFile(paths.log, 'utf8').catch(() => '');
        const before = (await read()).length;
        const pid = made.dnsmasqPid;
        if (pid === undefined) return;
        process.kill(Number(await readFile(paths.pid, 'utf8')), 'SIGHUP');
        await expect.poll(async () => (await read()).slice(before)).toContain('read ');
      },
      restartDnsmasq: async () => {
        restarts++;
        await made.stopDnsmasq();
        await made.startConfigured(conf);
        await expect.poll(() => readFile(paths.log, 'utf8').catch(() => '')).toContain('TFTP root');
      },
    };
    const driver = await nodeDriver('copy', pool);
    const roots = startRoots({ paths, driver, images, services });
    return { rig: made, roots, paths, pool, restarts: () => restarts };
  }

  const boardOf = ({ serial, mac }: RigBoard, over: Partial<BootBoard> = {}): BootBoard => {
    return { ...BOARD, serial, mac, hostname: `pi-${serial}`, ...over };
  };
  const setOf = (boards: readonly (BootBoard | undefined)[], over: Partial<BootSet> = {}): BootSet => ({
    trunk: 'eth0',
    intakeImage: undefined,
    rescueImage: undefined,
    ports: boards.map((board, index) => ({ vlan: 10 + index, server: portSubnet('10.46.189.0', index).server, board })),
    ...over,
  });
  const pairOf = (boards: readonly RigBoard[]): readonly [RigBoard, RigBoard] => {
    const [first, second] = boards;
    if (first === undefined || second === undefined) throw new Error('two boards are wanted');
    return [first, second];
  };

  test('boards come and go, are reimaged and closed out, and dnsmasq is never restarted', async () => {
    const { rig, roots, restarts } = await setUp(2);
    const [a, b] = pairOf(rig.boards);
    const { keeper, boot } = roots;
    await boot.apply(setOf([undefined, undefined]), signal);
    expect(restarts()).toBe(1);
    const pid = rig.dnsmasqPid;
    expect(await rig.lease(a)).toBeUndefined();

    await boot.apply(setOf([boardOf(a), undefined]), signal);
    expect(await rig.lease(a)).toBeUndefined(); // expected, but without a root
    const order = (board: BootBoard, index: number, image: string) => {
      return { board, subnet: portSubnet('10.46.189.0', index), image, dataBytes: 2 ** 20, freshData: false };
    };
    const first = await keeper.prepare(order(boardOf(a), 0, 'one'), signal);
    await keeper.activate(a.serial, first.generation, signal);
    const lease = await rig.lease(a);
    expect(lease?.get('ip')).toBe('10.46.189.2');
    expect(lease?.get('hostname')).toBe(`pi-${a.serial}`);
    expect(lease?.get('router')).toBe('10.46.189.1');
    expect(lease?.get('ntpsrv')).toBe('10.46.189.1');
    // Discovery control, boot prompt and the one menu entry that the ROM looks for.
    expect(lease?.get('opt43')).toContain(Buffer.from('Raspberry Pi Boot   ').toString('hex'));
    expect(await rig.get(a, `${a.serial}/version`)).toBe('one');
    expect(await rig.get(a, `${a.serial}/cmdline.txt`)).toContain(
      'ip=10.46.189.2::10.46.189.1:255.255.255.252::eth0:off',
    );
    expect(await rig.get(a, 'bootcode.bin')).toContain('bootcode.bin of one');
    expect(await rig.lease(b)).toBeUndefined();

    const second = await keeper.prepare(order(boardOf(a), 0, 'two'), signal);
    await keeper.activate(a.serial, second.generation, signal);
    expect(await rig.get(a, `${a.serial}/version`)).toBe('two');

    await boot.apply(setOf([boardOf(a, { mode: 'closed' }), undefined]), signal);
    expect(await rig.lease(a)).toBeUndefined();
    expect(await rig.get(a, `${a.serial}/version`)).toBeUndefined();
    await boot.apply(setOf([boardOf(a), undefined]), signal);
    expect((await rig.lease(a))?.get('ip')).toBe('10.46.189.2');
    await keeper.remove(a.serial, false, signal);
    expect(await rig.lease(a)).toBeUndefined();
    expect(rig.dnsmasqPid).toBe(pid);
    expect(restarts()).toBe(1);
  });

  test('T-32 a board reaches its own files and nothing else, and writes nothing', async () => {
    const { rig, roots, pool } = await setUp(2);
    const [a, b] = pairOf(rig.boards);
    await roots.boot.apply(setOf([boardOf(a), boardOf(b)]), signal);
    for (const [index, board] of [a, b].entries()) {
      const order = { board: boardOf(board), subnet: portSubnet('10.46.189.0', index), image: 'one' };
      const { generation } = await roots.keeper.prepare({ ...order, dataBytes: 2 ** 20, freshData: false }, signal);
      await roots.keeper.activate(board.serial, generation, signal);
      expect(await rig.lease(board)).toBeDefined();
    }
    expect(await rig.get(b, `${b.serial}/cmdline.txt`)).toContain('10.46.189.6');
    const tftp = join(pool, 'boot/tftp');
    const others = [
      `${a.serial}/cmdline.txt`,
      `../10.46.189.2/${a.serial}/cmdline.txt`,
      `${tftp}/10.46.189.2/${a.serial}/cmdline.txt`,
      `${b.serial}/../../10.46.189.2/${a.serial}/cmdline.txt`,
      '../../../../../../etc/shadow',
      '/etc/shadow',
      `${b.serial}/../root/etc/ssh/ssh_host_ed25519_key`,
      `../../set.json`,
    ];
    for (const path of others) expect([path, await rig.get(b, path)]).toEqual([path, undefined]);
    for (const path of [`${b.serial}/cmdline.txt`, `${b.serial}/new`, 'new'])
      expect(await rig.write(b, path)).toBe(false);
  });

  test('T-30 who calls itself by another board’s MAC address gets nothing, on its own port or any other', async () => {
    const { rig, roots } = await setUp(2);
    const [a, b] = pairOf(rig.boards);
    await roots.boot.apply(setOf([boardOf(a), undefined]), signal);
    const order = {
      board: boardOf(a),
      subnet: portSubnet('10.46.189.0', 0),
      image: 'one',
      dataBytes: 1,
      freshData: false,
    };
    await roots.keeper.activate(a.serial, (await roots.keeper.prepare(order, signal)).generation, signal);
    await rig.changeMac(b, a.mac);
    expect(await rig.lease(b)).toBeUndefined();
    expect((await rig.lease(a))?.get('ip')).toBe('10.46.189.2');
    await rig.changeMac(a, 'b8:27:eb:00:00:99');
    expect(await rig.lease(a)).toBeUndefined();
  });

  test('an unknown board gets the intake image, a known one is rescued, both read-only', async () => {
    const { rig, roots, paths } = await setUp(2);
    const [a, b] = pairOf(rig.boards);
    for (const image of ['intake', 'rescue']) await roots.images.ensure(image, signal);
    const images = { intakeImage: 'intake', rescueImage: 'rescue' };
    await roots.boot.apply(setOf([boardOf(a, { mode: 'rescue' }), undefined], images), signal);
    expect((await rig.lease(a))?.get('ip')).toBe('10.46.189.2');
    expect(await rig.get(a, `${a.serial}/version`)).toBe('rescue');
    expect(await rig.get(a, `${a.serial}/cmdline.txt`)).toContain('nfsroot=10.46.189.1:/export/shared-rescue');
    expect((await rig.lease(b))?.get('ip')).toBe('10.46.189.6');
    expect(await rig.get(b, `${b.serial}/start4.elf`)).toBeUndefined(); // as the firmware does: then without its serial
    expect(await rig.get(b, 'start4.elf')).toContain('start4.elf of intake');
    expect(await rig.get(b, 'cmdline-pi4.txt')).toContain(':/export/shared-intake,vers=3,proto=tcp ro ');
    const exports = await readFile(paths.exports, 'utf8');
    expect(exports).toMatch(/^\/export\/shared-rescue 10\.46\.189\.2\(ro,root_squash,/m);
    expect(exports).toMatch(/^\/export\/shared-intake 10\.46\.189\.6\(ro,root_squash,/m);
    expect(exports).not.toContain('rw');
  });

  test('a configuration that dnsmasq would not take changes nothing', async () => {
    const { rig, roots, paths } = await setUp(1);
    const [a] = rig.boards;
    if (a === undefined) throw new Error('one board is wanted');
    await roots.boot.apply(setOf([boardOf(a)]), signal);
    const { conf } = bootFolders(paths);
    const before = await readFile(conf, 'utf8');
    // Nobody can send such a set: what stands in its way is looked at here.
    const broken = { ...setOf([boardOf(a)]), trunk: 'eth0\nno-such-option' };
    await expect(roots.boot.apply(broken, signal)).rejects.toThrow('dnsmasq would not take the ports');
    expect(await readFile(conf, 'utf8')).toBe(before);
    await symlink('/nowhere', join(paths.pool, 'boot/tftp/stray'));
    await roots.boot.apply(setOf([boardOf(a)]), signal);
    await expect(readFile(join(paths.pool, 'boot/tftp/stray'))).rejects.toThrow('ENOENT');
  });
});
