import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Exec } from '../../host/ports.js';
import type { PoolFiles, RootDriver, VolumeId } from '../ports.js';
import { syncFilesystem } from './copying.js';
import { type Argv, runProgram, tryProgram } from './programs.js';

export interface LvmThinOptions {
  readonly exec: Exec;
  readonly files: PoolFiles;
  readonly pool: string;
  /** Volume group and thin pool in it. */
  readonly group: string;
  readonly thinPool: string;
  /** Mounts for the whole system, also from within a sandbox; `argv` as mount(8) and umount(8) take it. */
  readonly mount: (argv: Argv, signal: AbortSignal) => Promise<{ readonly ok: boolean; readonly text: string }>;
}

/** What a root may grow to when nobody says otherwise: virtual, it takes what is written. */
const DEFAULT_SIZE_BYTES = 10 * 2 ** 30;
/**
 * Nothing on a board's filesystem is a device or runs with other rights on the fileserver. What is new of a thin volume reads as
 * zeros: written out by the kernel they would only take space. Sources: mount(8), ext4(5).
 */
const MOUNT_OPTIONS = 'nosuid,nodev,noatime,noinit_itable';
/** For the same reason. Source: mke2fs(8). */
const MAKE_OPTIONS = 'nodiscard,lazy_itable_init=1,lazy_journal_init=1';

/**
 * Volumes are thin logical volumes with an ext4 each, mounted at their place: a root is a filesystem of its own, and no
 * larger than it may be. Source: lvmthin(7), lvcreate(8).
 */
export function makeLvmThinDriver({ exec, files, pool, group, thinPool, mount }: LvmThinOptions): RootDriver {
  const at = (volume: VolumeId): string => `${pool}/${volume}`;
  const full = (volume: VolumeId): string => `${group}/${logicalName(volume)}`;
  const device = (volume: VolumeId): string => `/dev/${full(volume)}`;
  const run = (argv: Argv, signal: AbortSignal): Promise<string> => runProgram(exec, argv, signal);
  const exists = async (volume: VolumeId, signal: AbortSignal): Promise<boolean> =>
    (await tryProgram(exec, ['lvs', '--noheadings', '--options=lv_name', full(volume)], signal)).ok;
  const attach = async (volume: VolumeId, signal: AbortSignal): Promise<void> => {
    await files.makeFolder(at(volume));
    if ((await tryProgram(exec, ['mountpoint', '--quiet', at(volume)], signal)).ok) return;
    const { ok, text } = await mount(['mount', '-o', MOUNT_OPTIONS, device(volume), at(volume)], signal);
    if (!ok) throw new BrambleError('failed-precondition', `mount of ${volume}: ${text}`);
  };
  return {
    name: 'lvm-thin',
    capabilities: { isolation: true, quota: true, shared: true },
    isMounted: true,
    probe: async (signal) => {
      const words: Argv = ['lvs', '--noheadings', '--options=segtype', `${group}/${thinPool}`];
      const { ok, text } = await tryProgram(exec, words, signal);
      return ok && text.trim() === 'thin-pool' ? undefined : `there is no thin pool ${group}/${thinPool}: ${text}`;
    },
    make: async (volume, sizeBytes, signal) => {
      const size = `--virtualsize=${sizeBytes ?? DEFAULT_SIZE_BYTES}b`;
      await run(
        ['lvcreate', '--yes', '--quiet', '--thin', size, `--name=${logicalName(volume)}`, `${group}/${thinPool}`],
        signal,
      );
      await run(['mkfs.ext4', '-q', '-m', '0', '-E', MAKE_OPTIONS, device(volume)], signal);
      await attach(volume, signal);
    },
    clone: async (from, to, signal) => {
      await syncFilesystem(exec, at(from), signal);
      const words = ['--quiet', '--snapshot', '--setactivationskip=n', `--name=${logicalName(to)}`, full(from)];
      await run(['lvcreate', ...words], signal);
      await attach(to, signal);
    },
    attach: async (volume, signal) => {
      if (await exists(volume, signal)) await attach(volume, signal);
    },
    destroy: async (volume, signal) => {
      if ((await tryProgram(exec, ['mountpoint', '--quiet', at(volume)], signal)).ok) {
        const { ok, text } = await mount(['umount', at(volume)], signal);
        if (!ok) throw new BrambleError('failed-precondition', `umount of ${volume}: ${text}`);
      }
      if (await exists(volume, signal)) await run(['lvremove', '--yes', '--quiet', full(volume)], signal);
      await files.remove(at(volume)); // what is left is the empty folder that it was mounted on
    },
    sync: (volume, signal) => syncFilesystem(exec, at(volume), signal),
  };
}

/** Letters, digits, dot and dash; an id has a slash where a name has a plus. Source: lvm(8), VALID NAMES. */
function logicalName(volume: VolumeId): string {
  return `bramble.${volume.replaceAll('/', '+')}`;
}
