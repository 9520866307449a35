import { readCount, readLine } from '../../agent/kit/collectors/kernel-line.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';
import type { RaidMemberState } from '../../proto/contract/raid-states.js';

/** An md array as the kernel shows it. `undefined` = it does not say. */
export interface MdArray {
  /** As in /dev: "md0". */
  readonly name: string;
  /** "raid1", "linear", ...; inactive arrays may have none. */
  readonly level: string | undefined;
  /** Word of array_state; `undefined` when it cannot be read. */
  readonly state: string | undefined;
  readonly membersCount: number | undefined;
  /** Members that are missing, failed or not rebuilt; `undefined` for levels without redundancy. */
  readonly missingCount: number | undefined;
  /** `undefined` for levels that never sync. */
  readonly sync: MdSync | undefined;
  readonly mismatchesCount: number | undefined;
  readonly hasBitmap: boolean | undefined;
  readonly sizeBytes: number | undefined;
  readonly uuid: string | undefined;
  readonly metadata: string | undefined;
  /** In the order of their names. */
  readonly members: readonly MdMember[];
}

export interface MdSync {
  /** Word of sync_action: idle, frozen, resync, recover, check, repair, reshape. */
  readonly action: string;
  /** `undefined` while nothing runs, or what runs waits for its turn. */
  readonly done: { readonly sectors: number; readonly ofSectors: number } | undefined;
  readonly speedKibPerS: number | undefined;
}

export interface MdMember {
  /** Of the block device: "sda3". */
  readonly name: string;
  readonly state: RaidMemberState;
  /** Place in the array; `undefined` for spares and failed members. */
  readonly slot: number | undefined;
  readonly readErrorsCount: number | undefined;
}

const BLOCK = '/sys/block';
/** Names of md devices: numbered, or with a name of their own. Source: mdadm(8), device names. */
const MD_NAME = /^md[A-Za-z0-9_.-]{1,27}$/;
/** Names of block devices as sysfs has them; nothing else may be told on or named to a program. */
const DEVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.!-]{0,31}$/;
const ARRAYS_MAX = 32;
const MEMBERS_MAX = 64;
const SECTOR_BYTES = 512;

export function isMdName(name: string): boolean {
  return MD_NAME.test(name);
}

/**
 * Every md array, in the order of their names; none is an empty list. Containers of external metadata are left out: what is made
 * of them is listed. Source: Linux Documentation/admin-guide/md.rst, drivers/md/md.c.
 */
export function readMdArrays(kernel: KernelFiles): readonly MdArray[] {
  return (kernel.list(BLOCK) ?? [])
    .filter((name) => isMdName(name) && kernel.list(`${BLOCK}/${name}/md`) !== undefined)
    .slice(0, ARRAYS_MAX)
    .map((name) => readMdArray(kernel, name))
    .filter((array) => !isContainer(array) && array.state !== 'clear');
}

function readMdArray(kernel: KernelFiles, name: string): MdArray {
  const line = (file: string): string | undefined => readLine(kernel, `${BLOCK}/${name}/md/${file}`);
  const count = (file: string): number | undefined => readCount(kernel, `${BLOCK}/${name}/md/${file}`);
  const sizeSectors = readCount(kernel, `${BLOCK}/${name}/size`);
  return {
    name,
    level: line('level') || undefined,
    state: line('array_state'),
    membersCount: count('raid_disks'),
    missingCount: count('degraded'),
    sync: readSync(line),
    mismatchesCount: count('mismatch_cnt'),
    hasBitmap: hasBitmap(line),
    sizeBytes: sizeSectors === undefined ? undefined : sizeSectors * SECTOR_BYTES,
    uuid: line('uuid') || undefined,
    metadata: line('metadata_version'),
    members: readMembers(kernel, `${BLOCK}/${name}/md`),
  };
}

type ReadLine = (file: string) => string | undefined;

function readSync(line: ReadLine): MdSync | undefined {
  const action = line('sync_action');
  if (action === undefined) return undefined;
  const [, sectors, ofSectors] = /^(\d{1,15}) \/ (\d{1,15})$/.exec(line('sync_completed') ?? '') ?? [];
  const speed = line('sync_speed') ?? '';
  return {
    action,
    done: sectors === undefined ? undefined : { sectors: Number(sectors), ofSectors: Number(ofSectors) },
    speedKibPerS: /^\d{1,12}$/.test(speed) ? Number(speed) : undefined,
  };
}

/** Older kernels have no consistency_policy; every kernel has the place of the bitmap. */
function hasBitmap(line: ReadLine): boolean | undefined {
  const place = line('bitmap/location');
  if (place !== undefined) return place !== 'none';
  const policy = line('consistency_policy');
  return policy === undefined ? undefined : policy === 'bitmap';
}

function readMembers(kernel: KernelFiles, directory: string): readonly MdMember[] {
  const names = (kernel.list(directory) ?? []).filter((name) => name.startsWith('dev-')).slice(0, MEMBERS_MAX);
  const members: MdMember[] = [];
  for (const folder of names) {
    const name = folder.slice('dev-'.length);
    const flags = readLine(kernel, `${directory}/${folder}/state`)?.split(',');
    if (!DEVICE_NAME.test(name) || flags === undefined) continue; // it left between two looks
    const slot = readCount(kernel, `${directory}/${folder}/slot`);
    const readErrorsCount = readCount(kernel, `${directory}/${folder}/errors`);
    members.push({ name, slot, readErrorsCount, state: memberState(flags, slot) });
  }
  return members;
}

/** What has a place and is not in sync is being rebuilt: the kernel calls it a spare. Source: drivers/md/md.c, state_show(). */
function memberState(flags: readonly string[], slot: number | undefined): RaidMemberState {
  if (flags.includes('faulty')) return 'faulty';
  if (flags.includes('journal')) return 'journal';
  if (flags.includes('replacement')) return 'replacement';
  if (flags.includes('in_sync')) return 'in-sync';
  return slot === undefined ? 'spare' : 'rebuilding';
}

/** External metadata has arrays ("external:/md127/0") in containers ("external:imsm"), which are inactive all their life. */
function isContainer({ metadata }: MdArray): boolean {
  return metadata?.startsWith('external:') === true && !metadata.startsWith('external:/');
}
