import { RAID_ARRAY_STATES, RAID_MEMBER_STATES, RAID_SYNC_STATES } from '../raid-states.js';
import { renderDuration } from '../words.js';
import { FactIndex, type ReportedFact } from './fact-index.js';

/** A RAID array of a fileserver, in words. */
export interface RaidArrayView {
  readonly array: string;
  readonly level: string;
  /** Word of the kernel. */
  readonly state: string;
  readonly sizeBytes: number | undefined;
  readonly membersCount: number | undefined;
  readonly missingCount: number | undefined;
  /** "idle", or what runs with how far it is. */
  readonly sync: string;
  readonly mismatchesCount: number | undefined;
  /** Why its fileserver refuses to reboot; empty while it does not. */
  readonly interlock: string;
  readonly members: readonly { readonly name: string; readonly state: string; readonly readErrorsCount: number }[];
}

/** The arrays that the facts of a node tell of, in the order of their names. */
export function raidArrays(views: readonly ReportedFact[]): readonly RaidArrayView[] {
  const facts = new FactIndex(views);
  return facts.instances('raid_spares_count').map((array) => ({
    array,
    level: facts.text('raid_level_text', array) || 'unknown',
    state: wordOf(RAID_ARRAY_STATES, facts.number('raid_array_state', array)),
    sizeBytes: facts.number('raid_size_bytes', array),
    membersCount: facts.number('raid_members_count', array),
    missingCount: facts.number('raid_missing_count', array),
    sync: syncText(array, facts),
    mismatchesCount: facts.number('raid_mismatches_count', array),
    interlock: facts.text('raid_interlock_text', array),
    members: facts
      .instances('raid_member_state')
      .filter((instance) => instance.startsWith(`${array}/`))
      .map((instance) => ({
        name: instance.slice(array.length + 1),
        state: wordOf(RAID_MEMBER_STATES, facts.number('raid_member_state', instance)),
        readErrorsCount: facts.number('raid_member_read_errors_count', instance) ?? 0,
      })),
  }));
}

/** "1 of 2"; empty where the kernel does not tell. */
export function membersText({ membersCount, missingCount }: RaidArrayView): string {
  if (membersCount === undefined) return '';
  return missingCount === undefined ? String(membersCount) : `${membersCount - missingCount} of ${membersCount}`;
}

/** "recover 12.5 %, 1 h 30 min left". */
function syncText(array: string, facts: FactIndex): string {
  const state = facts.number('raid_sync_state', array);
  if (state === undefined) return 'never';
  const permille = facts.number('raid_sync_permille', array);
  const leftS = facts.number('raid_sync_remaining_s', array);
  const done = permille === undefined ? '' : ` ${(permille / 10).toFixed(1)} %`;
  return `${wordOf(RAID_SYNC_STATES, state)}${done}${leftS === undefined ? '' : `, ${renderDuration(leftS * 1_000)} left`}`;
}

function wordOf(codes: Readonly<Record<string, number>>, code: number | undefined): string {
  return Object.entries(codes).find(([, each]) => each === code)?.[0] ?? 'unknown';
}
