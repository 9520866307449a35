import { expect, test } from 'vitest';
import type { FactView } from '../../proto/contract/api/fleet.js';
import { boardRoots, ROOTS_LISTING } from './roots-view.js';

function factsOf(serial: string, change: Readonly<Record<string, number | string>> = {}): readonly FactView[] {
  const all: Record<string, number | string> = {
    root_generation_count: 2,
    root_previous_count: 1,
    root_newest_count: 2,
    root_image_text: 'bookworm-3',
    root_under_way_text: '',
    root_closed_text: '',
    ...change,
  };
  return Object.entries(all).map(([fact, value]) => ({ fact, instance: serial, value }));
}

const stateOf = (change: Readonly<Record<string, number | string>>): string | undefined => {
  const column = ROOTS_LISTING.columns.find(({ title }) => title === 'STATE');
  const [board] = boardRoots(factsOf('aa000001', change));
  return board && column?.text({ node: 'fs-1', ...board });
};

test.for<[string, Readonly<Record<string, number | string>>, string]>([
  ['a board that is served its newest root', {}, 'served'],
  ['one for which another root waits', { root_newest_count: 3 }, 'generation 3 is prepared'],
  ['one that is closed out', { root_closed_text: 'it is told not to boot' }, 'closed: it is told not to boot'],
  ['one whose change was cut off', { root_under_way_text: 'activate' }, 'activate was cut off'],
])('%s', ([, change, want]) => {
  expect(stateOf(change)).toBe(want);
});

test('boards are in the order of their serial numbers, each with its own keys', () => {
  const key = { fact: 'root_host_key_text', instance: 'aa000001/ssh-ed25519', value: 'ssh-ed25519 AAAA' };
  const boards = boardRoots([...factsOf('aa000002'), ...factsOf('aa000001'), key]);
  expect(boards.map(({ serial, hostKeys }) => [serial, hostKeys])).toEqual([
    ['aa000001', ['ssh-ed25519 AAAA']],
    ['aa000002', []],
  ]);
});
