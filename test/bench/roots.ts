import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import type { DriverName } from '../../agent/kit/roots/ports.js';
import { BOARD, BOOT_SET, orderOf } from '../../agent/kit/testing/root-rig.js';
import { portSubnet } from '../../proto/contract/netboot/subnet.js';
import { openPoolDisk, type PoolKind } from '../system/pool-disk.js';
import { NO_SERVICES, nodeDriver, pathsBelow, startRoots, writeImage } from '../system/roots-rig.js';
import { type Figure, median } from './figure.js';

const run = promisify(execFile);
const { signal } = new AbortController();

/** A small Raspberry Pi OS has about as much: 50,000 files, 1 GB. */
const FILES = 50_000;
const FILE_BYTES = 20_480;
const FILES_PER_FOLDER = 250;
const SHELF = 96;
const ROUNDS = 5;
const DISK_BYTES = 12 * 2 ** 30;

interface Kind {
  readonly name: DriverName;
  readonly disk: PoolKind;
  readonly program: string;
  /** How many times faster than tar. */
  readonly timesFaster: number;
}

const KINDS: readonly Kind[] = [
  { name: 'btrfs', disk: 'btrfs', program: '/usr/sbin/mkfs.btrfs', timesFaster: 10 },
  { name: 'reflink', disk: 'xfs', program: '/usr/sbin/mkfs.xfs', timesFaster: 3 },
];

/** Reimaging on filesystems of their own; nothing where this user may not mount them. */
export async function measureRoots(): Promise<readonly Figure[]> {
  if (process.getuid?.() !== 0) return [];
  const folder = await mkdtemp(join(tmpdir(), 'bramble-bench-roots-'));
  try {
    const images = join(folder, 'images');
    await writeImage(images, 'one');
    await fill(join(images, 'one/root/usr'));
    const archive = join(folder, 'one.tar');
    await run('tar', ['--create', '--file', archive, '--directory', join(images, 'one'), '.']);
    const figures: Figure[] = [];
    for (const kind of KINDS)
      if (existsSync(kind.program)) figures.push(...(await measure(kind, folder, images, archive)));
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(kind: Kind, folder: string, images: string, archive: string): Promise<readonly Figure[]> {
  const disk = await openPoolDisk(kind.disk, DISK_BYTES);
  try {
    const untarMs = await timed(async () => {
      await mkdir(join(disk.pool, 'untar'));
      await run('tar', ['--extract', '--file', archive, '--directory', join(disk.pool, 'untar')]);
      await run('sync', ['--file-system', disk.pool]);
    });
    await rm(join(disk.pool, 'untar'), { recursive: true });
    const driver = await nodeDriver(kind.name, disk.pool);
    const {
      keeper,
      boot,
      images: base,
    } = startRoots({
      ...{ paths: pathsBelow(join(folder, kind.name), disk.pool), driver, images, services: NO_SERVICES },
    });
    await boot.apply(BOOT_SET, signal);
    await base.ensure('one', signal);
    await run('sync', ['--file-system', disk.pool]);
    const usedByOne = await usedBytes(disk.pool);
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(
        await timed(async () => {
          const { generation } = await keeper.prepare(orderOf('one'), signal);
          await keeper.activate(BOARD.serial, generation, signal);
        }),
      );
    }
    const named = (name: string): string => `roots.${kind.name}_${name}`;
    const tar = { baseline: untarMs, baselineName: 'tar -x and sync, same filesystem' };
    const isInstant = kind.name === 'btrfs';
    return [
      { figure: named('reimage'), value: median(rounds), unit: 'ms', ...(isInstant && { goal: 1_000 }) },
      {
        figure: named('reimage_to_tar'),
        value: median(rounds),
        unit: 'ms',
        ...tar,
        goal: 1 / kind.timesFaster,
        goalOn: 'ratio',
      },
      ...(isInstant ? await measureShelf(keeper, disk.pool, usedByOne) : []),
    ];
  } finally {
    await disk.close();
  }
}

/** Every board of a shelf gets a root of the one image. */
async function measureShelf(
  keeper: ReturnType<typeof startRoots>['keeper'],
  pool: string,
  usedByOne: number,
): Promise<readonly Figure[]> {
  const shelfMs = await timed(async () => {
    for (let index = 0; index < SHELF; index++) {
      const serial = (0xbb000000 + index).toString(16);
      const board = { ...BOARD, serial, hostname: `pi-${index}`, mac: undefined };
      await keeper.prepare(orderOf('one', { board, subnet: portSubnet('10.46.0.0', index) }), signal);
    }
  });
  await run('sync', ['--file-system', pool]);
  const baseline = { baseline: usedByOne, baselineName: 'the image unpacked' };
  return [
    { figure: `roots.shelf_of_${SHELF}`, value: shelfMs, unit: 'ms', goal: 15_000 },
    {
      figure: `roots.shelf_of_${SHELF}_space`,
      value: await usedBytes(pool),
      unit: 'bytes',
      ...baseline,
      goal: 1.2,
      goalOn: 'ratio',
    },
  ];
}

async function fill(folder: string): Promise<void> {
  for (let at = 0; at < FILES; at += FILES_PER_FOLDER) {
    const inner = join(folder, String(at));
    await mkdir(inner, { recursive: true });
    const bytes = randomBytes(FILE_BYTES);
    const writes = Array.from({ length: FILES_PER_FOLDER }, (_, index) => {
      return writeFile(join(inner, String(index)), bytes);
    });
    await Promise.all(writes);
  }
}

async function usedBytes(path: string): Promise<number> {
  const { blocks, bfree, bsize } = await statfs(path);
  return (blocks - bfree) * bsize;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
