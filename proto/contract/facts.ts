/**
 * The facts that agents report. Names and numbers are those of FactId in proto/bramble/agent/v1/report.proto (a test
 * holds the two together); the name's ending is its unit. Facts are what the kernel said, never verdicts.
 */

/** `gauge` goes both ways, `counter` only up until a restart, `state` is an enum or a flag, `text` a string. */
export type FactKind = 'gauge' | 'counter' | 'state' | 'text';

/**
 * A change inside its dead band is not worth bytes: a number is sent when it moved by at least `absolute`
 * and by at least `relative` of its last sent value. States and texts are sent on every change.
 */
export interface DeadBand {
  readonly absolute: number;
  readonly relative: number;
}

export interface Fact {
  readonly id: number;
  readonly kind: FactKind;
  readonly deadBand: DeadBand;
}

const gauge = (id: number, absolute = 1, relative = 0): Fact => ({
  id,
  kind: 'gauge',
  deadBand: { absolute, relative },
});
const counter = (id: number, absolute = 1): Fact => ({ id, kind: 'counter', deadBand: { absolute, relative: 0 } });
const state = (id: number): Fact => ({ id, kind: 'state', deadBand: { absolute: 1, relative: 0 } });
const text = (id: number): Fact => ({ id, kind: 'text', deadBand: { absolute: 0, relative: 0 } });

const MIB = 2 ** 20;

