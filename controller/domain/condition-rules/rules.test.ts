import { expect, test } from 'vitest';
import type { ConditionRule } from '../condition-rule.js';
import { type JudgedCondition, judgeConditions } from '../conditions.js';
import { type Told, viewOf } from '../testing/told.js';
import { CONDITION_RULES } from './index.js';

const WALL_MS = Date.UTC(2026, 10, 21, 12);
const START_MS = 1_000_000_000;
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const DAY_MS = DAY_S * 1_000;
const MIB = 2 ** 20;

/** Seconds since 1970 of a time so long ago. */
const ago = (seconds: number): number => WALL_MS / 1_000 - seconds;
const node = (fact: keyof Told, value: number | string): Told => ({ [fact]: { '': value } });
const on = (instance: string, fact: keyof Told, value: number | string): Told => ({ [fact]: { [instance]: value } });
/** The kernel's log is read, and these rules matched so often. */
const log = (matches: Readonly<Record<string, number>>): Told => ({
  kernel_log_lines_count: { '': 500 },
  kernel_log_matches_count: matches,
});
const pi = (told: Told): Told => ({ board_soc_text: { '': 'BCM2711' }, ...told });
const filesystem = (free: number): Told => ({
  filesystem_size_bytes: { '/': 1_000 * MIB },
  filesystem_available_bytes: { '/': free * MIB },
});
const inodes = (free: number): Told => ({
  filesystem_inodes_count: { '/': 1_000 },
  filesystem_inodes_free_count: { '/': free },
});
const memory = (percent: number): Told => ({
  memory_total_bytes: { '': 1_000 * MIB },
  memory_available_bytes: { '': percent * 10 * MIB },
});
const hot = (now: number, critical: number): Told => ({
  temperature_millidegrees: { 'cpu-thermal': now },
  temperature_critical_millidegrees: { 'cpu-thermal': critical },
});
const load = (milli: number): Told => ({ load_5m_milli: { '': milli }, cpu_cores_count: { '': 4 } });
const link = (over: Told): Told => ({ network_operational_state: { eth0: 1 }, ...over });

interface Row {
  readonly type: string;
  /** What was told before, for what counts increases. */
  readonly from?: Told;
  readonly told: Told;
  /** How long ago the boot began. */
  readonly bootMs?: number;
  readonly boots?: number;
  /** "error", "warning", "info", or "fine"; "nothing" when the rule does not exist there. */
  readonly want: string;
  readonly says?: string;
}

