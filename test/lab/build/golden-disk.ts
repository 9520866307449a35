import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cached, type Say } from './cache.js';
import { exec } from './exec.js';
import type { Kernel } from './kernel.js';

const DISK_MIB = 1_024;
/** Metadata of md 1.0 is at the end of a disk. */
const METADATA_MIB = 8;
const FILL_LIMIT_MS = 240_000;

/**
 * Fills the disk: $1 image, $2 size of the file system, then folders to copy: $3 the root, $4 what is added to it. Metadata
 * are DUP, which mkfs gives room of their own: with none, a file system that was full once could not even delete.
 */
const FILL = `set -e
mkfs.btrfs -q -m dup "$1" --byte-count "$2"
mkdir mount
mount -o "loop,sizelimit=$2,noatime" "$1" mount
btrfs -q subvolume create mount/base
cp -a "$3/." "$4/." mount/base
mkdir mount/tftp
umount mount
rmdir mount
`;

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
  const inputs = [spec.piRoot, readFileSync(spec.piInit, 'utf8'), spec.kernel.release, ...spec.modules, FILL];
  const dir = await cached({ name: 'golden-disk', inputs, make: (to) => build(spec, to) }, say);
  return path.join(dir, 'disk.img');
}

async function build({ piRoot, piInit, kernel, modules }: GoldenDiskSpec, to: string): Promise<void> {
  const image = path.join(to, 'disk.img');
  const added = path.join(to, 'added');
  mkdirSync(added);
  copyFileSync(piInit, path.join(added, 'pi-init'));
  await exec('chmod', ['755', path.join(added, 'pi-init')]);
  await copyModules(kernel, modules, added);
  await exec('truncate', ['-s', `${DISK_MIB}M`, image]);
  const size = String((DISK_MIB - METADATA_MIB) * 2 ** 20);
  await inOwnMounts(['sh', '-c', FILL, 'fill', image, size, piRoot, added], to);
  rmSync(added, { recursive: true });
}

/**
 * Runs a program in mounts and processes of its own, which end with it, and it with this process: a crash leaves neither a
 * mount nor a loop device, because one that mount(8) made is given back with its last user.
 */
async function inOwnMounts(argv: readonly string[], cwd: string): Promise<void> {
  const own = ['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  await exec('setpriv', ['--pdeathsig', 'KILL', ...own, ...argv], { cwd, limitMs: FILL_LIMIT_MS });
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
