import { membersText, type RaidArrayView } from '../../proto/contract/fileserver/raid.js';
import { renderBytes, renderCount } from '../../proto/contract/words.js';
import type { Listing } from './output.js';

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
