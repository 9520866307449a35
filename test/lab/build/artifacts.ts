import path from 'node:path';
import { arm64Node } from '../../setup/node-runtimes.js';
import { acceleration } from '../host/acceleration.js';
import type { Say } from './cache.js';
import { piDeviceTree } from './device-tree.js';
import { goldenDisk } from './golden-disk.js';
import { initramfs } from './initramfs.js';
import { kernel } from './kernel.js';
import { machineImage, piRoot } from './roots.js';

/** Everything that guests start from: files that no guest changes. */
export interface Artifacts {
  readonly machine: {
    readonly kernel: string;
    readonly initramfs: string;
    readonly image: string;
    /** QEMU's word for what runs it. */
    readonly accelerator: string;
  };
  readonly pi: {
    readonly kernel: string;
    readonly initramfs: string;
    readonly deviceTree: string;
    /** Folder with the program `node`. */
    readonly node: string;
  };
  readonly goldenDisk: string;
}

const MACHINE_MODULES = [
  ...['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_console', 'virtio_scsi', 'sd_mod', 'virtio_rng'],
  ...['ext4', 'crc32c_generic', 'crc32c-intel', '9pnet_virtio', '9p'],
] as const;
const PI_BOOT_MODULES = [
  ...['ext4', '9pnet_virtio', '9p'],
  ...['virtio_pci', 'virtio_net', 'virtio_console', 'virtio_rng', 'nfs', 'nfsv3', 'sdhci-pci', 'mmc_block', 'i6300esb'],
] as const;
/** For faults of the card, and what an agent wants to read. */
const PI_MODULES = ['dm-flakey', 'dm-delay', 'dm-mod', 'vfat', 'netconsole', 'nfsv4'] as const;

/** Builds what is not in the cache: minutes the first time, nothing afterwards. */
export async function artifacts(guestsDir: string, say: Say): Promise<Artifacts> {
  const script = (name: string): string => path.join(guestsDir, name);
  const amd64 = await kernel('amd64', say);
  const arm64 = await kernel('arm64', say);
  const control = { 'lab-control': script('control.sh') };
  const image = await machineImage(amd64, say);
  const machine = { name: 'machine', kernel: amd64, init: script('machine-init.sh'), modules: MACHINE_MODULES };
  const pi = {
    name: 'pi',
    kernel: arm64,
    init: script('pi-rom.sh'),
    files: control,
    modules: PI_BOOT_MODULES,
  };
  const piInit = script('pi-init.sh');
  const disk = { piRoot: await piRoot(say), piInit, kernel: arm64, modules: [...PI_BOOT_MODULES, ...PI_MODULES] };
  return {
    machine: {
      kernel: amd64.image,
      initramfs: await initramfs(machine, say),
      image,
      accelerator: await acceleration(amd64, script('probe.sh'), say),
    },
    pi: {
      kernel: arm64.image,
      initramfs: await initramfs(pi, say),
      deviceTree: await piDeviceTree(say),
      node: path.dirname(await arm64Node()),
    },
    goldenDisk: await goldenDisk(disk, say),
  };
}