export const FACTS = {
  collector_state: state(1),
  collector_duration_us: gauge(2, 5_000, 1),
  collector_error_text: text(3),

  board_model_text: text(10),
  board_serial_text: text(11),
  board_revision_text: text(12),
  board_architecture_text: text(13),
  board_mac_text: text(14),
  kernel_release_text: text(15),
  os_name_text: text(16),
  hostname_text: text(17),
  board_name_text: text(18),
  board_maker_text: text(19),
  board_soc_text: text(20),
  board_ram_bytes: gauge(21),
  board_bootloader_text: text(22),
  board_bootloader_built_unix_s: gauge(23),
  board_netboot_state: state(24),
  board_ethernet_flag: state(25),
  board_poe_flag: state(26),
  board_watchdog_flag: state(27),
  hardware_text: text(28),

  cpu_cores_count: gauge(30),
  cpu_busy_permille: gauge(31, 20),
  cpu_iowait_permille: gauge(32, 20),
  load_1m_milli: gauge(33, 100, 0.1),
  load_5m_milli: gauge(34, 100, 0.1),
  load_15m_milli: gauge(35, 100, 0.1),
  processes_blocked_count: gauge(36),

  memory_total_bytes: gauge(50),
  memory_available_bytes: gauge(51, 4 * MIB, 0.02),
  memory_dirty_bytes: gauge(52, 4 * MIB, 0.2),
  swap_total_bytes: gauge(53),
  swap_free_bytes: gauge(54, MIB, 0.02),
  memory_oom_kills_count: counter(55),

  filesystem_size_bytes: gauge(70),
  filesystem_available_bytes: gauge(71, MIB, 0.001),
  filesystem_inodes_count: gauge(72, 1, 0.01),
  filesystem_inodes_free_count: gauge(73, 100, 0.001),
  filesystem_read_only_flag: state(74),
  filesystem_type_text: text(75),
  filesystem_device_text: text(76),

  network_operational_state: state(90),
  network_speed_mbps: gauge(91),
  network_duplex_state: state(92),
  network_received_bytes: counter(93, 64 * 1024),
  network_transmitted_bytes: counter(94, 64 * 1024),
  network_receive_errors_count: counter(95),
  network_transmit_errors_count: counter(96),
  network_receive_drops_count: counter(97, 10),
  network_transmit_drops_count: counter(98, 10),
  network_carrier_changes_count: counter(99),
  network_tunnel_state: state(100),

  clock_synchronised_flag: state(110),
  clock_controller_offset_ms: gauge(111, 100, 0.05),
  clock_untrusted_flag: state(112),
  clock_rtc_present_flag: state(113),
  clock_steps_count: counter(114),
  clock_offset_us: gauge(115, 1_000, 0.25),
  clock_leap_state: state(116),
  clock_rtc_offset_s: gauge(117, 5),
  clock_booted_in_past_flag: state(118),

  boot_id_text: text(130),
  boot_agent_started_ms: gauge(131),
  boot_reason_state: state(132),
  boot_crash_text: text(133),
  reboot_required_flag: state(134),
  packages_upgradable_count: gauge(135),
  packages_security_count: gauge(136),
  packages_refreshed_unix_s: gauge(137, 600),
  backup_finished_unix_s: gauge(138),

  agent_resident_bytes: gauge(150, MIB, 0.05),
  agent_cpu_ms: counter(151, 100),
  agent_stall_ms: gauge(152, 20, 0.5),
  agent_written_bytes: counter(153, 64 * 1024),
  agent_outbox_events_count: gauge(154),
  agent_outbox_dropped_count: counter(155),
  agent_values_refused_count: counter(156),
  agent_open_files_count: gauge(157, 4),
  agent_storage_failed_flag: state(158),

  card_name_text: text(170),
  card_maker_text: text(171),
  card_serial_text: text(172),
  card_made_text: text(173),
  card_kind_text: text(174),
  card_size_bytes: gauge(175),
  card_life_used_permille: gauge(176),
  card_reserve_state: state(177),
  card_verify_state: state(178),
  card_verify_sequence_count: counter(179),
  disk_busy_permille: gauge(180, 50),
  disk_read_latency_us: gauge(181, 1_000, 0.5),
  disk_write_latency_us: gauge(182, 5_000, 0.5),
  disk_written_bytes: counter(183, MIB),
  disk_saturated_permille: gauge(184, 50),
  ext4_written_bytes: counter(190, 16 * MIB),
  ext4_errors_count: counter(191),
  ext4_first_error_unix_s: gauge(192),
  ext4_last_error_unix_s: gauge(193),

  power_undervoltage_flag: state(210),
  power_frequency_capped_flag: state(211),
  power_throttled_flag: state(212),
  power_soft_temperature_limit_flag: state(213),
  // "Since boot" as far as this agent has seen it: since it started, in this boot.
  power_undervoltage_since_boot_flag: state(214),
  power_frequency_capped_since_boot_flag: state(215),
  power_throttled_since_boot_flag: state(216),
  power_soft_temperature_limit_since_boot_flag: state(217),
  power_alarm_flag: state(218),

  temperature_millidegrees: gauge(230, 1_000),
  temperature_critical_millidegrees: gauge(231),
  fan_speed_rpm: gauge(232, 200, 0.1),
  cpu_frequency_mhz: gauge(235, 100),
  cpu_frequency_max_mhz: gauge(236),
  cpu_governor_text: text(237),

  pressure_cpu_some_permille: gauge(250, 20),
  pressure_memory_some_permille: gauge(251, 20),
  pressure_memory_full_permille: gauge(252, 20),
  pressure_io_some_permille: gauge(253, 20),
  pressure_io_full_permille: gauge(254, 20),

  nfs_server_text: text(270),
  nfs_operations_count: counter(271, 100),
  nfs_round_trip_us: gauge(272, 1_000, 0.5),
  nfs_retransmits_count: counter(273),
  nfs_timeouts_count: counter(274),
  nfs_stalled_ms: gauge(275, 1_000, 0.1),

  kernel_log_lines_count: counter(290, 100),
  kernel_log_dropped_count: counter(291),
  kernel_log_matches_count: counter(292),

  config_state: state(320),
  config_drifts_count: counter(321),

  raid_level_text: text(400),
  raid_array_state: state(401),
  raid_members_count: gauge(402),
  raid_missing_count: gauge(403),
  raid_sync_state: state(404),
  raid_sync_permille: gauge(405, 5),
  raid_sync_speed_bytes: gauge(406, MIB, 0.2),
  raid_sync_remaining_s: gauge(407, 60, 0.1),
  raid_mismatches_count: gauge(408),
  raid_spares_count: gauge(409),
  raid_failed_count: gauge(410),
  raid_bitmap_flag: state(411),
  raid_size_bytes: gauge(412),
  raid_uuid_text: text(413),
  raid_metadata_text: text(414),
  raid_event_skew_count: gauge(415),
  raid_interlock_text: text(416),
  raid_member_state: state(420),
  raid_member_slot_count: gauge(421),
  raid_member_read_errors_count: counter(422),
  raid_member_events_count: gauge(423),

  smart_model_text: text(440),
  smart_serial_text: text(441),
  smart_health_state: state(442),
  smart_powered_on_s: gauge(443, 86_400),
  smart_temperature_millidegrees: gauge(444, 2_000),
  smart_reallocated_count: gauge(445),
  smart_pending_count: gauge(446),
  smart_uncorrectable_count: gauge(447),
  smart_cable_errors_count: gauge(448),
  smart_life_used_permille: gauge(449),
  smart_prefail_flag: state(450),
  smart_self_test_failed_flag: state(451),

  btrfs_write_errors_count: counter(460),
  btrfs_read_errors_count: counter(461),
  btrfs_flush_errors_count: counter(462),
  btrfs_corruption_errors_count: counter(463),
  btrfs_generation_errors_count: counter(464),
  btrfs_missing_flag: state(465),
  btrfs_errors_count: counter(466),

  thin_pool_data_permille: gauge(470, 5),
  thin_pool_metadata_permille: gauge(471, 5),
  thin_pool_size_bytes: gauge(472),
  thin_pool_health_text: text(473),
  thin_pool_failed_flag: state(474),
  board_boot_state: state(500),
  board_boot_text: text(501),
  board_boot_starts_count: gauge(502),
  dnsmasq_service_state: state(510),
  nfsd_service_state: state(517),
  boot_log_lines_count: counter(511, 100),
  boot_log_skipped_bytes: counter(512),
  boot_events_dropped_count: counter(513),
  dhcp_other_server_count: counter(514),
  tftp_refused_count: counter(515),
  tftp_foreign_count: counter(516),
  nfsd_threads_count: gauge(520),
  nfsd_calls_count: counter(521, 100),
  nfsd_read_bytes: counter(522, MIB),
  nfsd_written_bytes: counter(523, MIB),
  nfsd_stalled_ms: gauge(524, 1_000, 0.1),
  nfsd_grace_flag: state(525),
  nfsd_bad_calls_count: counter(526),
  export_size_bytes: gauge(530),
  export_available_bytes: gauge(531, MIB, 0.001),
  export_inodes_count: gauge(532),
  export_inodes_free_count: gauge(533, 100, 0.001),
  export_full_in_s: gauge(534, 3_600, 0.1),
  export_clients_count: gauge(535),
  nfs_client_asked_count: counter(540, 10),
  nfs_client_asked_bytes: counter(541, MIB),
  nfs_client_answered_count: counter(542, 10),
  nfs_client_answered_bytes: counter(543, MIB),
  nfs_client_asked_unix_s: gauge(544, 5),
  stp_bpdus_count: counter(545),
  trunk_flag: state(549),
  lldp_neighbour_text: text(546),
  lldp_seen_unix_s: gauge(547, 60),
  vlan_peer_state: state(552),
  vlan_peer_mac_text: text(548),
  netconsole_lines_count: counter(560, 100),
  netconsole_dropped_count: counter(561),

  port_admin_flag: state(600),
  port_bridge_text: text(601),
  port_stp_state: state(602),
  port_bpdu_guard_flag: state(603),
  port_role_text: text(604),
  port_vlans_text: text(605),
  port_macs_count: gauge(606),
  port_macs_text: text(607),
  port_neighbor_text: text(608),
  poe_admin_state: state(620),
  poe_status_text: text(621),
  poe_class_state: state(622),
  poe_allocated_watts_milli: gauge(623, 100),
  poe_actual_watts_milli: gauge(624, 200, 0.1),
  switch_change_state: state(630),
  switch_change_text: text(631),
  switch_drift_count: gauge(632),
  switch_drift_text: text(633),
  psu_present_flag: state(670),
  psu_lost_flag: state(671),
  psu_budget_watts_milli: gauge(672),
  poe_budget_watts_milli: gauge(673),
  poe_spare_budget_watts_milli: gauge(674),
  poe_allocated_total_watts_milli: gauge(675, 100),
  poe_shed_flag: state(676),
  poe_priority_state: state(677),
  power_actual_state: state(678),
  power_desired_state: state(679),
  power_drift_count: gauge(680),
  power_drift_text: text(681),
  sensor_temp_millidegrees: gauge(690, 2_000),
  sensor_temp_limit_millidegrees: gauge(691),
  sensor_fan_rpm: gauge(692, 200, 0.1),
  sensor_fan_least_rpm: gauge(693),
  sensor_alarm_flag: state(694),
  port_edge_flag: state(695),
  switch_file_text: text(700),
  port_wrong_board_flag: state(701),
  port_foreign_flag: state(702),
  port_mismatch_text: text(703),

  roots_driver_text: text(730),
  roots_isolation_flag: state(731),
  roots_quota_flag: state(732),
  root_generation_count: gauge(733),
  root_previous_count: gauge(734),
  root_newest_count: gauge(735),
  root_image_text: text(736),
  root_under_way_text: text(737),
  root_closed_text: text(738),
  root_hostname_text: text(739),
  root_host_key_text: text(740),

  unit_state: state(741),
} as const satisfies Record<string, Fact>;

