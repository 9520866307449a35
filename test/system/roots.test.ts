import { execFile } from 'node:child_process';
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { makePoolFiles } from '../../agent/kit/host/node/roots/pool-files.js';
import type { DriverName, RootDriver } from '../../agent/kit/roots/ports.js';
import { BOARD, orderOf } from '../../agent/kit/testing/root-rig.js';
import { ANSWER_FILE, MAILBOX_FOLDER, REQUEST_FILE } from '../../proto/contract/netboot/mailbox.js';
import { DRIVER_CASES } from './driver-conformance.js';
import { openPoolDisk, type PoolDisk, type PoolKind } from './pool-disk.js';
import { NO_SERVICES, nodeDriver, pathsBelow, startRoots, writeImage } from './roots-rig.js';

const run = promisify(execFile);
const { signal } = new AbortController();
const { present } = inject('debian');
const isRoot = process.getuid?.() === 0;

const DRIVERS: readonly (readonly [DriverName, PoolKind, string])[] = [
  ['copy', 'folder', 'coreutils'],
  ['reflink', 'xfs', 'xfsprogs'],
  ['btrfs', 'btrfs', 'btrfs-progs'],
];

const whyNot = (name: string): string => {
  if (!isRoot) return ' (skipped: not root)';
  return name === 'coreutils' || present.includes(name) ? '' : ` (skipped: without ${name})`;
};

describe.each(DRIVERS)('roots kept by %s on %s', (name, kind, needs) => {
  const why = whyNot(needs);
  describe.skipIf(why !== '')(`all the same${why}`, () => {
    let disk: PoolDisk;
    let driver: RootDriver;
    let folder: string;

    beforeAll(async () => {
      disk = await openPoolDisk(kind);
      driver = await nodeDriver(name, disk.pool);
      folder = await mkdtemp(join(tmpdir(), 'bramble-roots-'));
    });
    afterAll(async () => {
      await disk.close();
      await rm(folder, { recursive: true, force: true });
    });

    test.each(DRIVER_CASES)('%s', (_, holds) => holds({ driver, pool: disk.pool, folder }));
  });
});

describe.skipIf(!isRoot)(`T-31 an image that wants out${isRoot ? '' : ' (skipped: not root)'}`, () => {
  let folder: string;
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  async function setUp(spite: (root: string, outside: string) => Promise<unknown>) {
    folder = await mkdtemp(join(tmpdir(), 'bramble-hostile-'));
    const outside = join(folder, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'victim'), 'untouched');
    const images = join(folder, 'images');
    await writeImage(images, 'hostile');
    await spite(join(images, 'hostile'), outside);
    const pool = join(folder, 'pool');
    await mkdir(pool);
    const driver = await nodeDriver('copy', pool);
    const { keeper } = startRoots({ paths: pathsBelow(folder, pool), driver, images, services: NO_SERVICES });
    const prepare = () => keeper.prepare(orderOf('hostile', { board: { ...BOARD, authorizedKeys: [KEY] } }), signal);
    return { outside, pool, prepare, keeper };
  }

  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGaZvQHpbs0eC0u5VbX0uqvX7jZ0pR4Bq5y7w7Vn3g3N admin';

  test.for<[string, (root: string, outside: string) => Promise<unknown>]>([
    [
      'a link instead of a file',
      async (at, out) => {
        await rm(join(at, 'root/etc/hostname'));
        await symlink(join(out, 'victim'), join(at, 'root/etc/hostname'));
      },
    ],
    ['a link instead of a folder', (at, out) => symlink(out, join(at, 'root/etc/systemd'))],
    [
      'a link instead of /etc',
      async (at, out) => {
        await rm(join(at, 'root/etc'), { recursive: true });
        await symlink(out, join(at, 'root/etc'));
      },
    ],
    [
      'a link instead of the administrator’s home',
      async (at, out) => {
        await rm(join(at, 'root/root'), { recursive: true });
        await symlink(out, join(at, 'root/root'));
      },
    ],
    [
      'a link instead of the folder of host keys',
      async (at, out) => {
        await rm(join(at, 'root/etc/ssh'), { recursive: true });
        await symlink(out, join(at, 'root/etc/ssh'));
      },
    ],
    [
      'a link instead of the whole tree',
      async (at, out) => {
        await rm(join(at, 'root'), { recursive: true });
        await symlink(out, join(at, 'root'));
      },
    ],
    ['a device instead of a file', (at) => run('mknod', [join(at, 'root/etc/fstab'), 'c', '1', '3'])],
    ['a pipe that nobody reads instead of a file', (at) => run('mkfifo', [join(at, 'root/etc/hosts')])],
    ['a link among the boot files', (at, out) => symlink(join(out, 'victim'), join(at, 'boot/start.elf'))],
    [
      'a device deep among the boot files',
      async (at) => {
        await mkdir(join(at, 'boot/overlays'));
        await run('mknod', [join(at, 'boot/overlays/sda'), 'b', '8', '0']);
      },
    ],
  ])('with %s is refused, and nothing outside of it changes', async ([, spite]) => {
    const { outside, prepare, keeper } = await setUp(spite);
    await expect(prepare()).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(await readdir(outside)).toEqual(['victim']);
    expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('untouched');
    await keeper.recoverAll(signal);
    expect((await keeper.look(BOARD.serial)).generations).toEqual([]);
  });

  test('with a second name of a file elsewhere leaves that file as it was', async () => {
    const { pool, prepare } = await setUp(async (at, out) => {
      await rm(join(at, 'root/etc/hostname'));
      await link(join(out, 'victim'), join(at, 'root/etc/hostname'));
    });
    await prepare();
    expect(await readFile(join(folder, 'outside/victim'), 'utf8')).toBe('untouched');
    expect(await readFile(join(pool, 'roots', BOARD.serial, 'gen-1/root/etc/hostname'), 'utf8')).toBe('pi-01\n');
  });

  test('boot files can be read by whoever serves them, whatever their modes were', async () => {
    const { pool, prepare } = await setUp(async (at) => {
      await mkdir(join(at, 'boot/overlays'), { mode: 0o700 });
      await writeFile(join(at, 'boot/overlays/x.dtbo'), 'x', { mode: 0o600 });
    });
    const { generation } = await prepare();
    const boot = join(pool, 'roots', BOARD.serial, `gen-${generation}/boot`);
    const modeOf = async (path: string) => (await lstat(join(boot, path))).mode & 0o777;
    expect([await modeOf('overlays'), await modeOf('overlays/x.dtbo'), await modeOf('cmdline.txt')]).toEqual([
      0o755, 0o644, 0o644,
    ]);
  });

  test('T-46 host keys are what sshd reads, and different in every root', async () => {
    const { pool, prepare } = await setUp(() => Promise.resolve());
    const [first, second] = [await prepare(), await prepare()];
    for (const { generation, hostKeys } of [first, second]) {
      const ssh = join(pool, 'roots', BOARD.serial, `gen-${generation}/root/etc/ssh`);
      for (const [index, type] of ['ed25519', 'ecdsa'].entries()) {
        const { stdout } = await run('ssh-keygen', ['-y', '-f', join(ssh, `ssh_host_${type}_key`)]);
        expect(stdout.split(' ').slice(0, 2).join(' ').trim()).toBe(hostKeys[index]);
      }
      expect(await readdir(ssh)).toHaveLength(4);
    }
    expect(first.hostKeys.some((key) => second.hostKeys.includes(key))).toBe(false);
    const { uid, mode } = await lstat(join(pool, 'roots', BOARD.serial, 'gen-1/root/root/.ssh/authorized_keys'));
    expect([uid, mode & 0o777]).toEqual([0, 0o600]);
  });

  test('paths that lead out are refused by the tree itself', async () => {
    const { pool } = await setUp(() => Promise.resolve());
    const tree = await makePoolFiles().openTree(pool);
    for (const path of ['../x', 'a/../../x', '/etc/x', '', 'a//b', '.']) {
      await expect(tree.write({ path, text: 'x', mode: 0o600 })).rejects.toMatchObject({ code: 'invalid-argument' });
    }
    await tree.close();
  });
});

