import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { RAID_ARRAY_STATES, RAID_MEMBER_STATES, RAID_SYNC_STATES } from '../../proto/contract/raid-states.js';
import { whyNot } from '../raid/interlock.js';
import { type MdArray, type MdSync, readMdArrays } from './md-array.js';

const SECTORS_PER_KIB = 2;
const KIB = 1024;

/** The md arrays of this machine, whatever their level and state. */
export function makeRaidCollector(watch?: NonNullable<Collector['watch']>): Collector {
  return {
    name: 'raid',
    intervalMs: 0,
    timeoutMs: 5_000,
    ...(watch !== undefined && { watch }),
    collect({ kernel }) {
      const arrays = readMdArrays(kernel);
      const samples = new Samples();
      for (const array of arrays) addArray(samples, array);
      return arrays.length === 0 ? noData('no md array') : ok(samples.list);
    },
  };
}

function addArray(samples: Samples, array: MdArray): void {
  const { name, members, sync } = array;
  samples.text('raid_level_text', array.level, name);
  samples.number('raid_array_state', codeOf(RAID_ARRAY_STATES, array.state), name);
  samples.number('raid_members_count', array.membersCount, name);
  samples.number('raid_missing_count', array.missingCount, name);
  samples.number('raid_mismatches_count', array.mismatchesCount, name);
  samples.number('raid_spares_count', members.filter(({ state }) => state === 'spare').length, name);
  samples.number('raid_failed_count', members.filter(({ state }) => state === 'faulty').length, name);
  samples.flag('raid_bitmap_flag', array.hasBitmap, name);
  samples.number('raid_size_bytes', array.sizeBytes, name);
  samples.text('raid_uuid_text', array.uuid, name);
  samples.text('raid_metadata_text', array.metadata, name);
  samples.text('raid_interlock_text', whyNot(array).join(', '), name);
  if (sync !== undefined) addSync(samples, name, sync);
  for (const member of members) {
    const instance = `${name}/${member.name}`;
    samples.number('raid_member_state', RAID_MEMBER_STATES[member.state], instance);
    samples.number('raid_member_slot_count', member.slot, instance);
    samples.number('raid_member_read_errors_count', member.readErrorsCount, instance);
  }
}

function addSync(samples: Samples, name: string, sync: MdSync): void {
  samples.number('raid_sync_state', codeOf(RAID_SYNC_STATES, sync.action), name);
  const { done, speedKibPerS } = sync;
  if (done === undefined || done.ofSectors === 0) return;
  samples.number('raid_sync_permille', Math.floor((done.sectors * 1_000) / done.ofSectors), name);
  if (speedKibPerS === undefined) return;
  samples.number('raid_sync_speed_bytes', speedKibPerS * KIB, name);
  samples.number('raid_sync_remaining_s', remainingS(done, speedKibPerS), name);
}

/** `undefined` while it stands still: nobody knows. */
function remainingS(done: NonNullable<MdSync['done']>, speedKibPerS: number): number | undefined {
  const leftKib = Math.max(0, done.ofSectors - done.sectors) / SECTORS_PER_KIB;
  return speedKibPerS === 0 ? undefined : Math.ceil(leftKib / speedKibPerS);
}

/** `undefined` for a word of a newer kernel: unknown, never a state that looks healthy. */
function codeOf(codes: Readonly<Record<string, number>>, word: string | undefined): number | undefined {
  return word !== undefined && Object.hasOwn(codes, word) ? codes[word] : undefined;
}
