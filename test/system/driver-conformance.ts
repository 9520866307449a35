/** What every way of keeping roots has to do, by itself and with everything that is above it. Runs in any process that may mount. */

import { deepEqual, equal, match } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RootDriver } from '../../agent/kit/roots/ports.js';
import { BOARD, BOOT_SET, orderOf } from '../../agent/kit/testing/root-rig.js';
import { NO_SERVICES, pathsBelow, startRoots, writeImage } from './roots-rig.js';

const run = promisify(execFile);
const { signal } = new AbortController();

interface DriverUnderTest {
  readonly driver: RootDriver;
  readonly pool: string;
  /** For everything that is not in the pool. */
  readonly folder: string;
}

type Case = readonly [string, (on: DriverUnderTest) => Promise<void>];

/** In this order: each finds what those before it left. */
export const DRIVER_CASES: readonly Case[] = [
  ['it is probed as what it is', isProbed],
  ['a clone has everything that its origin has, and neither sees what the other one becomes', isCloned],
  ['whatever there is of a volume can be destroyed, twice, and nothing beside it', isDestroyed],
  ['what a volume may hold is its own, where that is promised', isLimited],
  ['a board is given an image, another one, the first one back, and is released', isServed],
];

async function isProbed({ driver }: DriverUnderTest): Promise<void> {
  equal(await driver.probe(signal), undefined);
  equal(driver.capabilities.shared, driver.name !== 'copy');
}

/** Names that were made by nobody of us. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name !== 'lost+found').sort();
}

async function isCloned({ driver, pool }: DriverUnderTest): Promise<void> {
  const at = (path: string): string => join(pool, path);
  await driver.make('images/a', undefined, signal);
  await writeFile(at('images/a/file'), 'one');
  await chmod(at('images/a/file'), 0o4755);
  await link(at('images/a/file'), at('images/a/second-name'));
  await symlink('/etc/shadow', at('images/a/link'));
  await run('mknod', [at('images/a/device'), 'c', '1', '3']);
  await run('mkfifo', [at('images/a/pipe')]);
  await mkdir(at('images/a/empty folder\n'));
  await driver.clone('images/a', 'roots/x/gen-1', signal);
  const clone = (path: string): string => at(`roots/x/gen-1/${path}`);
  deepEqual(await namesIn(clone('')), ['device', 'empty folder\n', 'file', 'link', 'pipe', 'second-name']);
  equal((await lstat(clone('file'))).mode & 0o7777, 0o4755);
  equal((await lstat(clone('file'))).nlink, 2);
  equal((await lstat(clone('device'))).isCharacterDevice(), true);
  equal(await readlink(clone('link')), '/etc/shadow');
  await writeFile(clone('file'), 'two');
  equal(await readFile(at('images/a/file'), 'utf8'), 'one');
  await writeFile(at('images/a/later'), 'x');
  equal(existsSync(clone('later')), false);
  await driver.sync('roots/x/gen-1', signal);
}

async function isDestroyed({ driver, pool, folder }: DriverUnderTest): Promise<void> {
  const at = (path: string): string => join(pool, path);
  await writeFile(join(folder, 'victim'), 'x');
  await driver.make('roots/y/gen-1', undefined, signal);
  await mkdir(at('roots/y/gen-1/deep/er'), { recursive: true });
  await symlink(folder, at('roots/y/gen-1/deep/way-out'));
  await driver.make('roots/y/gen-2', undefined, signal);
  await driver.destroy('roots/y/gen-1', signal);
  await driver.destroy('roots/y/gen-1', signal);
  await driver.destroy('roots/y/gen-9', signal);
  deepEqual(await readdir(at('roots/y')), ['gen-2']);
  equal(existsSync(at('images/a/file')), true);
  equal(existsSync(join(folder, 'victim')), true);
  await mkdir(at('roots/y/gen-3/half'), { recursive: true }); // no volume of this driver, but in its place
  await driver.destroy('roots/y/gen-3', signal);
  deepEqual(await readdir(at('roots/y')), ['gen-2']);
  // The driver may be of a process that began after the volume was made.
  await driver.attach('roots/y/gen-2', signal);
  await driver.destroy('roots/y/gen-2', signal);
  await rmdir(at('roots/y'));
  for (const volume of ['roots/x/gen-1', 'images/a']) await driver.destroy(volume, signal);
}

async function isLimited({ driver, pool }: DriverUnderTest): Promise<void> {
  const { quota, isolation } = driver.capabilities;
  if (!quota && !isolation) return;
  const size = 16 * 2 ** 20;
  const volume = 'roots/z/data';
  await driver.make(volume, size, signal);
  const { stdout } = await run('df', ['--output=size,target', '--block-size=1', join(pool, volume)]);
  const [, bytes = '', target = ''] = /(\d+)\s+(\S+)\s*$/.exec(stdout) ?? [];
  if (isolation) equal(target, join(pool, volume)); // a filesystem of its own
  if (quota) equal(Number(bytes) > 0 && Number(bytes) <= size, true);
  const mounts = await readFile('/proc/mounts', 'utf8');
  if (isolation) match(mounts, new RegExp(` ${join(pool, volume)} ext4 rw,nosuid,nodev,`));
  await driver.destroy(volume, signal);
}

async function isServed({ driver, pool, folder }: DriverUnderTest): Promise<void> {
  const images = join(folder, 'images');
  for (const each of ['one', 'two']) await writeImage(images, each);
  const paths = pathsBelow(folder, pool);
  const { keeper, boot, images: base } = startRoots({ paths, driver, images, services: NO_SERVICES });
  await boot.apply(BOOT_SET, signal);
  const { serial } = BOARD;
  const view = join(pool, 'boot/tftp/10.46.189.2', serial);
  const exported = join(paths.exportFolder, '10.46.189.2');
  const served = async (): Promise<readonly string[]> => [
    await readFile(join(view, 'version'), 'utf8'),
    await readFile(join(exported, 'version'), 'utf8'),
  ];
  const first = await keeper.prepare(orderOf('one'), signal);
  await keeper.activate(serial, first.generation, signal);
  deepEqual(await served(), ['one', 'one']);
  const second = await keeper.prepare(orderOf('two'), signal);
  deepEqual(await served(), ['one', 'one']);
  await keeper.activate(serial, second.generation, signal);
  deepEqual(await served(), ['two', 'two']);
  match(await readFile(join(view, 'cmdline.txt'), 'utf8'), /nfsroot=10\.46\.189\.1:\/export\/10\.46\.189\.2/);
  equal(await readFile(join(exported, 'etc/hostname'), 'utf8'), 'pi-01\n');
  await keeper.rollBack(serial, second.generation, signal);
  deepEqual(await served(), ['one', 'one']);
  await keeper.remove(serial, false, signal);
  equal(existsSync(join(pool, 'roots', serial)), false);
  deepEqual(await readdir(paths.exportFolder), []);
  for (const each of ['one', 'two']) await base.remove(each, signal);
}