describe.skipIf(!isRoot)(
  `T-31 a board that lives in its tree and wants out of its mailbox${isRoot ? '' : ' (skipped: not root)'}`,
  () => {
    const below = (path: string): string => path.slice(1);
    const [box, request, answer] = [below(MAILBOX_FOLDER), below(REQUEST_FILE), below(ANSWER_FILE)];
    const temporary = `${box}/.request.json.bramble`;
    let folder: string;
    afterEach(async () => rm(folder, { recursive: true, force: true }));

    async function setUp(spite: (root: string, outside: string) => Promise<unknown>) {
      folder = await mkdtemp(join(tmpdir(), 'bramble-mailbox-'));
      const [root, outside] = [join(folder, 'root'), join(folder, 'outside')];
      await mkdir(outside);
      await writeFile(join(outside, 'victim'), 'untouched');
      await mkdir(join(root, 'var/lib'), { recursive: true });
      await spite(root, outside);
      const tree = await makePoolFiles().openTree(root);
      const leave = () => tree.write({ path: request, text: 'asked', mode: 0o600 });
      return { root, outside, tree, leave };
    }

    const inBox =
      (work: (root: string, outside: string) => Promise<unknown>) => async (root: string, outside: string) => {
        await mkdir(join(root, box));
        await work(root, outside);
      };

    test.for<[string, (root: string, outside: string) => Promise<unknown>]>([
      ['the folder is a link', (root, outside) => symlink(outside, join(root, box))],
      ['the request is a link', inBox((root, outside) => symlink(join(outside, 'victim'), join(root, request)))],
      [
        'a folder lies where the file is made',
        inBox((root) => mkdir(join(root, temporary, 'deep'), { recursive: true })),
      ],
    ])('%s: nothing is written', async ([, spite]) => {
      const { outside, tree, leave } = await setUp(spite);
      await expect(leave()).rejects.toThrow();
      await tree.close();
      expect([await readdir(outside), await readFile(join(outside, 'victim'), 'utf8')]).toEqual([
        ['victim'],
        'untouched',
      ]);
    });

    test('a link where the file is made is taken away, and what it led to is as it was', async () => {
      const { root, outside, tree, leave } = await setUp(
        inBox((at, other) => symlink(join(other, 'victim'), join(at, temporary))),
      );
      await leave();
      await tree.close();
      const { uid, mode } = await lstat(join(root, request));
      expect([uid, mode & 0o777, await readFile(join(root, request), 'utf8')]).toEqual([0, 0o600, 'asked']);
      expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('untouched');
    });

    test.for<[string, (root: string, outside: string) => Promise<unknown>]>([
      ['a link', inBox((root, outside) => symlink(join(outside, 'victim'), join(root, answer)))],
      ['a pipe that nobody writes to', inBox((root) => run('mkfifo', [join(root, answer)]))],
    ])('an answer that is %s is none', async ([, spite]) => {
      const { tree } = await setUp(spite);
      expect(await tree.read(answer)).toBeUndefined();
      await tree.close();
    });

    test('of an answer without an end a little is read', async () => {
      const { tree } = await setUp(inBox((root) => writeFile(join(root, answer), 'x'.repeat(10 * 2 ** 20))));
      expect((await tree.read(answer))?.length).toBe(64 * 1024);
      await tree.close();
    });
  },
);
