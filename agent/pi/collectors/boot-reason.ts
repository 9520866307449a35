import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { listNumbered, readCount } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';
import { readCell } from './device-tree.js';

/** Why a machine started, as boot_reason_state carries it. */
const BOOT_REASONS = { 'power-on': 1, orderly: 2, watchdog: 3, panic: 4, undervoltage: 5 } as const;
export type BootReason = keyof typeof BOOT_REASONS;

/** What there is to judge from; `undefined` = does not say. */
export interface BootEvidence {
  /** PM_RSTS at boot, from the firmware of a Pi. */
  readonly resetStatus: number | undefined;
  /** Why the power chip of a Pi 5 had cut the power. */
  readonly powerReset: number | undefined;
  /** Flags of all watchdogs together. */
  readonly watchdogStatus: number | undefined;
  /** First line of a panic that a crash left behind. */
  readonly crash: string | undefined;
}

/**
 * PM_RSTS: the chip had a power-on reset. Linux drivers/watchdog/bcm2835_wdt.c knows the register and that its bits 0, 2, 4,
 * 6, 8 and 10 carry the partition to boot from; Broadcom's register list names this bit HADPOR, and bit 5 HADWRF.
 */
const HAD_POWER_ON_RESET = 0x1000;
/** A full reset by the watchdog timer. That driver restarts the machine by it too: an orderly restart looks the same. */
const HAD_WATCHDOG_RESET = 0x20;
/** raspberrypi.com documentation, /chosen/power/power_reset of the Pi 5. It stays set over restarts that keep the power. */
const POWER_RESET_UNDERVOLTAGE = 0x02;

/** Linux include/uapi/linux/watchdog.h. */
const WDIOF_POWERUNDER = 0x10;
const WDIOF_CARDRESET = 0x20;

/**
 * The reason that the evidence proves; `undefined` when it proves none. Power-on comes first: what crashed before the power
 * went says nothing about why it came. An orderly restart leaves no trace that a hang would not leave too, so it is not told.
 */
export function judgeBootReason(evidence: BootEvidence): BootReason | undefined {
  const { resetStatus = 0, powerReset = 0, watchdogStatus = 0, crash } = evidence;
  if ((resetStatus & HAD_POWER_ON_RESET) !== 0 && (resetStatus & HAD_WATCHDOG_RESET) === 0) {
    return (powerReset & POWER_RESET_UNDERVOLTAGE) === 0 ? 'power-on' : 'undervoltage';
  }
  if ((watchdogStatus & WDIOF_POWERUNDER) !== 0) return 'undervoltage';
  if (crash !== undefined) return 'panic';
  return (watchdogStatus & WDIOF_CARDRESET) === 0 ? undefined : 'watchdog';
}

const PANIC_LINE = /Kernel panic - not syncing[^\n]*/;

/** A line of a crash is for people; the rest of the record stays where it is. */
const CRASH_LENGTH_MAX = 200;

/**
 * The panic in a record of pstore: "REASON#COUNT PartN", then the end of the kernel's log with its stamps. `undefined` when
 * the record is of something else (an oops that the machine survived). Sources: Linux fs/pstore/platform.c, pstore_dump();
 * Documentation/admin-guide/ramoops.rst.
 */
export function parseCrash(text: string): string | undefined {
  const panic = PANIC_LINE.exec(text)?.[0];
  if (panic === undefined && !/^Panic#\d+ Part\d+\n/.test(text)) return undefined;
  const line = panic ?? 'Kernel panic';
  return line
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
    .slice(0, CRASH_LENGTH_MAX);
}

const WATCHDOGS = '/sys/class/watchdog';
const PSTORE = '/sys/fs/pstore';
const RECORDS_MAX = 32;

/**
 * Why the machine started, as far as that can be known. Records of pstore are readable to root alone on many systems, and
 * systemd-pstore(8) takes them away soon after the boot: a panic may stay unknown.
 */
export function makeBootReasonCollector(): Collector {
  return {
    name: 'boot-reason',
    intervalMs: 3_600_000,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const evidence = readEvidence(kernel);
      const reason = judgeBootReason(evidence);
      const samples = new Samples();
      samples.number('boot_reason_state', reason === undefined ? undefined : BOOT_REASONS[reason]);
      samples.text('boot_crash_text', evidence.crash);
      return samples.list.length === 0 ? noData('nothing tells why the machine started') : ok(samples.list);
    },
  };
}

function readEvidence(kernel: KernelFiles): BootEvidence {
  const statuses = listNumbered(kernel, WATCHDOGS, 'watchdog').flatMap(
    (name) => readCount(kernel, `${WATCHDOGS}/${name}/bootstatus`) ?? [],
  );
  return {
    // Older bootloaders wrote the name as pm_rsts.
    resetStatus: readCell(kernel, 'chosen/bootloader/rsts') ?? readCell(kernel, 'chosen/bootloader/pm_rsts'),
    powerReset: readCell(kernel, 'chosen/power/power_reset'),
    watchdogStatus: statuses.length === 0 ? undefined : statuses.reduce((all, status) => all | status, 0),
    crash: readCrash(kernel),
  };
}

/** Of many parts of one crash, the one with the panic's own line says most. */
function readCrash(kernel: KernelFiles): string | undefined {
  const records = (kernel.list(PSTORE) ?? []).filter((name) => name.startsWith('dmesg-')).slice(0, RECORDS_MAX);
  const crashes = records.flatMap((name) => parseCrash(kernel.readText(`${PSTORE}/${name}`) ?? '') ?? []);
  return crashes.find((line) => line !== 'Kernel panic') ?? crashes[0];
}
