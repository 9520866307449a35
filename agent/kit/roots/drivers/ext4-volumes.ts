import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Exec } from '../../host/ports.js';
import type { DriverName, PoolFiles, RootDriver, VolumeId } from '../ports.js';
import { type Argv, runProgram, syncFilesystem, tryProgram } from './programs.js';

export interface Ext4VolumeOptions {
  readonly exec: Exec;
  readonly files: PoolFiles;
  /** Absolute path. */
  readonly pool: string;
  /** Mounts for the whole system, also from within a sandbox; `argv` as mount(8) and umount(8) take it. */
  readonly mount: (argv: Argv, signal: AbortSignal) => Promise<{ readonly ok: boolean; readonly text: string }>;
}

/** Where the blocks of volumes are, by a name of their own. */
export interface BlockStore {
  probe(signal: AbortSignal): Promise<string | undefined>;
  /** What mkfs and mount are given: a device, or a file. */
  pathOf(name: string): string;
  /** Of mount(8), beside those of every volume. */
  readonly mountOptions: readonly string[];
  has(name: string, signal: AbortSignal): Promise<boolean>;
  make(name: string, sizeBytes: number, signal: AbortSignal): Promise<void>;
  /** Shares all blocks; nothing is being written to `from`. */
  clone(from: string, to: string, signal: AbortSignal): Promise<void>;
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** What a root may grow to when nobody says otherwise: virtual, it takes what is written. */
const DEFAULT_SIZE_BYTES = 10 * 2 ** 30;
/**
 * Nothing on a board's filesystem is a device or runs with other rights on the fileserver. What is new of a thin volume reads as
 * zeros: written out by the kernel they would only take space. Sources: mount(8), ext4(5).
 */
const MOUNT_OPTIONS = ['nosuid', 'nodev', 'noatime', 'noinit_itable'];
/** For the same reason. Source: mke2fs(8). */
const MAKE_OPTIONS = 'nodiscard,lazy_itable_init=1,lazy_journal_init=1';

/** Volumes are an ext4 each, mounted at their place: a root is a filesystem of its own, and no larger than it may be. */
export function makeExt4Driver(
  name: DriverName,
  { exec, files, pool, mount }: Ext4VolumeOptions,
  blocks: BlockStore,
): RootDriver {
  const at = (volume: VolumeId): string => `${pool}/${volume}`;
  const isMounted = async (volume: VolumeId, signal: AbortSignal): Promise<boolean> =>
    (await tryProgram(exec, ['mountpoint', '--quiet', at(volume)], signal)).ok;
  const attach = async (volume: VolumeId, signal: AbortSignal): Promise<void> => {
    await files.makeFolder(at(volume));
    if (await isMounted(volume, signal)) return;
    const options = [...MOUNT_OPTIONS, ...blocks.mountOptions].join(',');
    const { ok, text } = await mount(['mount', '-o', options, blocks.pathOf(nameOf(volume)), at(volume)], signal);
    if (!ok) throw new BrambleError('failed-precondition', `mount of ${volume}: ${text}`);
  };
  return {
    name,
    capabilities: { isolation: true, quota: true, shared: true },
    isMounted: true,
    probe: (signal) => blocks.probe(signal),
    make: async (volume, sizeBytes, signal) => {
      await blocks.make(nameOf(volume), sizeBytes ?? DEFAULT_SIZE_BYTES, signal);
      await runProgram(exec, ['mkfs.ext4', '-q', '-m', '0', '-E', MAKE_OPTIONS, blocks.pathOf(nameOf(volume))], signal);
      await attach(volume, signal);
    },
    clone: async (from, to, signal) => {
      await syncFilesystem(exec, at(from), signal);
      await blocks.clone(nameOf(from), nameOf(to), signal);
      await attach(to, signal);
    },
    attach: async (volume, signal) => {
      if (await blocks.has(nameOf(volume), signal)) await attach(volume, signal);
    },
    destroy: async (volume, signal) => {
      if (await isMounted(volume, signal)) {
        const { ok, text } = await mount(['umount', at(volume)], signal);
        if (!ok) throw new BrambleError('failed-precondition', `umount of ${volume}: ${text}`);
      }
      if (await blocks.has(nameOf(volume), signal)) await blocks.remove(nameOf(volume), signal);
      await files.remove(at(volume)); // what is left is the empty folder that it was mounted on
    },
    sync: (volume, signal) => syncFilesystem(exec, at(volume), signal),
  };
}

/** Letters, digits, dot, dash and plus, as LVM takes them. Source: lvm(8), VALID NAMES. */
function nameOf(volume: VolumeId): string {
  return `bramble.${volume.replaceAll('/', '+')}`;
}
