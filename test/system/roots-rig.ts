import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makePoolFiles } from '../../agent/kit/host/node/roots/pool-files.js';
import { makeNodeUniqueness } from '../../agent/kit/host/node/roots/uniqueness.js';
import type { BootServices } from '../../agent/kit/roots/boot-applier.js';
import type { BootPaths } from '../../agent/kit/roots/boot-paths.js';
import { chooseDriver } from '../../agent/kit/roots/choose-driver.js';
import type { Ext4VolumeOptions } from '../../agent/kit/roots/drivers/ext4-volumes.js';
import { type FileserverRoots, makeFileserverRoots } from '../../agent/kit/roots/fileserver-roots.js';
import type { DriverName, ImageSource, RootDriver } from '../../agent/kit/roots/ports.js';

const run = promisify(execFile);
const { signal } = new AbortController();
const MOUNT_TIMEOUT_MS = 50_000;

/** Everything of a fileserver below one folder. */
export function pathsBelow(folder: string, pool: string): BootPaths {
  return {
    pool,
    set: `${pool}/boot/set.json`,
    exports: join(folder, 'exports.d/bramble.exports'),
    exportFolder: join(folder, 'export'),
    interfaces: join(folder, 'interfaces.d/bramble'),
    time: join(folder, 'chrony/bramble.conf'),
    log: join(folder, 'dnsmasq.log'),
    leases: join(folder, 'leases'),
    pid: join(folder, 'dnsmasq.pid'),
    told: join(folder, 'told'),
  };
}

/** @param thin volume group and thin pool, for `lvm-thin`; its volumes are mounted by this process. */
export function nodeDriver(
  wanted: DriverName,
  pool: string,
  thin?: { readonly group: string; readonly thinPool: string },
): Promise<RootDriver> {
  const exec = makeNodeExec();
  const mount: Ext4VolumeOptions['mount'] = async (argv, until) => {
    const { status, stderr } = await exec.run(argv, { signal: until, timeoutMs: MOUNT_TIMEOUT_MS });
    return { ok: status === 0, text: stderr };
  };
  return chooseDriver({ wanted, pool, exec, files: makePoolFiles(), thin, mount }, signal);
}

/** Images as folders: what is below `NAME/root` and `NAME/boot`, links and all. */
export function folderSource(images: string): ImageSource {
  return {
    has: () => Promise.resolve(true),
    materialise: async (image, target) => {
      await run('cp', ['--archive', '--', `${join(images, image)}/.`, target]);
    },
  };
}

export async function writeImage(images: string, name: string, version = name): Promise<void> {
  for (const folder of ['root/etc/ssh', 'root/root', 'root/var/lib', 'root/bin', 'boot']) {
    await mkdir(join(images, name, folder), { recursive: true });
  }
  const files = {
    'root/version': version,
    'boot/version': version,
    'root/bin/sh': 'sh',
    'root/etc/hostname': 'image\n',
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(images, name, path), text);
  for (const file of ['bootcode.bin', 'start4.elf', 'kernel8.img', 'config.txt', 'cmdline.txt']) {
    await writeFile(join(images, name, 'boot', file), `${file} of ${version}\n`.repeat(300));
  }
  await writeFile(join(images, name, 'root/etc/ssh/ssh_host_rsa_key'), 'the same on every board');
}

export interface RealRoots {
  readonly paths: BootPaths;
  readonly driver: RootDriver;
  readonly images: string;
  readonly services: BootServices;
}

export function startRoots({ paths, driver, images, services }: RealRoots): FileserverRoots {
  return makeFileserverRoots({
    paths,
    driver,
    services,
    files: makePoolFiles(),
    source: folderSource(images),
    unique: makeNodeUniqueness(),
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    limit: { perHour: Infinity, now: () => ({ bootId: '', ms: 0 }) },
  });
}

/** Daemons that are told, and of which none is there. */
export const NO_SERVICES: BootServices = {
  checkDnsmasq: () => Promise.resolve(undefined),
  reloadDnsmasq: () => Promise.resolve(),
  restartDnsmasq: () => Promise.resolve(),
  reExport: () => Promise.resolve(),
  reloadInterfaces: () => Promise.resolve(),
  reloadTime: () => Promise.resolve(),
  probeMount: () => Promise.resolve(undefined),
};
