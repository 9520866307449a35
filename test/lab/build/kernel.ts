import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cached, type Say } from './cache.js';
import { type Architecture, debianSuite, PackageSource, versionKnown } from './debian.js';
import { exec } from './exec.js';
import { unpackKernel } from './kernel-image.js';

/** A kernel of Debian with all of its modules, and a busybox for the same processor. */
export interface Kernel {
  readonly architecture: Architecture;
  readonly release: string;
  readonly image: string;
  /** Holds lib/modules/RELEASE. */
  readonly root: string;
  readonly busybox: string;
}

export async function kernel(architecture: Architecture, say: Say): Promise<Kernel> {
  // One source package makes the kernels of all architectures, and this machine knows the version of its own.
  const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const inputs = ['unpacked', debianSuite(), architecture, await versionKnown(`linux-image-${own}`)];
  const dir = await cached({ name: `kernel-${architecture}`, inputs, make: (to) => build(architecture, to) }, say);
  const root = path.join(dir, 'root');
  const release = readdirSync(path.join(root, 'lib/modules'))[0];
  if (release === undefined) throw new Error(`${root} holds no modules`);
  return { architecture, release, image: path.join(dir, 'kernel'), root, busybox: path.join(dir, 'busybox') };
}

async function build(architecture: Architecture, to: string): Promise<void> {
  const root = path.join(to, 'root');
  const work = path.join(to, 'work');
  mkdirSync(root, { recursive: true });
  const source = await PackageSource.open(architecture, path.join(work, 'apt'));
  const image = await source.dependencyOf(`linux-image-${architecture}`);
  await source.unpack([image, 'busybox-static'], root, path.join(work, 'debs'));
  // A system without a split /usr keeps its programs in either place.
  const busybox = ['bin/busybox', 'usr/bin/busybox'].map((each) => path.join(root, each)).find(existsSync);
  if (busybox === undefined) throw new Error('the package busybox-static holds no busybox');
  copyFileSync(busybox, path.join(to, 'busybox'));
  if (!existsSync(path.join(root, 'lib/modules'))) {
    mkdirSync(path.join(root, 'lib'), { recursive: true });
    renameSync(path.join(root, 'usr/lib/modules'), path.join(root, 'lib/modules'));
  }
  const release = readdirSync(path.join(root, 'lib/modules'))[0] ?? '';
  await exec('depmod', ['-b', root, release], { limitMs: 120_000 });
  await unpackKernel(path.join(root, 'boot', `vmlinuz-${release}`), path.join(to, 'kernel'));
  rmSync(work, { recursive: true, force: true });
}
