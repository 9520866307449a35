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

  clock_synchronised_flag: state(110),
  clock_controller_offset_ms: gauge(111, 100, 0.05),
  clock_untrusted_flag: state(112),
  clock_rtc_present_flag: state(113),
  clock_steps_count: counter(114),

  boot_id_text: text(130),
  boot_agent_started_ms: gauge(131),

  agent_resident_bytes: gauge(150, MIB, 0.05),
  agent_cpu_ms: counter(151, 100),
  agent_stall_ms: gauge(152, 20, 0.5),
  agent_written_bytes: counter(153, 64 * 1024),
  agent_outbox_events_count: gauge(154),
  agent_outbox_dropped_count: counter(155),
  agent_values_refused_count: counter(156),
  agent_open_files_count: gauge(157, 4),
  agent_storage_failed_flag: state(158),
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

/** Largest magnitude that travels: beyond it a JavaScript number is no longer exact. */
export const FACT_VALUE_MAX = Number.MAX_SAFE_INTEGER;