export type FactName = keyof typeof FACTS;
export type TextFactName = { [Name in FactName]: Name extends `${string}_text` ? Name : never }[FactName];
export type NumberFactName = Exclude<FactName, TextFactName>;

/** One fact of one instance. `instance` is empty for the node itself. */
export type Sample =
  | { readonly fact: NumberFactName; readonly instance: string; readonly value: number }
  | { readonly fact: TextFactName; readonly instance: string; readonly value: string };

const NAME_BY_ID: ReadonlyMap<number, FactName> = new Map(
  Object.entries(FACTS).map(([name, fact]) => [fact.id, name as FactName]), // Object.entries widens the keys
);

/** `undefined` for a fact of a newer agent: it is skipped, never guessed. */
export function factName(id: number): FactName | undefined {
  return NAME_BY_ID.get(id);
}

export function isTextFact(name: FactName): name is TextFactName {
  return FACTS[name].kind === 'text';
}

/** Outcome of a collector's last run, as `collector_state` carries it. */
export const COLLECTOR_STATES = { ok: 1, 'no-data': 2, failed: 3, 'timed-out': 4 } as const;
export type CollectorState = keyof typeof COLLECTOR_STATES;

/** How the newest node config goes, as `config_state` carries it. */
export const CONFIG_STATES = { reached: 1, 'on-trial': 2, refused: 3, undone: 4 } as const;
export type ConfigState = keyof typeof CONFIG_STATES;

/** What becomes of a change of a switch's ports, as `switch_change_state` carries it. */
export const SWITCH_CHANGE_STATES = {
  none: 1,
  'on-trial': 2,
  'being-made': 3,
  'being-taken-back': 4,
  frozen: 5,
} as const;

/** What the service manager says of a unit, as `unit_state` carries it. */
export const UNIT_STATES = { active: 1, changing: 2, inactive: 3, failed: 4 } as const;

/** Largest magnitude that travels: beyond it a JavaScript number is no longer exact. */
export const FACT_VALUE_MAX = Number.MAX_SAFE_INTEGER;
