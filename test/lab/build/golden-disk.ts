import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cached, type Say } from './cache.js';
import { exec } from './exec.js';
import type { Kernel } from './kernel.js';

const DISK_MIB = 1_024;
/** Metadata of md 1.0 is at the end of a disk. */
const METADATA_MIB = 8;

export interface GoldenDiskSpec {
  /** Folder with the root that every Pi gets a snapshot of. */
  readonly piRoot: string;
  /** Runs as the first process of a Pi. */
  readonly piInit: string;
  /** Modules of the Pi's kernel are in the root too: a Pi loads more than its first stage did. */
  readonly kernel: Kernel;
  readonly modules: readonly string[];
}

/**
 * One disk of the fileserver, filled. The array's metadata go to the end (1.0), so a filesystem made here on one disk is
 * the array's as soon as a guest makes the array over two copies of it: filling it inside of a guest takes 20 times longer.
 */
export async function goldenDisk(spec: GoldenDiskSpec, say: Say): Promise<string> {
  const inputs = [spec.piRoot, readFileSync(spec.piInit, 'utf8'), spec.kernel.release, ...spec.modules, `${DISK_MIB}`];
  const dir = await cached({ name: 'golden-disk', inputs, make: (to) => build(spec, to) }, say);
  return path.join(dir, 'disk.img');
}

async function build({ piRoot, piInit, kernel, modules }: GoldenDiskSpec, to: string): Promise<void> {
  const image = path.join(to, 'disk.img');
  await exec('truncate', ['-s', `${DISK_MIB}M`, image]);
  const size = String((DISK_MIB - METADATA_MIB) * 2 ** 20);
  const loop = (await exec('losetup', ['--find', '--show', '--sizelimit', size, image])).trim();
  const mountPoint = mkdtempSync(path.join(tmpdir(), 'bramble-lab-disk-'));
  try {
    await exec('mkfs.btrfs', ['-q', '-m', 'single', loop]);
    await exec('mount', ['-o', 'noatime', loop, mountPoint]);
    try {
      const base = path.join(mountPoint, 'base');
      await exec('btrfs', ['-q', 'subvolume', 'create', base]);
      await exec('cp', ['-a', `${piRoot}/.`, base], { limitMs: 240_000 });
      copyFileSync(piInit, path.join(base, 'pi-init'));
      await exec('chmod', ['755', path.join(base, 'pi-init')]);
      await copyModules(kernel, modules, base);
      mkdirSync(path.join(mountPoint, 'tftp'));
    } finally {
      await exec('umount', [mountPoint]);
    }
  } finally {
    await exec('losetup', ['--detach', loop]);
    rmSync(mountPoint, { recursive: true, force: true });
  }
}

async function copyModules({ root, release }: Kernel, modules: readonly string[], base: string): Promise<void> {
  const folder = path.join('lib/modules', release);
  for (const module of modules) {
    const shown = await exec('modprobe', ['-d', root, '-S', release, '--show-depends', module]);
    for (const [, file = ''] of shown.matchAll(/^insmod (\S+)/gm)) {
      const inside = path.join(base, folder, path.relative(path.join(root, folder), file));
      mkdirSync(path.dirname(inside), { recursive: true });
      copyFileSync(file, inside);
    }
  }
  await exec('depmod', ['-b', base, release]);
}