const ROWS: Readonly<Record<string, Row>> = {
  // power
  'the low voltage flag is an error': {
    type: 'Undervoltage',
    told: node('power_undervoltage_flag', 1),
    want: 'error',
    says: 'the supply voltage is too low (below about 4.63 V) now',
  },
  'the alarm alone is an error too': { type: 'Undervoltage', told: node('power_alarm_flag', 1), want: 'error' },
  'the log alone is an error too': { type: 'Undervoltage', told: log({ undervoltage: 2 }), want: 'error' },
  'a log without low voltage is fine': { type: 'Undervoltage', told: log({ undervoltage: 0 }), want: 'fine' },
  'a board that says nothing of its supply has no verdict': { type: 'Undervoltage', told: {}, want: 'nothing' },
  'nine dips in an hour are a warning': {
    type: 'UndervoltageRecently',
    from: log({}),
    told: log({ 'voltage-normal': 9 }),
    want: 'warning',
    says: 'the supply voltage was too low: 9 dips within 1 h',
  },
  'ten dips in an hour are an error': {
    type: 'UndervoltageRecently',
    from: log({}),
    told: log({ 'voltage-normal': 10 }),
    want: 'error',
  },
  'no new dip is fine': {
    type: 'UndervoltageRecently',
    from: log({ 'voltage-normal': 4 }),
    told: log({ 'voltage-normal': 4 }),
    want: 'fine',
  },
  'low voltage earlier is worth knowing': {
    type: 'UndervoltageEarlier',
    told: node('power_undervoltage_since_boot_flag', 1),
    want: 'info',
    says: 'the supply voltage was too low at some time in this boot',
  },
  'no low voltage earlier is fine': {
    type: 'UndervoltageEarlier',
    told: node('power_undervoltage_since_boot_flag', 0),
    want: 'fine',
  },
  'throttling is a warning': {
    type: 'Throttled',
    told: node('power_throttled_flag', 1),
    want: 'warning',
    says: 'the firmware throttles the processor',
  },
  'no throttling is fine': { type: 'Throttled', told: node('power_throttled_flag', 0), want: 'fine' },
  'a capped frequency is a warning': {
    type: 'FrequencyCapped',
    told: node('power_frequency_capped_flag', 1),
    want: 'warning',
  },
  'a free frequency is fine': { type: 'FrequencyCapped', told: node('power_frequency_capped_flag', 0), want: 'fine' },
  'the soft limit is worth knowing': {
    type: 'SoftTemperatureLimit',
    told: node('power_soft_temperature_limit_flag', 1),
    want: 'info',
  },
  'below the soft limit is fine': {
    type: 'SoftTemperatureLimit',
    told: node('power_soft_temperature_limit_flag', 0),
    want: 'fine',
  },
  'a cap earlier is worth knowing': {
    type: 'SlowedEarlier',
    told: node('power_frequency_capped_since_boot_flag', 1),
    want: 'info',
  },
  'no throttling earlier is fine': {
    type: 'SlowedEarlier',
    told: node('power_throttled_since_boot_flag', 0),
    want: 'fine',
  },

  // thermal
  'less than 5 degrees below the critical point are an error': {
    type: 'TemperatureCritical',
    told: hot(105_001, 110_000),
    want: 'error',
    says: 'cpu-thermal has 105.0 °C; at 110.0 °C the kernel switches it off',
  },
  '5 degrees below the critical point are not': {
    type: 'TemperatureCritical',
    told: hot(105_000, 110_000),
    want: 'fine',
  },
  'a Pi at 85 °C is an error': { type: 'TemperatureHigh', told: pi(hot(85_000, 110_000)), want: 'error' },
  'a Pi just below 85 °C is a warning': {
    type: 'TemperatureHigh',
    told: pi(hot(84_250, 110_000)),
    want: 'warning',
    says: 'cpu-thermal has 84.3 °C',
  },
  'a Pi at 80 °C is a warning': { type: 'TemperatureHigh', told: pi(hot(80_000, 110_000)), want: 'warning' },
  'a Pi just below 80 °C is fine': { type: 'TemperatureHigh', told: pi(hot(79_999, 110_000)), want: 'fine' },
  'a PC may be hotter': { type: 'TemperatureHigh', told: hot(95_000, 110_000), want: 'nothing' },

  // storage
  'a card saturated for a minute of ten is a warning that names itself': {
    type: 'StorageSaturated',
    told: on('mmcblk0', 'disk_saturated_permille', 100),
    want: 'warning',
    says: 'mmcblk0 was given more to write than it can take for 10.0 % of the last 10 min; it may look like a dead card',
  },
  'a card saturated for less is fine': {
    type: 'StorageSaturated',
    told: on('mmcblk0', 'disk_saturated_permille', 99),
    want: 'fine',
  },
  'a card saturated for half of the time is an error': {
    type: 'StorageSaturated',
    told: on('mmcblk0', 'disk_saturated_permille', 500),
    want: 'error',
  },
  'one I/O error is an error': {
    type: 'StorageErrors',
    from: log({}),
    told: log({ 'disk-error': 1 }),
    want: 'error',
    says: '1 line of the kernel’s log within 1 h: storage failed to read or write',
  },
  'no new I/O error is fine': {
    type: 'StorageErrors',
    from: log({ 'disk-error': 1 }),
    told: log({ 'disk-error': 1 }),
    want: 'fine',
  },
  'writes of a second are a warning': {
    type: 'StorageWritesSlow',
    told: on('mmcblk0', 'disk_write_latency_us', 1_000_000),
    want: 'warning',
    says: 'a write to mmcblk0 takes 1.0 s on average',
  },
  'writes of less are fine': {
    type: 'StorageWritesSlow',
    told: on('mmcblk0', 'disk_write_latency_us', 999_999),
    want: 'fine',
  },
  'reads of half a second are a warning': {
    type: 'StorageReadsSlow',
    told: on('sda', 'disk_read_latency_us', 500_000),
    want: 'warning',
    says: 'a read from sda takes 500.0 ms on average',
  },
  'reads of less are fine': {
    type: 'StorageReadsSlow',
    told: on('sda', 'disk_read_latency_us', 499_999),
    want: 'fine',
  },
  'a filesystem that turned read-only is an error': {
    type: 'FilesystemTurnedReadOnly',
    told: log({ 'read-only-remount': 1 }),
    want: 'error',
  },
  'one that was made writable again is fine': {
    type: 'FilesystemTurnedReadOnly',
    told: log({ 'read-only-remount': 0 }),
    want: 'fine',
  },
  'an aborted journal is an error': {
    type: 'FilesystemErrors',
    from: log({}),
    told: log({ 'journal-aborted': 1, 'ext4-error': 1 }),
    want: 'error',
    says: '2 lines of the kernel’s log within 1 h: a filesystem is damaged; a filesystem gave up its journal and will be read-only',
  },
  'a log without filesystems is fine': { type: 'FilesystemErrors', from: log({}), told: log({}), want: 'fine' },
  'a filesystem with errors in its superblock is an error': {
    type: 'FilesystemDamaged',
    told: {
      ext4_errors_count: { mmcblk0p2: 2 },
      ext4_last_error_unix_s: { mmcblk0p2: Date.UTC(2026, 1, 3, 4, 5) / 1_000 },
    },
    want: 'error',
    says: 'mmcblk0p2 counts 2 errors since its last check, the last at 2026-02-03 04:05 UTC',
  },
  'a filesystem without errors is fine': {
    type: 'FilesystemDamaged',
    told: on('mmcblk0p2', 'ext4_errors_count', 0),
    want: 'fine',
  },
  'a read-only filesystem is an error': {
    type: 'FilesystemReadOnly',
    told: on('/', 'filesystem_read_only_flag', 1),
    want: 'error',
    says: '/ is mounted read-only',
  },
  'a writable filesystem is fine': {
    type: 'FilesystemReadOnly',
    told: on('/', 'filesystem_read_only_flag', 0),
    want: 'fine',
  },
  'under 3 % free is an error': { type: 'DiskSpaceLow', told: filesystem(29), want: 'error' },
  '3 % free is a warning': { type: 'DiskSpaceLow', told: filesystem(30), want: 'warning' },
  '10 % free is fine': { type: 'DiskSpaceLow', told: filesystem(100), want: 'fine' },
  'under 1 % of inodes is an error': { type: 'InodesLow', told: inodes(9), want: 'error' },
  '1 % of inodes is a warning': { type: 'InodesLow', told: inodes(10), want: 'warning' },
  '5 % of inodes is fine': { type: 'InodesLow', told: inodes(50), want: 'fine' },

  // card
  'two failures of a card within an hour are a warning': {
    type: 'CardFailing',
    from: log({}),
    told: log({ 'card-timeout': 1, 'card-reset': 1 }),
    want: 'warning',
  },
  'three failures of a card within an hour are an error': {
    type: 'CardFailing',
    from: log({ 'card-timeout': 1 }),
    told: log({ 'card-timeout': 3, 'card-reset': 1 }),
    want: 'error',
    says: '3 lines of the kernel’s log within 1 h: the SD card did not answer in time; the kernel had to reset the SD card',
  },
  'a card that failed long ago is fine': {
    type: 'CardFailing',
    from: log({ 'card-timeout': 9 }),
    told: log({ 'card-timeout': 9 }),
    want: 'fine',
  },
  'three errors of a card are a warning': {
    type: 'CardErrors',
    from: log({}),
    told: log({ 'card-error': 3 }),
    want: 'warning',
  },
  'two errors of a card are fine': { type: 'CardErrors', from: log({}), told: log({ 'card-error': 2 }), want: 'fine' },
  'a card that forgets is an error': {
    type: 'CardVerifyFailed',
    told: on('mmcblk0', 'card_verify_state', 2),
    want: 'error',
  },
  'a card that was not verified yet is no trouble': {
    type: 'CardVerifyFailed',
    told: on('mmcblk0', 'card_verify_state', 3),
    want: 'fine',
  },
  'a chip in the ninth tenth of its life is a warning': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 900),
    want: 'warning',
    says: 'mmcblk0 has used up to 90 % of its estimated life',
  },
  'a chip in the eighth tenth is fine': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 800),
    want: 'fine',
  },
  'a chip in the last tenth is a warning': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 1_000),
    want: 'warning',
  },
  'a chip beyond its life is an error': {
    type: 'CardWorn',
    told: on('mmcblk0', 'card_life_used_permille', 1_001),
    want: 'error',
  },
  'a chip with its reserve is fine': {
    type: 'CardReserveLow',
    told: on('mmcblk0', 'card_reserve_state', 1),
    want: 'fine',
  },
  'a chip with a fifth of its reserve is a warning': {
    type: 'CardReserveLow',
    told: on('mmcblk0', 'card_reserve_state', 2),
    want: 'warning',
  },
  'a chip with a tenth of its reserve is an error': {
    type: 'CardReserveLow',
    told: on('mmcblk0', 'card_reserve_state', 3),
    want: 'error',
  },

  // nfs
  'a mount that waits for 60 s is a warning': {
    type: 'NfsStalled',
    told: { ...on('/', 'nfs_stalled_ms', 60_000), ...on('/', 'nfs_server_text', '10.0.0.1:/export/pi') },
    want: 'warning',
    says: '/ (10.0.0.1:/export/pi) has got no answer for 1 min',
  },
  'a mount that waits for less is fine': { type: 'NfsStalled', told: on('/', 'nfs_stalled_ms', 59_999), want: 'fine' },
  'a mount that waits for 3 min is an error': {
    type: 'NfsStalled',
    told: on('/', 'nfs_stalled_ms', 180_000),
    want: 'error',
  },
  'a server that the kernel calls silent is an error': {
    type: 'NfsServerSilent',
    told: log({ 'nfs-silent': 1 }),
    want: 'error',
  },
  'a server that answers again is fine': { type: 'NfsServerSilent', told: log({ 'nfs-silent': 0 }), want: 'fine' },
  'one timeout is a warning': {
    type: 'NfsTimeouts',
    from: on('/', 'nfs_timeouts_count', 7),
    told: on('/', 'nfs_timeouts_count', 8),
    want: 'warning',
    says: '/: 1 timeout within 10 min',
  },
  'no new timeout is fine': {
    type: 'NfsTimeouts',
    from: on('/', 'nfs_timeouts_count', 7),
    told: on('/', 'nfs_timeouts_count', 7),
    want: 'fine',
  },
  '50 requests sent again are a warning': {
    type: 'NfsRetransmitting',
    from: on('/', 'nfs_retransmits_count', 7),
    told: on('/', 'nfs_retransmits_count', 57),
    want: 'warning',
  },
  '49 requests sent again are fine': {
    type: 'NfsRetransmitting',
    from: on('/', 'nfs_retransmits_count', 7),
    told: on('/', 'nfs_retransmits_count', 56),
    want: 'fine',
  },
  'half a second for an answer is a warning': {
    type: 'NfsSlow',
    told: on('/', 'nfs_round_trip_us', 500_000),
    want: 'warning',
  },
  'less for an answer is fine': { type: 'NfsSlow', told: on('/', 'nfs_round_trip_us', 499_999), want: 'fine' },

  // boot
  'four boots within 15 min are a loop': { type: 'BootLoop', told: {}, boots: 4, want: 'error' },
  'three are not': { type: 'BootLoop', told: {}, boots: 3, want: 'fine' },
  'a panic is an error for a day': {
    type: 'BootedByPanic',
    told: { ...node('boot_reason_state', 4), ...node('boot_crash_text', 'Kernel panic - not syncing: VFS') },
    bootMs: DAY_MS - 1,
    want: 'error',
    says: 'the kernel panicked before the last start: Kernel panic - not syncing: VFS',
  },
  'a panic is over after a day': {
    type: 'BootedByPanic',
    told: node('boot_reason_state', 4),
    bootMs: DAY_MS,
    want: 'fine',
  },
  'a break-down of the supply is a warning for a day': {
    type: 'BootedByUndervoltage',
    told: node('boot_reason_state', 5),
    bootMs: 0,
    want: 'warning',
  },
  'an orderly restart is no break-down': {
    type: 'BootedByUndervoltage',
    told: node('boot_reason_state', 2),
    bootMs: 0,
    want: 'fine',
  },
  'a bite of the watchdog is a warning for a day': {
    type: 'BootedByWatchdog',
    told: node('boot_reason_state', 3),
    bootMs: 0,
    want: 'warning',
  },
  'power on is no bite': { type: 'BootedByWatchdog', told: node('boot_reason_state', 1), bootMs: 0, want: 'fine' },
  'a recovered journal is worth knowing': {
    type: 'UncleanShutdown',
    told: log({ 'journal-recovered': 1 }),
    bootMs: 0,
    want: 'info',
  },
  'a filesystem that was closed is fine': { type: 'UncleanShutdown', told: log({}), bootMs: 0, want: 'fine' },
  'a Pi without a watchdog is worth knowing': {
    type: 'WatchdogMissing',
    told: pi(node('board_watchdog_flag', 0)),
    want: 'info',
  },
  'a Pi with a watchdog is fine': { type: 'WatchdogMissing', told: pi(node('board_watchdog_flag', 1)), want: 'fine' },
  'a PC needs none': { type: 'WatchdogMissing', told: node('board_watchdog_flag', 0), want: 'nothing' },

  // kernel
  'an oops is an error for as long as the agent knows of it': {
    type: 'KernelOops',
    told: log({ 'kernel-oops': 1 }),
    want: 'error',
    says: 'the kernel met a bug and ended what it was doing; it should be rebooted',
  },
  'a log without an oops is fine': { type: 'KernelOops', told: log({}), want: 'fine' },
  'a stuck processor is an error': {
    type: 'ProcessorStuck',
    from: log({}),
    told: log({ lockup: 1 }),
    want: 'error',
  },
  'processors that run are fine': { type: 'ProcessorStuck', from: log({}), told: log({}), want: 'fine' },
  'a watchdog that nobody feeds is a warning': {
    type: 'WatchdogLeftRunning',
    from: log({}),
    told: log({ 'watchdog-left-running': 1 }),
    want: 'warning',
  },
  'a watchdog that is fed is fine': { type: 'WatchdogLeftRunning', from: log({}), told: log({}), want: 'fine' },
  'a blocked task is a warning': {
    type: 'TasksBlocked',
    from: log({}),
    told: log({ 'task-blocked': 1 }),
    want: 'warning',
    says: '1 line of the kernel’s log within 30 min: a program has waited for storage or the network for minutes',
  },
  'no blocked task is fine': { type: 'TasksBlocked', from: log({}), told: log({}), want: 'fine' },
  'over-current is a warning': {
    type: 'UsbOverCurrent',
    from: log({}),
    told: log({ 'usb-over-current': 1 }),
    want: 'warning',
  },
  'USB within its current is fine': { type: 'UsbOverCurrent', from: log({}), told: log({}), want: 'fine' },
  'lines that nobody read are worth knowing': {
    type: 'KernelLogLost',
    from: node('kernel_log_dropped_count', 0),
    told: node('kernel_log_dropped_count', 40),
    want: 'info',
    says: '40 lines of the kernel’s log overwritten unread within 1 h',
  },
  'a log that was read is fine': {
    type: 'KernelLogLost',
    from: node('kernel_log_dropped_count', 40),
    told: node('kernel_log_dropped_count', 40),
    want: 'fine',
  },

  // memory and pressure
  'a killed process is an error': {
    type: 'OutOfMemoryKills',
    from: node('memory_oom_kills_count', 7),
    told: node('memory_oom_kills_count', 8),
    want: 'error',
    says: 'the kernel killed processes once within 10 min',
  },
  'no new kill is fine': {
    type: 'OutOfMemoryKills',
    from: node('memory_oom_kills_count', 7),
    told: node('memory_oom_kills_count', 7),
    want: 'fine',
  },
  'under 4 % of memory is an error': { type: 'MemoryLow', told: memory(3.9), want: 'error' },
  '4 % of memory is a warning': { type: 'MemoryLow', told: memory(4), want: 'warning' },
  '10 % of memory is fine': { type: 'MemoryLow', told: memory(10), want: 'fine' },
  'waiting for memory for 60 % is an error': {
    type: 'MemoryPressure',
    told: node('pressure_memory_full_permille', 600),
    want: 'error',
  },
  'waiting for memory for 20 % is a warning': {
    type: 'MemoryPressure',
    told: node('pressure_memory_full_permille', 200),
    want: 'warning',
    says: 'nothing could run for want of memory for 20.0 % of the last minute',
  },
  'waiting for memory for less is fine': {
    type: 'MemoryPressure',
    told: node('pressure_memory_full_permille', 199),
    want: 'fine',
  },
  'a load of 2 per core is a warning': { type: 'LoadHigh', told: load(8_000), want: 'warning' },
  'less load is fine': { type: 'LoadHigh', told: load(7_999), want: 'fine' },
  'waiting for a processor for 80 % is a warning': {
    type: 'CpuPressure',
    told: node('pressure_cpu_some_permille', 800),
    want: 'warning',
  },
  'waiting for a processor for less is fine': {
    type: 'CpuPressure',
    told: node('pressure_cpu_some_permille', 799),
    want: 'fine',
  },
  'waiting for storage for 50 % is a warning': {
    type: 'IoPressure',
    told: node('pressure_io_full_permille', 500),
    want: 'warning',
  },
  'waiting for storage for less is fine': {
    type: 'IoPressure',
    told: node('pressure_io_full_permille', 499),
    want: 'fine',
  },
  'four blocked processes are a warning': {
    type: 'ProcessesBlocked',
    told: node('processes_blocked_count', 4),
    want: 'warning',
    says: '4 blocked processes',
  },
  'three blocked processes are fine': {
    type: 'ProcessesBlocked',
    told: node('processes_blocked_count', 3),
    want: 'fine',
  },

  // clock
  'a minute behind the controller is an error': {
    type: 'ClockOffset',
    told: node('clock_controller_offset_ms', -60_000),
    want: 'error',
    says: 'its clock is 1 min behind the controller’s',
  },
  'two seconds ahead of the controller are a warning': {
    type: 'ClockOffset',
    told: node('clock_controller_offset_ms', 2_000),
    want: 'warning',
  },
  'less than two seconds are fine': {
    type: 'ClockOffset',
    told: node('clock_controller_offset_ms', 1_999),
    want: 'fine',
  },
  'a clock that nobody holds is a warning': {
    type: 'ClockUnsynchronised',
    told: node('clock_synchronised_flag', 0),
    want: 'warning',
  },
  'a clock that is held is fine': {
    type: 'ClockUnsynchronised',
    told: node('clock_synchronised_flag', 1),
    want: 'fine',
  },
  'a clock behind its floor is a warning': {
    type: 'ClockUntrusted',
    told: node('clock_untrusted_flag', 1),
    want: 'warning',
  },
  'a clock past its floor is fine': { type: 'ClockUntrusted', told: node('clock_untrusted_flag', 0), want: 'fine' },
  'a clock off by 128 ms is a warning': {
    type: 'ClockDrifting',
    told: node('clock_offset_us', -128_000),
    want: 'warning',
    says: 'the time service says that the clock is off by 128.0 ms',
  },
  'a clock off by less is fine': { type: 'ClockDrifting', told: node('clock_offset_us', 127_999), want: 'fine' },
  'three steps of the clock are a warning': {
    type: 'ClockStepping',
    from: node('clock_steps_count', 0),
    told: node('clock_steps_count', 3),
    want: 'warning',
  },
  'two steps of the clock are fine': {
    type: 'ClockStepping',
    from: node('clock_steps_count', 0),
    told: node('clock_steps_count', 2),
    want: 'fine',
  },
  'a boot in the past is worth knowing, with its reason': {
    type: 'ClockBootedInPast',
    told: { ...node('clock_booted_in_past_flag', 1), ...node('clock_rtc_present_flag', 0) },
    want: 'info',
    says: 'this boot began with a clock in the past: it has no real-time clock',
  },
  'a boot in the present is fine': {
    type: 'ClockBootedInPast',
    told: node('clock_booted_in_past_flag', 0),
    want: 'fine',
  },
  'a real-time clock off by a day is worth knowing': {
    type: 'RealTimeClockWrong',
    told: node('clock_rtc_offset_s', -86_400),
    want: 'info',
    says: 'the real-time clock and the clock differ by 1 d',
  },
  'a real-time clock in local time is fine': {
    type: 'RealTimeClockWrong',
    told: node('clock_rtc_offset_s', 43_200),
    want: 'fine',
  },
  'a leap second is worth knowing': {
    type: 'LeapSecondDue',
    told: node('clock_leap_state', 2),
    want: 'info',
    says: 'a second will be inserted at the end of this month (UTC)',
  },
  'no leap second is fine': { type: 'LeapSecondDue', told: node('clock_leap_state', 1), want: 'fine' },

  // network
  '50 errors are a warning': {
    type: 'NetworkErrors',
    from: on('eth0', 'network_receive_errors_count', 0),
    told: on('eth0', 'network_receive_errors_count', 50),
    want: 'warning',
  },
  '49 errors are fine': {
    type: 'NetworkErrors',
    from: on('eth0', 'network_receive_errors_count', 0),
    told: on('eth0', 'network_receive_errors_count', 49),
    want: 'fine',
  },
  'six changes of a link are a warning': {
    type: 'LinkFlapping',
    from: on('eth0', 'network_carrier_changes_count', 1),
    told: on('eth0', 'network_carrier_changes_count', 7),
    want: 'warning',
  },
  'five changes of a link are fine': {
    type: 'LinkFlapping',
    from: on('eth0', 'network_carrier_changes_count', 1),
    told: on('eth0', 'network_carrier_changes_count', 6),
    want: 'fine',
  },
  'half duplex is a warning': {
    type: 'LinkHalfDuplex',
    told: link(on('eth0', 'network_duplex_state', 2)),
    want: 'warning',
    says: 'eth0 runs in half duplex',
  },
  'full duplex is fine': { type: 'LinkHalfDuplex', told: link(on('eth0', 'network_duplex_state', 1)), want: 'fine' },
  'a link of 10 Mbit/s is a warning': {
    type: 'LinkSpeedLow',
    told: link(on('eth0', 'network_speed_mbps', 10)),
    want: 'warning',
    says: 'eth0 runs at 10 Mbit/s',
  },
  'a link of 100 Mbit/s is fine': {
    type: 'LinkSpeedLow',
    told: link(on('eth0', 'network_speed_mbps', 100)),
    want: 'fine',
  },
  'the 10 Mbit/s of a tunnel mean nothing': {
    type: 'LinkSpeedLow',
    told: { network_speed_mbps: { tun0: 10 }, network_tunnel_state: { tun0: 1 } },
    want: 'nothing',
  },
  '3000 drops are a warning': {
    type: 'NetworkDrops',
    from: on('eth0', 'network_receive_drops_count', 100),
    told: on('eth0', 'network_receive_drops_count', 3_100),
    want: 'warning',
    says: 'eth0 dropped 3000 frames within 5 min',
  },
  'the frames of a talkative switch are fine': {
    type: 'NetworkDrops',
    from: on('eth0', 'network_receive_drops_count', 100),
    told: on('eth0', 'network_receive_drops_count', 3_099),
    want: 'fine',
  },
  'a tunnel that is down is a warning': {
    type: 'TunnelDown',
    told: on('tun0', 'network_tunnel_state', 2),
    want: 'warning',
    says: 'tun0 is down or without an address',
  },
  'a tunnel that is up is fine': { type: 'TunnelDown', told: on('tun0', 'network_tunnel_state', 1), want: 'fine' },

  // agent
  'an agent that cannot write is an error': {
    type: 'AgentStorageFailed',
    told: node('agent_storage_failed_flag', 1),
    want: 'error',
  },
  'an agent that can write is fine': {
    type: 'AgentStorageFailed',
    told: node('agent_storage_failed_flag', 0),
    want: 'fine',
  },
  'a collector that times out is a warning': {
    type: 'CollectorFailing',
    told: on('nfs', 'collector_state', 4),
    want: 'warning',
    says: 'collector nfs takes too long',
  },
  'a collector without data is fine': { type: 'CollectorFailing', told: on('nfs', 'collector_state', 2), want: 'fine' },
  'a dropped event is a warning': {
    type: 'OutboxDropping',
    from: node('agent_outbox_dropped_count', 0),
    told: node('agent_outbox_dropped_count', 1),
    want: 'warning',
  },
  'no dropped event is fine': {
    type: 'OutboxDropping',
    from: node('agent_outbox_dropped_count', 1),
    told: node('agent_outbox_dropped_count', 1),
    want: 'fine',
  },
  'a refused value is a warning': {
    type: 'AgentValuesRefused',
    from: node('agent_values_refused_count', 0),
    told: node('agent_values_refused_count', 1),
    want: 'warning',
  },
  'no refused value is fine': {
    type: 'AgentValuesRefused',
    from: node('agent_values_refused_count', 1),
    told: node('agent_values_refused_count', 1),
    want: 'fine',
  },
  'an agent of 80 MiB is a warning': {
    type: 'AgentMemoryHigh',
    told: node('agent_resident_bytes', 80 * MIB),
    want: 'warning',
    says: 'the agent uses 80.0 MiB of memory',
  },
  'an agent of less is fine': {
    type: 'AgentMemoryHigh',
    told: node('agent_resident_bytes', 80 * MIB - 1),
    want: 'fine',
  },
  'an agent that takes a twentieth of a core is a warning': {
    type: 'AgentCpuHigh',
    from: node('agent_cpu_ms', 1_000),
    told: node('agent_cpu_ms', 91_000),
    want: 'warning',
    says: 'the agent used 1 min 30 s of processor time within 30 min',
  },
  'an agent that takes less is fine': {
    type: 'AgentCpuHigh',
    from: node('agent_cpu_ms', 1_000),
    told: node('agent_cpu_ms', 90_999),
    want: 'fine',
  },
  'an agent that writes 16 MiB is a warning': {
    type: 'AgentWritesHigh',
    from: node('agent_written_bytes', 0),
    told: node('agent_written_bytes', 16 * MIB),
    want: 'warning',
  },
  'an agent that writes less is fine': {
    type: 'AgentWritesHigh',
    from: node('agent_written_bytes', 0),
    told: node('agent_written_bytes', 16 * MIB - 1),
    want: 'fine',
  },
  'an agent that stands still for a second is a warning': {
    type: 'AgentStalling',
    told: node('agent_stall_ms', 1_000),
    want: 'warning',
  },
  'an agent that stands still for less is fine': {
    type: 'AgentStalling',
    told: node('agent_stall_ms', 999),
    want: 'fine',
  },
  'an agent with 512 files is a warning': {
    type: 'AgentFilesHigh',
    told: node('agent_open_files_count', 512),
    want: 'warning',
  },
  'an agent with fewer is fine': { type: 'AgentFilesHigh', told: node('agent_open_files_count', 511), want: 'fine' },

  // upkeep
  'a backup of a week ago is an error': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(7 * DAY_S)),
    want: 'error',
    says: 'backup home last ended well 7 d ago',
  },
  'a backup of 36 hours ago is a warning': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(36 * HOUR_S)),
    want: 'warning',
    says: 'backup home last ended well 1 d 12 h ago',
  },
  'a younger backup is fine': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(36 * HOUR_S - 2)),
    want: 'fine',
  },
  'a backup in the future is not called old': {
    type: 'BackupOld',
    told: on('home', 'backup_finished_unix_s', ago(-90 * DAY_S)),
    want: 'fine',
  },
  'a security update that waits for days is a warning': {
    type: 'SecurityUpdatesPending',
    told: node('packages_security_count', 1),
    want: 'warning',
    says: '1 security update not installed',
  },
  'no security update is fine': {
    type: 'SecurityUpdatesPending',
    told: node('packages_security_count', 0),
    want: 'fine',
  },
  'lists of two weeks ago are a warning': {
    type: 'PackageListsOld',
    told: node('packages_refreshed_unix_s', ago(14 * DAY_S)),
    want: 'warning',
    says: 'the lists of packages were fetched 14 d ago',
  },
  'younger lists are fine': {
    type: 'PackageListsOld',
    told: node('packages_refreshed_unix_s', ago(14 * DAY_S - 2)),
    want: 'fine',
  },
  'a reboot that is due is worth knowing': {
    type: 'RebootRequired',
    told: node('reboot_required_flag', 1),
    want: 'info',
    says: 'installed updates wait for a reboot',
  },
  'no reboot due is fine': { type: 'RebootRequired', told: node('reboot_required_flag', 0), want: 'fine' },
  'a bootloader of two years ago is worth knowing': {
    type: 'BootloaderOld',
    told: node('board_bootloader_built_unix_s', ago(730 * DAY_S)),
    want: 'info',
    says: 'the bootloader was built 730 d ago',
  },
  'a younger bootloader is fine': {
    type: 'BootloaderOld',
    told: node('board_bootloader_built_unix_s', ago(730 * DAY_S - 2)),
    want: 'fine',
  },
};

