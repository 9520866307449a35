import * as z from '../../agent/kit/form.js';
import type { MdArray } from '../collectors/md-array.js';

/** What of one array was told last. Progress is left out: only what is told when it changes. */
const SEEN_ARRAY = z.object({
  uuid: z.string(),
  /** running, read-only, suspended, inactive, broken, or a word of a newer kernel. */
  state: z.string(),
  level: z.string(),
  membersCount: z.number(),
  missingCount: z.number(),
  /** idle also for levels that never sync. */
  sync: z.string(),
  /** As of the last time that nothing ran. */
  mismatchesCount: z.number(),
  /** State by block device. */
  members: z.record(z.string(), z.string()),
});
export type SeenArray = Readonly<z.infer<typeof SEEN_ARRAY>>;

/** By the name of the array. */
export type RaidSeen = Readonly<Record<string, SeenArray>>;

const SEEN = z.record(z.string(), SEEN_ARRAY);

/** Changes of array_state that come and go with every write: all of them run. */
const RUNNING: readonly string[] = ['clean', 'active', 'write-pending', 'active-idle', 'read-auto'];
const RESTING: readonly string[] = ['idle', 'frozen'];

/**
 * What the kernel shows now, as it will be compared. Where it does not say (a file that could not be read at this moment), what
 * was seen before stands: a silence is no change. mdadm freezes the sync for a moment while it adds or takes out a member, so
 * only what was frozen at the look before is said to be. Source: mdadm(8), sync_action in Documentation/admin-guide/md.rst.
 * @param frozenBefore `frozenNow` of the look before
 */
export function seeRaid(
  arrays: readonly MdArray[],
  before: RaidSeen,
  frozenBefore: ReadonlySet<string> = new Set(),
): RaidSeen {
  return Object.fromEntries(
    arrays.map((array) => [array.name, seeArray(array, before[array.name], frozenBefore.has(array.name))]),
  );
}

/** Arrays whose sync is frozen at this moment. */
export function frozenNow(arrays: readonly MdArray[]): ReadonlySet<string> {
  return new Set(arrays.filter(({ sync }) => sync?.action === 'frozen').map(({ name }) => name));
}

function seeArray(array: MdArray, before: SeenArray | undefined, wasFrozen: boolean): SeenArray {
  const { state, sync } = array;
  const isPassing = sync?.action === 'frozen' && !wasFrozen;
  const action = (isPassing ? undefined : sync?.action) ?? before?.sync ?? 'idle';
  const known = before?.mismatchesCount ?? 0;
  return {
    uuid: array.uuid ?? before?.uuid ?? '',
    state: state === undefined ? (before?.state ?? 'unknown') : wordOf(state),
    level: array.level ?? before?.level ?? '',
    membersCount: array.membersCount ?? before?.membersCount ?? 0,
    missingCount: array.missingCount ?? before?.missingCount ?? 0,
    sync: action,
    // It counts up while a check runs: only the end of it is worth telling.
    mismatchesCount: RESTING.includes(action) ? (array.mismatchesCount ?? known) : known,
    members: Object.fromEntries(array.members.map((member) => [member.name, member.state])),
  };
}

function wordOf(state: string): string {
  if (RUNNING.includes(state)) return 'running';
  return state === 'readonly' ? 'read-only' : state.slice(0, 32);
}

export function isSeen(value: unknown): value is RaidSeen {
  return SEEN.safeParse(value).success;
}
