import type { RootDriver } from '../ports.js';
import { type BlockStore, type Ext4VolumeOptions, makeExt4Driver } from './ext4-volumes.js';
import { type Argv, runProgram, tryProgram } from './programs.js';

/** Volume group, and thin pool in it. */
export interface ThinPool {
  readonly group: string;
  readonly thinPool: string;
}

/** Volumes are thin logical volumes, roots are snapshots. Source: lvmthin(7), lvcreate(8). */
export function makeLvmThinDriver(options: Ext4VolumeOptions, { group, thinPool }: ThinPool): RootDriver {
  const { exec } = options;
  const run = (argv: Argv, signal: AbortSignal): Promise<string> => runProgram(exec, argv, signal);
  const blocks: BlockStore = {
    probe: async (signal) => {
      const words: Argv = ['lvs', '--noheadings', '--options=segtype', `${group}/${thinPool}`];
      const { ok, text } = await tryProgram(exec, words, signal);
      return ok && text.trim() === 'thin-pool' ? undefined : `there is no thin pool ${group}/${thinPool}: ${text}`;
    },
    pathOf: (name) => `/dev/${group}/${name}`,
    mountOptions: [],
    has: async (name, signal) => {
      const words: Argv = ['lvs', '--noheadings', '--options=lv_name', `${group}/${name}`];
      return (await tryProgram(exec, words, signal)).ok;
    },
    make: async (name, sizeBytes, signal) => {
      const size = `--virtualsize=${sizeBytes}b`;
      await run(['lvcreate', '--yes', '--quiet', '--thin', size, `--name=${name}`, `${group}/${thinPool}`], signal);
    },
    clone: async (from, to, signal) => {
      const words = ['--quiet', '--snapshot', '--setactivationskip=n', `--name=${to}`, `${group}/${from}`];
      await run(['lvcreate', ...words], signal);
    },
    remove: async (name, signal) => {
      await run(['lvremove', '--yes', '--quiet', `${group}/${name}`], signal);
    },
  };
  return makeExt4Driver('lvm-thin', options, blocks);
}