function ruleOf(type: string): ConditionRule {
  const found = CONDITION_RULES.find((known) => known.type === type);
  if (found === undefined) throw new Error(`no rule ${type}`);
  return found;
}

/** Judges what was told before, then what is told, at once and when it has held for as long as the rule wants. */
function judge(row: Row): { early: JudgedCondition | undefined; last: JudgedCondition | undefined } {
  const rule = ruleOf(row.type);
  const { bootMs = 0, boots = 1 } = row;
  const view = (told: Told, atMs: number) => viewOf(told, new Array<number>(boots).fill(atMs - bootMs));
  let conditions: readonly JudgedCondition[] = [];
  const at = (told: Told, afterMs: number): JudgedCondition | undefined => {
    // The wall clock stands still, so that ages are those of the row.
    const judged = judgeConditions([rule], view(told, START_MS + afterMs), conditions, START_MS + afterMs, WALL_MS);
    conditions = judged.conditions;
    return conditions.at(-1);
  };
  if (row.from !== undefined) at(row.from, 0);
  at(row.told, 1_000);
  const early = rule.forMs === 0 ? undefined : at(row.told, 1_000 + rule.forMs - 1);
  return { early, last: rule.forMs === 0 ? conditions.at(-1) : at(row.told, 1_000 + rule.forMs) };
}

