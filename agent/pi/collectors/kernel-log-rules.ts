import type { KernelLogRule } from '../../../proto/contract/kernel-log.js';

/** How a line is recognised. What it means is in the contract, under the same name. */
export interface KernelLogPattern {
  /** Stands in every line that matches, letter by letter: most lines hold none of these and are looked at no further. */
  readonly needle: string;
  readonly pattern: RegExp;
}

/**
 * In this order; a line belongs to the first rule that matches it. Sources: the messages of Linux drivers/mmc/host/{sdhci,
 * bcm2835,bcm2835-sdhost}.c, drivers/mmc/core/{core,block,bus}.c, fs/jbd2/journal.c, fs/ext4/super.c, block/blk-core.c,
 * drivers/hwmon/raspberrypi-hwmon.c, net/sunrpc/clnt.c, mm/oom_kill.c, kernel/hung_task.c, kernel/watchdog.c,
 * drivers/watchdog/watchdog_dev.c, arch/arm64/mm/fault.c, kernel/panic.c, drivers/usb/core/hub.c; older wordings included.
 */
export const KERNEL_LOG_PATTERNS: Readonly<Record<KernelLogRule, KernelLogPattern>> = {
  'card-timeout': {
    needle: 'Timeout waiting for hardware',
    pattern: /^(?:mmc\d|sdhost|mmc-bcm2835).*Timeout waiting for hardware (?:cmd )?interrupt/,
  },
  'card-command-failed': { needle: 'r/w command failed', pattern: /^mmcblk\d.*r\/w command failed/ },
  'card-reset': { needle: 'reset card', pattern: /^mmc\d.*tried to (?:[HS]W )?reset card/ },
  'card-removed': { needle: 'removed', pattern: /^mmc\d+: card \w+ removed/ },
  'card-no-answer': { needle: 'error -110', pattern: /^mmc(?:blk)?\d.*error -110\b/ },
  'card-error': { needle: 'mmc', pattern: /^mmc(?:blk)?\d.*\b(?:error|failed)\b/ },
  'journal-aborted': { needle: 'Aborting journal', pattern: /Aborting journal on device/ },
  'disk-error': { needle: 'I/O error', pattern: /(?:blk_update_request: |^|Buffer )I\/O error,? (?:on )?dev/ },
  'read-only-remount': {
    needle: 'emounting filesystem read-only',
    pattern: /^EXT\d-fs .*[Rr]emounting filesystem read-only/,
  },
  'ext4-error': { needle: 'EXT4-fs error', pattern: /^EXT4-fs error/ },
  'writable-remount': { needle: 're-mounted', pattern: /^EXT4-fs \(\S+\): re-mounted .*\br\/w\b/ },
  'journal-recovered': { needle: 'recovery complete', pattern: /^EXT\d-fs .*recovery complete/ },
  undervoltage: { needle: 'oltage detected', pattern: /Under-?voltage detected/i },
  'voltage-normal': { needle: 'oltage normalised', pattern: /Voltage normalised/i },
  'nfs-silent': { needle: 'not responding', pattern: /^(?:lockd|nfs): server \S+ not responding/ },
  'nfs-answers': { needle: ' OK', pattern: /^(?:lockd|nfs): server \S+ OK$/ },
  'out-of-memory': {
    needle: 'ut of memory',
    pattern: /^(?:Out of memory|Memory cgroup out of memory): Kill(?:ed)? process/,
  },
  'task-blocked': { needle: 'blocked for more than', pattern: /task .+ blocked for more than \d+ seconds/ },
  lockup: {
    needle: 'CPU',
    pattern: /soft lockup - CPU#\d+ stuck|hard LOCKUP on [Cc][Pp][Uu]|rcu.*detected (?:expedited )?stalls? on CPU/,
  },
  'watchdog-left-running': { needle: 'did not stop', pattern: /watchdog did not stop/ },
  'kernel-panic': { needle: 'Kernel panic', pattern: /^Kernel panic - / },
  'kernel-oops': {
    needle: 'rnel',
    pattern: /^Unable to handle kernel |^BUG: (?:kernel|unable to handle) |^kernel BUG at /,
  },
  'usb-over-current': { needle: 'over-current', pattern: /over-current (?:change|condition)/ },
};

/** Rule names and patterns, in the order in which they are tried. */
const ORDERED = Object.entries(KERNEL_LOG_PATTERNS).map(([rule, { needle, pattern }]) => ({
  rule: rule as KernelLogRule, // Object.entries widens the keys
  needle,
  pattern,
}));

/** True for every line that holds a needle. */
const WORTH_A_LOOK = new RegExp(
  [...new Set(ORDERED.map(({ needle }) => needle))]
    .map((needle) => needle.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    .join('|'),
);

/** The rule that a line of the kernel belongs to; `undefined` for all the others, which are nearly all. */
export function matchKernelLine(line: string): KernelLogRule | undefined {
  if (!WORTH_A_LOOK.test(line)) return undefined;
  return ORDERED.find(({ needle, pattern }) => line.includes(needle) && pattern.test(line))?.rule;
}
