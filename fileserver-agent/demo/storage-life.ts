/** What happens to the disks of the demo by itself: plans, as data and pure functions. */
import { type Random, randomBelow } from '../../proto/contract/random.js';
import { carryOut, failMember, swapDisk } from './storage.js';
import { ARRAY, type Disk, missingCount, type StorageState } from './storage-state.js';

/** Mean time until a whole and idle array is checked, and until one of its members fails, s. */
const CHECK_EVERY_S = 2_400;
const FAILURE_EVERY_S = 3_600;
/** From a failure until somebody has noticed and stands before the shelf, s. */
const REPAIR_S = [240, 420] as const;

/** The next state, `elapsedMs` after the last look; the same one when nothing happens. */
export function liveOn(
  state: StorageState,
  at: { readonly nowMs: number; readonly elapsedMs: number; readonly random: Random; readonly hasTroubles: boolean },
): StorageState {
  const { nowMs, elapsedMs, random, hasTroubles } = at;
  const repaired = repair(state, nowMs, random);
  if (repaired !== state || state.action !== 'idle' || missingCount(state) > 0) return repaired;
  const isNow = (meanS: number): boolean => random.unit() < elapsedMs / 1_000 / meanS;
  if (isNow(CHECK_EVERY_S)) return carryOut(state, { kind: 'sync', array: ARRAY, action: 'check' });
  if (!hasTroubles || !isNow(FAILURE_EVERY_S)) return state;
  const victim = state.members[randomBelow(random, state.members.length)];
  return victim === undefined || victim.state !== 'in-sync' ? state : failMember(state, victim.disk);
}

/** Somebody comes for every member that failed, unless an operator was faster; and puts new disks in empty bays. */
function repair(state: StorageState, nowMs: number, random: Random): StorageState {
  const worn = state.disks.find((disk) => isWorn(disk) && !state.members.some((each) => each.disk === disk.name));
  if (worn !== undefined) return swapDisk(state, worn.name, serialOf(random));
  const failed = state.members.find((each) => each.state === 'faulty');
  if (failed === undefined) return state.repairAtMs === undefined ? state : withoutRepair(state);
  if (state.repairAtMs === undefined) {
    const [soonest, latest] = REPAIR_S;
    return { ...state, repairAtMs: nowMs + 1_000 * (soonest + (latest - soonest) * random.unit()) };
  }
  if (nowMs < state.repairAtMs || state.action !== 'idle') return state;
  const removed = carryOut(state, { kind: 'remove', array: ARRAY, member: failed.disk });
  const spare = removed.disks.find((disk) => isFree(disk, removed));
  if (missingCount(removed) === 0 || spare === undefined) return removed;
  return carryOut(removed, { kind: 'add', array: ARRAY, member: spare.name });
}

const isWorn = ({ pendingCount }: Disk): boolean => pendingCount > 0;

function isFree(disk: Disk, { members }: StorageState): boolean {
  return !isWorn(disk) && !members.some((each) => each.disk === disk.name);
}

function withoutRepair({ repairAtMs: _, ...state }: StorageState): StorageState {
  return state;
}

function serialOf(random: Random): string {
  const tail = Array.from(random.bytes(4), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `50026B77${tail.toUpperCase()}`;
}

/** What the kernel writes into its log about the difference. Sources: Linux drivers/md/md.c, drivers/md/raid1.c. */
export function kernelSays(before: StorageState, after: StorageState): readonly string[] {
  const lines: string[] = [];
  for (const { disk, state } of after.members) {
    if (state !== 'faulty' || before.members.some((each) => each.disk === disk && each.state === 'faulty')) continue;
    lines.push(`I/O error, dev ${disk}, sector 81788928 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2`);
    lines.push(`md/raid1:${ARRAY}: Disk failure on ${disk}, disabling device.`);
    lines.push(`md/raid1:${ARRAY}: Operation continuing on 1 devices.`);
  }
  if (before.action === after.action) return lines;
  const words = { check: 'data-check', recover: 'recovery' } as const;
  if (before.action !== 'idle') lines.push(`md: ${ARRAY}: ${words[before.action]} done.`);
  if (after.action !== 'idle') lines.push(`md: ${words[after.action]} of RAID array ${ARRAY}`);
  return lines;
}