test.for(Object.entries(ROWS))('%s', ([, row]) => {
  const { early, last } = judge(row);
  if (early !== undefined) expect(early.status).toBe('false');
  const verdict = last === undefined ? 'nothing' : last.status === 'true' ? last.severity : last.status;
  expect(verdict).toBe(row.want === 'fine' ? 'false' : row.want);
  if (row.says !== undefined) expect(last?.message).toBe(row.says);
  if (last?.status === 'true') expect(last.message).not.toMatch(/undefined|NaN|^$/);
});

test.for(CONDITION_RULES)('$type is shown with each of its severities, and without trouble', ({ type, levels }) => {
  const shown = new Set(Object.values(ROWS).flatMap((row) => (row.type === type ? [row.want] : [])));
  expect([...shown]).toEqual(expect.arrayContaining(['fine', ...levels.map(({ severity }) => severity)]));
});

test('the end of a trouble is told as an end', () => {
  for (const row of Object.values(ROWS)) {
    const { last } = judge(row);
    const flags = ['is-one-of', 'signs'].includes(ruleOf(row.type).measure.kind);
    if (last?.status !== 'true' || !flags) continue;
    const good = last.rule.message({ measured: 0, instance: last.instance, facts: viewOf(row.told) });
    expect(good).not.toBe(last.message);
  }
});
