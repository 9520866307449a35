/** What happens to the simulated array: pure steps from state to state. Source: Linux Documentation/admin-guide/md.rst. */

import type { RaidOrder } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import {
  ARRAY,
  COMPONENT_KIB,
  type Disk,
  MEMBERS_WANTED,
  type Member,
  missingCount,
  type StorageState,
} from './storage-state.js';

/** Two disks behind one lane of PCIe: a copy reads one and writes the other, a check reads both. KiB/s. */
const SPEED_KIB_PER_S = { recover: 182_000, check: 205_000 } as const;
/** What the network reads and writes beside that, KiB/s. */
const READ_KIB_PER_S = 640;
const WRITE_KIB_PER_S = 210;

/** How fast what runs goes at this moment; 0 = nothing runs. */
export function syncSpeedKibPerS({ action }: StorageState, atMs: number): number {
  if (action === 'idle') return 0;
  return Math.round(SPEED_KIB_PER_S[action] * (1 + 0.05 * Math.sin(atMs / 17_000)));
}

/** The storage at `nowMs`, which is later. */
export function advanceStorage(before: StorageState, nowMs: number): StorageState {
  const dtS = Math.max(0, nowMs - before.atMs) / 1_000;
  const syncedKib = Math.min(COMPONENT_KIB - before.doneKib, syncSpeedKibPerS(before, nowMs) * dtS);
  const disks = before.disks.map((disk) => workOf(disk, before, syncedKib, dtS));
  const doneKib = before.action === 'idle' ? 0 : before.doneKib + syncedKib;
  const now: StorageState = { ...before, atMs: nowMs, disks, doneKib };
  return before.action !== 'idle' && doneKib >= COMPONENT_KIB ? finished(now) : now;
}

function workOf(disk: Disk, { action, members }: StorageState, syncedKib: number, dtS: number): Disk {
  const own = members.find((each) => each.disk === disk.name);
  if (own === undefined || own.state === 'faulty' || own.state === 'spare') return disk;
  const isCopied = own.state !== 'in-sync';
  return {
    ...disk,
    readKib: disk.readKib + (isCopied ? 0 : syncedKib + (READ_KIB_PER_S * dtS) / MEMBERS_WANTED),
    writtenKib: disk.writtenKib + WRITE_KIB_PER_S * dtS + (action === 'recover' && isCopied ? syncedKib : 0),
  };
}

/** A copy that is done takes the place of its original, which is failed by that. */
function finished(state: StorageState): StorageState {
  const copy = state.members.find((each) => each.state === 'replacement');
  const members = state.members.map((each): Member => {
    if (each.state === 'rebuilding' || each.state === 'replacement') return { ...each, state: 'in-sync' };
    return copy !== undefined && each.slot === copy.slot ? failed(each) : each;
  });
  return changed(state, { members, action: 'idle', doneKib: 0 });
}

const failed = ({ disk, readErrorsCount }: Member): Member => ({ disk, readErrorsCount, state: 'faulty' });

function changed(state: StorageState, change: Partial<StorageState>): StorageState {
  return { ...state, ...change, eventsCount: state.eventsCount + 3 };
}

/** A member cannot be read any more, and the kernel does without it. */
export function failMember(state: StorageState, name: string): StorageState {
  const disks = state.disks.map((disk) =>
    disk.name === name ? { ...disk, pendingCount: disk.pendingCount + 16, reallocatedCount: 41 } : disk,
  );
  const members = state.members.map((each) => (each.disk === name ? { ...failed(each), readErrorsCount: 9 } : each));
  return changed(state, { disks, members, action: 'idle', doneKib: 0 });
}

/** Somebody pulls a disk that is in no array out of its bay and puts a new one in. */
export function swapDisk(state: StorageState, name: string, serial: string): StorageState {
  const disks = state.disks.map((disk): Disk => {
    if (disk.name !== name) return disk;
    return { name, serial, madeAtMs: state.atMs, readKib: 0, writtenKib: 0, pendingCount: 0, reallocatedCount: 0 };
  });
  return { ...state, disks };
}

/** A boot: what was copied goes on where it was, a check is forgotten. */
export function rebooted(state: StorageState): StorageState {
  return state.action === 'check' ? { ...state, action: 'idle', doneKib: 0 } : state;
}

/** Does what mdadm is told. @throws BrambleError `failed-precondition` with its words, `not-found` */
export function carryOut(state: StorageState, order: RaidOrder): StorageState {
  if (order.array !== ARRAY)
    throw new BrambleError('not-found', `mdadm: error opening /dev/${order.array}: No such file or directory`);
  switch (order.kind) {
    case 'add':
      return add(state, order.member);
    case 'remove':
      return remove(state, order.member);
    case 'replace':
      return replace(state, order);
    case 'sync':
      return sync(state, order.action);
  }
}

function add(state: StorageState, disk: string): StorageState {
  if (!state.disks.some(({ name }) => name === disk))
    throw refused(`Cannot find /dev/${disk}: No such file or directory`);
  if (state.members.some((each) => each.disk === disk))
    throw refused(`Cannot open /dev/${disk}: Device or resource busy`);
  const taken = state.members.map(({ slot }) => slot);
  const slot = [0, 1].find((each) => !taken.includes(each));
  const spare: Member = { disk, state: 'spare', readErrorsCount: 0 };
  if (slot === undefined) return changed(state, { members: [...state.members, spare] });
  const members: readonly Member[] = [...state.members, { ...spare, slot, state: 'rebuilding' }];
  return changed(state, { members: [...members], action: 'recover', doneKib: 0 });
}

function remove(state: StorageState, disk: string): StorageState {
  const found = state.members.find((each) => each.disk === disk);
  if (found === undefined) throw refused(`hot remove failed for /dev/${disk}: No such device or address`);
  if (found.slot !== undefined) throw refused(`hot remove failed for /dev/${disk}: Device or resource busy`);
  return changed(state, { members: state.members.filter((each) => each !== found) });
}

function replace(state: StorageState, { member: old, by }: Extract<RaidOrder, { kind: 'replace' }>): StorageState {
  const original = state.members.find((each) => each.disk === old && each.state === 'in-sync');
  const copy = state.members.find((each) => each.disk === by && each.state === 'spare');
  if (original?.slot === undefined || copy === undefined || missingCount(state) > 0) {
    throw refused(`Marking /dev/${old} for replacement with /dev/${by} failed: Invalid argument`);
  }
  const { slot } = original;
  const members = state.members.map((each): Member => (each === copy ? { ...each, slot, state: 'replacement' } : each));
  return changed(state, { members, action: 'recover', doneKib: 0 });
}

function sync(state: StorageState, action: 'check' | 'idle'): StorageState {
  if (action === 'check' && state.action !== 'idle')
    throw refused(`Count not set action for ${ARRAY} to check: Device or resource busy`);
  // Only a check ends by that: a copy that is told to be idle begins again at once.
  if (action === 'idle' && state.action === 'recover') return state;
  return changed(state, { action, doneKib: 0 });
}

function refused(words: string): BrambleError {
  return new BrambleError('failed-precondition', `mdadm: ${words}`);
}
