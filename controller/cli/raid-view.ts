import type { FactView } from '../../proto/contract/api/fleet.js';
import { RAID_ARRAY_STATES, RAID_MEMBER_STATES, RAID_SYNC_STATES } from '../../proto/contract/facts.js';
import { renderBytes, renderCount, renderDuration } from '../../proto/contract/words.js';
import type { Listing } from './output.js';

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
export function raidArrays(facts: readonly FactView[]): readonly RaidArrayView[] {
  const number = (fact: string, instance: string): number | undefined => {
    const value = facts.find((each) => each.fact === fact && each.instance === instance)?.value;
    return typeof value === 'number' ? value : undefined;
  };
  const text = (fact: string, instance: string): string => {
    return String(facts.find((each) => each.fact === fact && each.instance === instance)?.value ?? '');
  };
  const names = facts.filter(({ fact }) => fact === 'raid_spares_count').map(({ instance }) => instance);
  return names.toSorted().map((array) => ({
    array,
    level: text('raid_level_text', array) || 'unknown',
    state: wordOf(RAID_ARRAY_STATES, number('raid_array_state', array)),
    sizeBytes: number('raid_size_bytes', array),
    membersCount: number('raid_members_count', array),
    missingCount: number('raid_missing_count', array),
    sync: syncText(array, number),
    mismatchesCount: number('raid_mismatches_count', array),
    interlock: text('raid_interlock_text', array),
    members: facts
      .filter(({ fact, instance }) => fact === 'raid_member_state' && instance.startsWith(`${array}/`))
      .map(({ instance, value }) => ({
        name: instance.slice(array.length + 1),
        state: wordOf(RAID_MEMBER_STATES, Number(value)),
        readErrorsCount: number('raid_member_read_errors_count', instance) ?? 0,
      })),
  }));
}

/** "recover 12.5 %, 1 h 30 min left". */
function syncText(array: string, number: (fact: string, instance: string) => number | undefined): string {
  const state = number('raid_sync_state', array);
  if (state === undefined) return 'never';
  const permille = number('raid_sync_permille', array);
  const leftS = number('raid_sync_remaining_s', array);
  const done = permille === undefined ? '' : ` ${(permille / 10).toFixed(1)} %`;
  return `${wordOf(RAID_SYNC_STATES, state)}${done}${leftS === undefined ? '' : `, ${renderDuration(leftS * 1_000)} left`}`;
}

function wordOf(codes: Readonly<Record<string, number>>, code: number | undefined): string {
  return Object.entries(codes).find(([, each]) => each === code)?.[0] ?? 'unknown';
}

const isWhole = ({ interlock }: RaidArrayView): boolean => interlock === '';

export const RAID_LISTING: Listing<RaidArrayView & { readonly node: string }> = {
  columns: [
    { title: 'NODE', text: ({ node }) => node },
    { title: 'ARRAY', text: ({ array }) => array },
    { title: 'LEVEL', text: ({ level }) => level },
    { title: 'STATE', text: ({ state }) => state, tone: (array) => (isWhole(array) ? 'good' : 'bad') },
    { title: 'MEMBERS', text: membersText },
    { title: 'SYNC', text: ({ sync }) => sync },
    { title: 'SIZE', text: ({ sizeBytes }) => (sizeBytes === undefined ? '' : renderBytes(sizeBytes)) },
    { title: 'DIFFERS', text: ({ mismatchesCount }) => String(mismatchesCount ?? ''), wide: true },
    { title: 'REBOOT', text: ({ interlock }) => (interlock === '' ? 'safe' : `refused: ${interlock}`) },
  ],
  name: ({ node, array }) => `raid/${node}/${array}`,
  empty: 'No RAID array is known. A fileserver tells of them when its agent runs.',
};

function membersText({ membersCount, missingCount }: RaidArrayView): string {
  if (membersCount === undefined) return '';
  return missingCount === undefined ? String(membersCount) : `${membersCount - missingCount} of ${membersCount}`;
}

/** Each member on a line, then what to do in which order when the array is not whole. */
export function renderRaidArray(node: string, array: RaidArrayView): string {
  const members = array.members.map(
    ({ name, state, readErrorsCount }) =>
      `  ${name}  ${state}${readErrorsCount === 0 ? '' : `  ${renderCount(readErrorsCount, 'read error')}`}`,
  );
  const head = `${array.array}  ${array.level}, ${array.state}, ${membersText(array)} members, ${array.sync}`;
  const advice = adviceOf(node, array).map((line) => `  ${line}`);
  return [head, ...members, ...(advice.length === 0 ? [] : ['  What to do:', ...advice])].join('\n');
}

/** The good member first: an array that is assembled with a half-rebuilt one may not start, or start from the wrong half. */
function adviceOf(node: string, { array, state, missingCount, members, interlock }: RaidArrayView): readonly string[] {
  const inState = (wanted: string): string | undefined => members.find((member) => member.state === wanted)?.name;
  if (state === 'inactive' || state === 'broken') {
    return [
      `1. On ${node}: mdadm --stop /dev/${array}`,
      '2. mdadm --examine on every member: the one with the highest event count is the good one',
      `3. mdadm --assemble --run /dev/${array} /dev/GOOD   (the good member alone)`,
      `4. bramble raid replace ${node} ${array} - NEW   (when it runs; - = its place is vacant)`,
    ];
  }
  const failed = inState('faulty');
  if (failed !== undefined)
    return [`bramble raid replace ${node} ${array} ${failed} NEW`, 'Do not reboot before it is rebuilt.'];
  if (inState('rebuilding') !== undefined) return ['Wait for the rebuild; do not reboot.'];
  if ((missingCount ?? 0) > 0)
    return [`bramble raid replace ${node} ${array} - NEW`, 'Do not reboot before it is rebuilt.'];
  return interlock === '' ? [] : [`Do not reboot: ${interlock}.`];
}
