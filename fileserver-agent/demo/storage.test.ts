import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RaidOrder } from '../../agent/kit/host/ports.js';
import { SimKernelFiles } from '../../agent/sim/sim-kernel-files.js';
import { seededRandom } from '../../proto/contract/random.js';
import { parseSmart } from '../collectors/disk-smart-json.js';
import { type MdArray, readMdArrays } from '../collectors/md-array.js';
import { advanceStorage, carryOut, failMember, rebooted } from './storage.js';
import { renderSmart, renderStorageFiles } from './storage-files.js';
import { kernelSays, liveOn } from './storage-life.js';
import { installedStorage, missingCount, parseStorage, type StorageState } from './storage-state.js';

const NOW = Date.UTC(2026, 10, 21);
const MINUTE_MS = 60_000;

/** The array as the agent's own collector reads it. */
function seen(state: StorageState): MdArray {
  const [array] = readMdArrays(new SimKernelFiles(renderStorageFiles(state)));
  if (array === undefined) throw new Error('the agent sees no array');
  return array;
}

/** What smartctl says of a disk. */
function smartOf(state: StorageState, name: string) {
  const disk = state.disks.find((each) => each.name === name);
  return disk === undefined ? undefined : parseSmart(renderSmart(disk, NOW));
}

const membersOf = (state: StorageState) =>
  Object.fromEntries(seen(state).members.map((each) => [each.name, each.state]));
const later = (state: StorageState, minutes: number): StorageState => {
  let now = state;
  for (let second = 0; second < minutes * 60; second += 5) now = advanceStorage(now, now.atMs + 5_000);
  return now;
};
const order = (kind: 'add' | 'remove', disk: string): RaidOrder => ({ kind, array: 'md0', member: disk });

test('as installed the agent sees a whole mirror, and a disk that nobody uses', () => {
  const state = installedStorage(NOW);
  expect(seen(state)).toMatchObject({ level: 'raid1', membersCount: 2, missingCount: 0, sync: { action: 'idle' } });
  expect(membersOf(state)).toEqual({ sda: 'in-sync', sdb: 'in-sync' });
  expect(smartOf(state, 'sda')).toMatchObject({ passed: true, poweredOnHours: 9_210 });
});

test('a member that fails is replaced by the spare disk, at the pace of two disks behind one lane', () => {
  const failed = failMember(installedStorage(NOW), 'sdb');
  expect(seen(failed)).toMatchObject({ missingCount: 1, sync: { action: 'idle' } });
  expect(membersOf(failed)).toEqual({ sda: 'in-sync', sdb: 'faulty' });
  const copying = carryOut(carryOut(failed, order('remove', 'sdb')), order('add', 'sdc'));
  expect(membersOf(copying)).toEqual({ sda: 'in-sync', sdc: 'rebuilding' });
  const half = seen(later(copying, 5)).sync;
  expect((half?.done?.sectors ?? 0) / (half?.done?.ofSectors ?? 1)).toBeCloseTo(0.47, 1);
  expect(half?.speedKibPerS).toBeGreaterThan(150_000);
  expect(membersOf(later(copying, 12))).toEqual({ sda: 'in-sync', sdc: 'in-sync' });
});

test('a member that still serves is copied while it serves, and leaves the array when that is done', () => {
  const copying = carryOut(carryOut(installedStorage(NOW), order('add', 'sdc')), {
    ...{ kind: 'replace', array: 'md0', member: 'sda', by: 'sdc' },
  });
  expect(seen(copying)).toMatchObject({ missingCount: 0, sync: { action: 'recover' } });
  expect(membersOf(copying)).toEqual({ sda: 'in-sync', sdb: 'in-sync', sdc: 'replacement' });
  expect(membersOf(later(copying, 12))).toEqual({ sda: 'faulty', sdb: 'in-sync', sdc: 'in-sync' });
});

test('after a boot a copy goes on where it was, and a check is forgotten', () => {
  const check = carryOut(installedStorage(NOW), { kind: 'sync', array: 'md0', action: 'check' });
  expect(seen(rebooted(later(check, 1))).sync?.action).toBe('idle');
  const failed = carryOut(failMember(installedStorage(NOW), 'sda'), order('remove', 'sda'));
  const copying = later(carryOut(failed, order('add', 'sdc')), 2);
  expect(rebooted(copying)).toEqual(copying);
});

test.for<[string, RaidOrder]>([
  ['a disk that is not there', order('add', 'sdz')],
  ['a disk that is in it', order('add', 'sda')],
  ['to remove a member that serves', order('remove', 'sda')],
  ['another array', { kind: 'sync', array: 'md1', action: 'check' }],
  ['to copy onto what is no spare', { kind: 'replace', array: 'md0', member: 'sda', by: 'sdc' }],
])('mdadm refuses %s, in its own words', ([, wish]) => {
  expect(() => carryOut(installedStorage(NOW), wish)).toThrow(/^mdadm: /);
});

test('left alone it is checked and fails now and then, and somebody always makes it whole again', () => {
  const random = seededRandom(7);
  let state = installedStorage(NOW);
  const said: string[] = [];
  let degradedMs = 0;
  for (let nowMs = NOW; nowMs < NOW + 8 * 60 * MINUTE_MS; nowMs += 2_000) {
    const next = liveOn(advanceStorage(state, nowMs), { nowMs, elapsedMs: 2_000, random, hasTroubles: true });
    said.push(...kernelSays(state, next));
    state = next;
    if (missingCount(state) > 0) degradedMs += 2_000;
    expect(state.members.filter(({ state: word }) => word === 'in-sync').length).toBeGreaterThan(0);
  }
  expect(said.filter((line) => line.includes('Disk failure')).length).toBeGreaterThan(1);
  expect(said.filter((line) => line.includes('data-check of')).length).toBeGreaterThan(1);
  expect(degradedMs / (8 * 60 * MINUTE_MS)).toBeLessThan(0.4);
  expect(state.disks).toHaveLength(3);
});

test('property: whatever is ordered and however long it takes, data are never lost, and the state can be kept', () => {
  const disk = fc.constantFrom('sda', 'sdb', 'sdc');
  const orders: fc.Arbitrary<RaidOrder> = fc.oneof(
    fc.record({ kind: fc.constantFrom('add', 'remove'), array: fc.constant('md0'), member: disk }),
    fc.record({ kind: fc.constant('replace'), array: fc.constant('md0'), member: disk, by: disk }),
    fc.record({ kind: fc.constant('sync'), array: fc.constant('md0'), action: fc.constantFrom('check', 'idle') }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(orders, fc.integer({ min: 0, max: 900_000 })), { maxLength: 20 }), (steps) => {
      let state = installedStorage(NOW);
      for (const [wish, waitMs] of steps) {
        try {
          state = carryOut(state, wish);
        } catch {
          // refused: as mdadm would
        }
        state = advanceStorage(state, state.atMs + waitMs);
        const { missingCount: missing, members } = seen(state);
        expect(missing).toBe(0);
        expect(members.filter((each) => each.state === 'in-sync')).toHaveLength(2);
        expect(parseStorage(JSON.stringify(state))).toEqual(state);
      }
    }),
  );
});
