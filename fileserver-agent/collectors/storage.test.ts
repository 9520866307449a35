import { expect, test } from 'vitest';
import type { Collector, CollectorHost } from '../../agent/kit/collect/collector.js';
import { type CollectorUnderTest, collectOn, values } from '../../agent/kit/testing/collect-on.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { recordedTrees } from '../../test/fixtures/index.js';
import { makeBtrfsCollector } from './btrfs.js';
import { makeThinPoolCollector } from './lvm-thin.js';
import { makeRaidEventsCollector } from './raid-events.js';
import { makeSmartCollector } from './smart.js';

/** A collector on a machine whose helper answers so. */
function asking(
  collector: Collector,
  files: Readonly<Record<string, string>>,
  answers: Readonly<Record<string, string | BrambleError>>,
): CollectorUnderTest {
  const storage: CollectorHost['machine']['storage'] = async (question) => {
    const name = 'disk' in question ? question.disk : 'member' in question ? question.member : question.kind;
    const answer = answers[name] ?? new BrambleError('unsupported', 'no such program');
    if (answer instanceof BrambleError) throw answer;
    return answer;
  };
  return collectOn(collector, files, (host) => ({ ...host, machine: { ...host.machine, storage } }));
}

const DISKS = { '/sys/block/sda/size': '1\n', '/sys/block/nvme0n1/size': '1\n', '/sys/block/vda/size': '1\n' };
const SATA = JSON.stringify({
  smartctl: { exit_status: 16 + 128 },
  model_name: 'Disk 1000',
  serial_number: 'S1',
  smart_status: { passed: true },
  power_on_time: { hours: 100 },
  temperature: { current: 41 },
  ata_smart_attributes: {
    table: [
      { id: 5, raw: { value: 8 } },
      { id: 197, raw: { value: 1 } },
      { id: 198, raw: { value: 2 ** 40 } },
      { id: 199, raw: { value: 3 } },
    ],
  },
});
const NVME = JSON.stringify({
  smartctl: { exit_status: 8 },
  smart_status: { passed: true },
  nvme_smart_health_information_log: { percentage_used: 103, media_errors: 2 },
});

test('SMART values and the bits of the exit status become facts', async () => {
  const found = await asking(makeSmartCollector(), DISKS, { sda: SATA, nvme0n1: NVME }).run();
  expect(values(found)).toEqual({
    'smart_model_text sda': 'Disk 1000',
    'smart_serial_text sda': 'S1',
    'smart_health_state sda': 1,
    'smart_powered_on_s sda': 360_000,
    'smart_temperature_millidegrees sda': 41_000,
    'smart_reallocated_count sda': 8,
    'smart_pending_count sda': 1,
    'smart_cable_errors_count sda': 3,
    'smart_prefail_flag sda': 1,
    'smart_self_test_failed_flag sda': 1,
    'smart_health_state nvme0n1': 2,
    'smart_uncorrectable_count nvme0n1': 2,
    'smart_life_used_permille nvme0n1': 1_030,
    'smart_prefail_flag nvme0n1': 0,
    'smart_self_test_failed_flag nvme0n1': 0,
  });
});

test('a disk that sleeps says nothing, and one that cannot be asked is no failure', async () => {
  const asleep = JSON.stringify({ smartctl: { exit_status: 2 } });
  const found = await asking(makeSmartCollector(), DISKS, { sda: asleep, nvme0n1: asleep }).run();
  expect(found).toEqual({ kind: 'no-data', why: 'no disk that tells' });
  expect(await asking(makeSmartCollector(), DISKS, {}).run()).toEqual({ kind: 'no-data', why: 'no such program' });
});

test.for(['', 'no JSON', '{}', '{"smartctl":{}}', SATA.slice(0, -1)])('SMART of %j is refused', async (text) => {
  await expect(asking(makeSmartCollector(), DISKS, { sda: text, nvme0n1: NVME }).run()).rejects.toMatchObject({
    code: 'data-loss',
  });
});

test('thin pools tell how full they are', async () => {
  const lv = {
    vg_name: 'vg0',
    lv_name: 'pool',
    lv_size: '734003200',
    data_percent: '81.27',
    metadata_percent: '12.40',
  };
  const text = JSON.stringify({ report: [{ lv: [{ ...lv, lv_health_status: 'out_of_data' }] }] });
  expect(values(await asking(makeThinPoolCollector(), {}, { 'thin-pools': text }).run())).toEqual({
    'thin_pool_data_permille vg0/pool': 812,
    'thin_pool_metadata_permille vg0/pool': 124,
    'thin_pool_size_bytes vg0/pool': 734_003_200,
    'thin_pool_health_text vg0/pool': 'out_of_data',
    'thin_pool_failed_flag vg0/pool': 1,
  });
  const none = await asking(makeThinPoolCollector(), {}, { 'thin-pools': '{"report":[{"lv":[]}]}' }).run();
  expect(none).toEqual({ kind: 'no-data', why: 'no thin pool' });
  await expect(asking(makeThinPoolCollector(), {}, { 'thin-pools': 'lvs:' }).run()).rejects.toThrow(BrambleError);
});

const FS = '/sys/fs/btrfs/4d8a2b1c-1111-2222-3333-444455556666';
const STATS = 'write_errs 0\nread_errs 2\nflush_errs 0\ncorruption_errs 1\ngeneration_errs 0\n';

test('btrfs tells its errors by filesystem and disk', async () => {
  const files = {
    [`${FS}/label`]: 'data\n',
    [`${FS}/devinfo/1/error_stats`]: STATS,
    [`${FS}/devinfo/1/missing`]: '0\n',
    [`${FS}/devinfo/2/error_stats`]: STATS.slice(0, -3),
    [`${FS}/devinfo/2/missing`]: '1\n',
    '/sys/fs/btrfs/features/raid56': '0\n',
  };
  expect(values(await collectOn(makeBtrfsCollector(), files).run())).toEqual({
    'btrfs_missing_flag data/1': 0,
    'btrfs_write_errors_count data/1': 0,
    'btrfs_read_errors_count data/1': 2,
    'btrfs_flush_errors_count data/1': 0,
    'btrfs_corruption_errors_count data/1': 1,
    'btrfs_generation_errors_count data/1': 0,
    'btrfs_errors_count data/1': 3,
    'btrfs_missing_flag data/2': 1,
  });
});

test('members that disagree about how new they are show by how much', async () => {
  const tree = recordedTrees('mdraid').find(({ name }) => name === 'raid1-clean')?.input ?? {};
  const events = (count: number): string => `MD_DEVNAME=md0\nMD_UUID=0\nMD_EVENTS=${count}\n`;
  const found = await asking(makeRaidEventsCollector(), tree, { vdb: events(118), vdc: events(115) }).run();
  expect(values(found)).toEqual({
    'raid_member_events_count md0/vdb': 118,
    'raid_member_events_count md0/vdc': 115,
    'raid_event_skew_count md0': 3,
  });
});
