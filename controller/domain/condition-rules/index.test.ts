import { expect, test } from 'vitest';
import { FACTS, type FactName } from '../../../proto/contract/facts.js';
import { KERNEL_LOG_RULES, type KernelLogRule } from '../../../proto/contract/kernel-log.js';
import { factsOfRule } from '../rule-index.js';
import { CONDITION_RULES } from './index.js';

const IDENTITY = 'says what it is, not how it fares';
const COUNTED = 'traffic; too much of it shows in what waits for it';
const CONTEXT = 'says how to read other facts';

/** Facts that mean no trouble by themselves, and why. A new fact is put into a rule or here. */
const WITHOUT_RULE: Partial<Record<FactName, string>> = {
  collector_duration_us: 'a collector that takes too long says so in its state',
  board_model_text: IDENTITY,
  board_serial_text: IDENTITY,
  board_revision_text: IDENTITY,
  board_architecture_text: IDENTITY,
  board_mac_text: IDENTITY,
  kernel_release_text: IDENTITY,
  os_name_text: IDENTITY,
  hostname_text: IDENTITY,
  board_name_text: IDENTITY,
  board_maker_text: IDENTITY,
  board_ram_bytes: IDENTITY,
  board_bootloader_text: IDENTITY,
  board_netboot_state: IDENTITY,
  board_ethernet_flag: IDENTITY,
  board_poe_flag: IDENTITY,
  hardware_text: IDENTITY,
  cpu_busy_permille: 'a busy processor does its work; LoadHigh and CpuPressure say when work waits',
  cpu_iowait_permille: 'not to be relied on (proc_stat(5)); IoPressure and the devices themselves say it',
  load_1m_milli: 'one minute of load is a start of a program',
  load_15m_milli: 'LoadHigh looks at five minutes',
  memory_dirty_bytes: 'what waits to be written is no trouble while the device takes it: StorageSaturated',
  swap_total_bytes: 'full swap is no trouble while memory is available: MemoryLow, MemoryPressure',
  swap_free_bytes: 'full swap is no trouble while memory is available: MemoryLow, MemoryPressure',
  filesystem_device_text: IDENTITY,
  network_received_bytes: COUNTED,
  network_transmitted_bytes: COUNTED,
  boot_id_text: IDENTITY,
  boot_agent_started_ms: CONTEXT,
  packages_upgradable_count: 'updates that are not for security may wait: SecurityUpdatesPending',
  agent_outbox_events_count: 'events wait while there is no contact; OutboxDropping says when they are lost',
  card_name_text: IDENTITY,
  card_maker_text: IDENTITY,
  card_serial_text: IDENTITY,
  card_made_text: IDENTITY,
  card_kind_text: IDENTITY,
  card_size_bytes: IDENTITY,
  disk_busy_permille: 'a busy device with short waits does its work; StorageSaturated says when it does not',
  disk_written_bytes: COUNTED,
  ext4_written_bytes: COUNTED,
  ext4_first_error_unix_s: CONTEXT,
  fan_speed_rpm: 'a fan stands still while the board is cool; TemperatureHigh says when it should not',
  cpu_frequency_mhz: 'an idle processor is slow on purpose; Throttled and FrequencyCapped say when it is made so',
  cpu_frequency_max_mhz: IDENTITY,
  cpu_governor_text: IDENTITY,
  pressure_memory_some_permille: 'some task waits while others work; MemoryPressure looks at all of them',
  pressure_io_some_permille: 'some task waits while others work; IoPressure looks at all of them',
  nfs_operations_count: COUNTED,
  board_boot_text: CONTEXT,
  board_boot_starts_count: 'BoardLoops says it when they are too many',
  boot_log_lines_count: COUNTED,
  boot_log_skipped_bytes: 'a log that is written faster than anybody reads; its boards show at their next request',
  boot_events_dropped_count: 'every report carries the same boots: the timeline alone has less',
  nfsd_threads_count: CONTEXT,
  nfsd_calls_count: COUNTED,
  nfsd_bad_calls_count: 'anybody on a VLAN can send what the server refuses',
  nfsd_read_bytes: COUNTED,
  nfsd_written_bytes: COUNTED,
  export_clients_count: IDENTITY,
  nfs_client_asked_count: COUNTED,
  nfs_client_asked_bytes: COUNTED,
  nfs_client_answered_count: COUNTED,
  nfs_client_answered_bytes: COUNTED,
  nfs_client_asked_unix_s:
    'a board that is off asks nothing; StandsStill and RunsUnheard join it with the silence of the board',
  lldp_neighbour_text: IDENTITY,
  lldp_seen_unix_s: 'a switch need not announce itself',
  vlan_peer_mac_text: IDENTITY,
  vlan_peer_state: 'a board that is off does not answer either',
  netconsole_lines_count: COUNTED,
  netconsole_dropped_count: 'a kernel that repeats itself; the first lines are the ones that count',
  power_soft_temperature_limit_since_boot_flag: 'by design, and SoftTemperatureLimit says it while it lasts',
  raid_spares_count: 'an array without a spare is made so; RaidDegraded says when one is needed',
  raid_failed_count: 'RaidMemberFailed names each of them',
  raid_bitmap_flag: IDENTITY,
  raid_size_bytes: IDENTITY,
  raid_uuid_text: IDENTITY,
  raid_metadata_text: IDENTITY,
  raid_sync_speed_bytes: CONTEXT,
  raid_interlock_text: 'RaidDegraded, RaidRebuilding and RaidEventSkew say it in their own words',
  raid_member_slot_count: IDENTITY,
  raid_member_events_count: 'RaidEventSkew compares them',
  smart_model_text: IDENTITY,
  smart_serial_text: IDENTITY,
  smart_powered_on_s: 'age alone is no trouble',
  thin_pool_size_bytes: IDENTITY,
  port_admin_flag: 'a port is down because somebody wants it so; SwitchDrift says when the plan does not',
  port_bridge_text: IDENTITY,
  port_stp_state: 'a spanning tree blocks ports on purpose',
  port_bpdu_guard_flag: IDENTITY,
  port_role_text: IDENTITY,
  port_vlans_text: 'SwitchDrift says when they are not those of the plan',
  port_macs_count: CONTEXT,
  port_macs_text: IDENTITY,
  port_edge_flag: IDENTITY,
  port_neighbor_text: 'anybody can say anything: it helps to find a cable',
  poe_admin_state: 'a port gives no power because somebody wants it so',
  poe_status_text: 'a word of the hardware, for people',
  poe_class_state: IDENTITY,
  psu_budget_watts_milli: IDENTITY,
  poe_budget_watts_milli: CONTEXT,
  power_actual_state: 'PowerDrift says when it is not what was asked for',
  power_desired_state: IDENTITY,
  sensor_temp_millidegrees: 'the hardware knows what is too hot for it: SensorAlarm',
  sensor_temp_limit_millidegrees: IDENTITY,
  sensor_fan_rpm: 'the hardware knows how fast a fan has to be: SensorAlarm',
  sensor_fan_least_rpm: IDENTITY,
  switch_file_text: 'the controller compares it with the plan that was kept; the history of the switch says it',
  poe_actual_watts_milli: CONTEXT,
  switch_change_text: CONTEXT,
  switch_drift_text: CONTEXT,
  roots_driver_text: IDENTITY,
  roots_isolation_flag: IDENTITY,
  roots_quota_flag: IDENTITY,
  root_generation_count: IDENTITY,
  root_previous_count: IDENTITY,
  root_newest_count: IDENTITY,
  root_image_text: IDENTITY,
  root_under_way_text: 'what was cut off is finished within a minute; the listing of roots shows it until then',
  root_closed_text:
    'a board is served nothing because somebody wants it so, or because what it should get is missing; the listing says which',
  root_hostname_text: IDENTITY,
  root_host_key_text: IDENTITY,
};

