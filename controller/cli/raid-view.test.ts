import { expect, test } from 'vitest';
import type { FactView } from '../../proto/contract/api/fleet.js';
import { raidArrays } from '../../proto/contract/fileserver/raid.js';
import { RAID_LISTING, renderRaidArray } from './raid-view.js';

/** Facts of one RAID 1 with these members. */
function facts(members: Readonly<Record<string, number>>, change: Readonly<Record<string, number | string>> = {}) {
  const all: Record<string, number | string> = {
    raid_level_text: 'raid1',
    raid_array_state: 6,
    raid_members_count: 2,
    raid_missing_count: 0,
    raid_sync_state: 1,
    raid_spares_count: 0,
    raid_size_bytes: 2 ** 30,
    ...change,
  };
  return [
    ...Object.entries(all).map(([fact, value]): FactView => ({ fact, instance: 'md0', value })),
    ...Object.entries(members).map(([name, value]) => ({ fact: 'raid_member_state', instance: `md0/${name}`, value })),
  ];
}

function shown(...given: Parameters<typeof facts>): string {
  return raidArrays(facts(...given))
    .map((array) => renderRaidArray('fs-1', array))
    .join('\n');
}

test('a whole array has nothing to be done', () => {
  expect(shown({ sda3: 1, sdb3: 1 })).toBe('md0  raid1, clean, 2 of 2 members, idle\n  sda3  in-sync\n  sdb3  in-sync');
});

test.for<[string, Parameters<typeof facts>, string]>([
  ['a failed member', [{ sda3: 4, sdb3: 1 }, { raid_missing_count: 1 }], 'bramble raid replace fs-1 md0 sda3 NEW'],
  ['a vacant place', [{ sdb3: 1 }, { raid_missing_count: 1 }], 'bramble raid replace fs-1 md0 - NEW'],
  ['a rebuild', [{ sda3: 2, sdb3: 1 }, { raid_missing_count: 1 }], 'Wait for the rebuild; do not reboot.'],
  ['skew', [{ sda3: 1, sdb3: 1 }, { raid_interlock_text: 'it is frozen' }], 'Do not reboot: it is frozen.'],
])('%s comes with what to do', ([, given, want]) => {
  expect(shown(...given)).toContain(want);
});

test('an array that does not run is assembled from the good member first', () => {
  const lines = shown({ sda3: 3 }, { raid_array_state: 2 }).split('\n');
  const order = ['--stop', '--examine', '--assemble --run', 'raid replace'].map((word) =>
    lines.findIndex((line) => line.includes(word)),
  );
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order).not.toContain(-1);
});

test('the list says how far a rebuild is, and why a reboot is refused', () => {
  const [array] = raidArrays(
    facts(
      { sda3: 2, sdb3: 1 },
      {
        ...{ raid_missing_count: 1, raid_sync_state: 4, raid_sync_permille: 125, raid_sync_remaining_s: 5_400 },
        raid_interlock_text: 'recover runs',
      },
    ),
  );
  const row = array && RAID_LISTING.columns.map(({ text }) => text({ node: 'fs-1', ...array }));
  expect(row).toEqual(
    expect.arrayContaining(['fs-1', '1 of 2', 'recover 12.5 %, 1 h 30 min left', 'refused: recover runs']),
  );
});

test('a state of a newer kernel is unknown', () => {
  expect(shown({}, { raid_array_state: 99 })).toContain('unknown');
});
