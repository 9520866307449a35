import { expect, test } from 'vitest';
import type { FactView } from '../api/fleet.js';
import type { BootRecord } from '../boot/record.js';
import { renderBootRecord } from '../boot/record-text.js';
import { nfsExports } from './exports.js';
import { FactIndex } from './fact-index.js';
import { fileserverGroups } from './groups.js';

const NOW_MS = 1_800_000_000_000;
const BOOTED_AT_MS = NOW_MS - 3_600_000;

function facts(values: Readonly<Record<string, number | string>>): FactView[] {
  return Object.entries(values).map(([key, value]) => {
    const [fact = '', instance = ''] = key.split('@');
    return { fact, instance, value };
  });
}

const shown = (values: Readonly<Record<string, number | string>>) =>
  Object.fromEntries(
    fileserverGroups(facts(values), { nowMs: NOW_MS, bootedAtMs: BOOTED_AT_MS }).map(({ title, rows }) => [
      title,
      Object.fromEntries(rows),
    ]),
  );

const RECORD: BootRecord = {
  mac: 'b8:27:eb:aa:00:03',
  serial: 'aa000003',
  address: '10.46.189.2',
  interfaceName: 'eth0.10',
  startedMs: 3_000_000,
  stagesMs: { 'dhcp-seen': 3_000_000, 'serial-dir-hit': 3_002_000, 'kernel-served': 3_020_000 },
  firstFileMs: 3_001_000,
  missedMs: undefined,
  missedFirmware: false,
  startsMs: [3_000_000],
  seenMs: 3_020_000,
};

test('a fileserver shows its arrays, disks, exports, clients, boots and switch, each in a line', () => {
  expect(
    shown({
      'raid_spares_count@md0': 0,
      'raid_level_text@md0': 'raid1',
      'raid_array_state@md0': 6,
      'raid_members_count@md0': 2,
      'raid_missing_count@md0': 1,
      'raid_sync_state@md0': 1,
      'raid_member_state@md0/sda3': 1,
      'raid_interlock_text@md0': '1 of 2 members missing',
      'smart_model_text@sda': 'ST4000',
      'smart_health_state@sda': 2,
      'smart_temperature_millidegrees@sda': 41_200,
      'smart_reallocated_count@sda': 8,
      'export_clients_count@/export/10.46.189.2': 1,
      'export_size_bytes@/export/10.46.189.2': 2 ** 30,
      'export_available_bytes@/export/10.46.189.2': 2 ** 28,
      'export_full_in_s@/export/10.46.189.2': 86_400,
      'nfs_client_asked_count@10.46.189.2': 12,
      'nfs_client_asked_bytes@10.46.189.2': 2_048,
      'nfs_client_asked_unix_s@10.46.189.2': NOW_MS / 1_000 - 5,
      'board_boot_text@aa000003': renderBootRecord(RECORD),
      'lldp_neighbour_text@eth0': '02:00:00:00:00:02',
      'lldp_seen_unix_s@eth0': NOW_MS / 1_000 - 12,
    }),
  ).toEqual({
    'RAID arrays': {
      md0: 'raid1, clean, 1 of 2 members, idle (sda3 in-sync); reboot refused: 1 of 2 members missing',
    },
    Disks: { sda: 'ST4000, fails its own test, 41 °C, 8 sectors replaced' },
    Exports: { '/export/10.46.189.2': '256.0 MiB free of 1.0 GiB (25.0 %), full in 1 d, 1 client' },
    'NFS clients': { '10.46.189.2': 'asked 5 s ago, 12 packets, never answered, 2.0 KiB from it' },
    Boots: {
      'aa000003 on eth0.10':
        'began 10 min ago, address at once, own directory after 2 s, kernel after 20 s, hangs: it began to load its files, and did not get kernel and command line in time',
    },
    Switch: { eth0: 'port 02:00:00:00:00:02, announced 12 s ago' },
  });
});

test('what a fileserver does not tell has no line', () => {
  expect(shown({ 'cpu_cores_count@': 4 })).toEqual({});
  expect(nfsExports(facts({ 'export_clients_count@/x': 2 }))).toMatchObject([{ path: '/x', sizeBytes: undefined }]);
});

test('addresses and numbered names stand in the order of their numbers', () => {
  const values = ['10.46.189.10', '10.46.189.2', 'eth0.9', 'eth0.10', '/export/b', '/export'];
  const index = new FactIndex(values.map((instance) => ({ fact: 'nfs_client_asked_count', instance, value: 1 })));
  expect(index.instances('nfs_client_asked_count')).toEqual([
    '/export',
    '/export/b',
    '10.46.189.2',
    '10.46.189.10',
    'eth0.9',
    'eth0.10',
  ]);
});