/** Facts that only the sentence of a rule needs. */
const IN_SENTENCES: readonly FactName[] = [
  'collector_error_text',
  'boot_crash_text',
  'clock_rtc_present_flag',
  'ext4_last_error_unix_s',
  'nfs_server_text',
  'raid_level_text',
  'raid_members_count',
  'raid_sync_permille',
  'raid_sync_remaining_s',
  'btrfs_write_errors_count',
  'btrfs_read_errors_count',
  'btrfs_flush_errors_count',
  'btrfs_corruption_errors_count',
  'btrfs_generation_errors_count',
  'thin_pool_health_text',
  'psu_present_flag',
  'poe_priority_state',
  'poe_allocated_watts_milli',
  'power_drift_text',
  'port_mismatch_text',
];

/** Rules of the kernel's log that raise nothing, and why. */
const LOG_WITHOUT_RULE: Partial<Record<KernelLogRule, string>> = {
  'out-of-memory': 'OutOfMemoryKills counts the same kills by the kernel’s own counter',
  'writable-remount': 'the end of a trouble',
  'nfs-answers': 'the end of a trouble',
};

test('every fact is judged, or there is a reason why not', () => {
  const judged = new Set<FactName>(CONDITION_RULES.flatMap(factsOfRule));
  for (const name of Object.keys(FACTS) as FactName[]) {
    const places = [judged.has(name), IN_SENTENCES.includes(name), WITHOUT_RULE[name] !== undefined];
    expect(places.filter(Boolean), `${name} belongs in exactly one place`).toHaveLength(1);
  }
});

test('every rule of the kernel’s log is judged, or there is a reason why not', () => {
  const judged = new Set(CONDITION_RULES.flatMap(({ measure }) => ('log' in measure ? measure.log : [])));
  for (const name of Object.keys(KERNEL_LOG_RULES) as KernelLogRule[]) {
    expect(judged.has(name), name).toBe(LOG_WITHOUT_RULE[name] === undefined);
  }
});

test('what the log tells as permanent stands until it is cleared, and what is over counts within a window', () => {
  /** These cannot be seen to end, though they happened at one moment: what they did stays until the next boot. */
  const lasting: readonly KernelLogRule[] = ['kernel-oops', 'kernel-panic', 'journal-recovered'];
  for (const { type, measure } of CONDITION_RULES) {
    if (measure.kind !== 'signs' && measure.kind !== 'log-lines') continue;
    for (const name of measure.log) {
      const stands = KERNEL_LOG_RULES[name].kind === 'permanent' || lasting.includes(name);
      expect(measure.kind, `${type}: ${name}`).toBe(stands ? 'signs' : 'log-lines');
    }
  }
});

test('types are CamelCase names of their own', () => {
  const types = CONDITION_RULES.map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
  for (const type of types) expect(type).toMatch(/^([A-Z][a-z]+){1,5}$/);
});

test('types that were stored by an earlier release keep their names', () => {
  const before = [
    ...['FilesystemReadOnly', 'BootLoop', 'AgentStorageFailed', 'DiskSpaceLow', 'InodesLow', 'OutOfMemoryKills'],
    ...['MemoryLow', 'LoadHigh', 'ClockOffset', 'ClockUnsynchronised', 'NetworkErrors', 'LinkFlapping'],
    ...['CollectorFailing', 'OutboxDropping'],
  ];
  expect(CONDITION_RULES.map(({ type }) => type)).toEqual(expect.arrayContaining(before));
});

test.for(CONDITION_RULES)('$type has levels in order, gravest first, and each ends on its good side', (rule) => {
  const { levels, when, forMs } = rule;
  const ranks = levels.map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity));
  expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
  const goodwards = when === 'below' ? 1 : -1;
  const limits = levels.map(({ at }) => at * goodwards);
  expect(limits).toEqual([...new Set(limits)].sort((a, b) => a - b));
  for (const { at, clearAt } of levels) expect(clearAt * goodwards).toBeGreaterThanOrEqual(at * goodwards);
  // A graver level may not be left while a milder one that it contains would not hold.
  const clears = levels.map(({ clearAt }) => clearAt * goodwards);
  expect(clears).toEqual(clears.toSorted((a, b) => a - b));
  expect(forMs).toBeGreaterThanOrEqual(0);
});

test.for(CONDITION_RULES)('$type says what it is and what to do in whole sentences', ({ title, remedy }) => {
  for (const text of [title, remedy]) {
    expect(text).toMatch(/^[A-Za-z].*[.)]$/);
    expect(text.length).toBeLessThan(320);
  }
});

test('causes exist, come once each, and nothing explains itself in a circle', () => {
  const byType = new Map(CONDITION_RULES.map((rule) => [rule.type, rule]));
  const visit = (type: string, path: readonly string[]): void => {
    expect(path, `${[...path, type].join(' because of ')}`).not.toContain(type);
    const rule = byType.get(type);
    expect(rule, `${type}, a cause of ${path.at(-1)}`).toBeDefined();
    const causes = rule?.dependsOn ?? [];
    expect(new Set(causes).size).toBe(causes.length);
    for (const cause of causes) visit(cause, [...path, type]);
  };
  for (const { type } of CONDITION_RULES) visit(type, []);
});

test('a rule that misses its data in every node asks only for what every kind of node measures', () => {
  const everywhere = /^(agent|clock|memory|load|cpu|collector|boot)_/;
  const asked = CONDITION_RULES.filter(({ scope }) => scope === 'node').flatMap((rule) => [...factsOfRule(rule)]);
  expect(asked.filter((fact) => !everywhere.test(fact))).toEqual([]);
});
