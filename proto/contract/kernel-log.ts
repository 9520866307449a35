/**
 * What lines of the kernel's log mean, by the name of the rule that found them. Agents hold the patterns, controllers the words;
 * a name never changes its meaning.
 */

export interface KernelLogMeaning {
  /**
   * `temporary`: it happened, and is over. `permanent`: it goes on until the rule named by `clearedBy` matches, or until the
   * next boot where nothing in the log tells of an end; its count is that of the lines since it began.
   */
  readonly kind: 'temporary' | 'permanent';
  readonly clearedBy?: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** What it means, as the start of a sentence. */
  readonly words: string;
}

export const KERNEL_LOG_RULES = {
  'card-timeout': {
    kind: 'temporary',
    severity: 'error',
    words: 'the SD card did not answer in time',
  },
  'card-no-answer': {
    kind: 'temporary',
    severity: 'error',
    words: 'the SD card did not answer a command',
  },
  'card-command-failed': {
    kind: 'temporary',
    severity: 'error',
    words: 'reading or writing the SD card failed',
  },
  'card-reset': {
    kind: 'temporary',
    severity: 'error',
    words: 'the kernel had to reset the SD card',
  },
  'card-removed': {
    kind: 'temporary',
    severity: 'error',
    words: 'the SD card went away',
  },
  'card-error': {
    kind: 'temporary',
    severity: 'warning',
    words: 'the SD card reported an error',
  },
  'journal-aborted': {
    kind: 'temporary',
    severity: 'error',
    words: 'a filesystem gave up its journal and will be read-only',
  },
  'disk-error': {
    kind: 'temporary',
    severity: 'error',
    words: 'storage failed to read or write',
  },
  'ext4-error': {
    kind: 'temporary',
    severity: 'error',
    words: 'a filesystem is damaged',
  },
  'read-only-remount': {
    kind: 'permanent',
    clearedBy: 'writable-remount',
    severity: 'error',
    words: 'a filesystem turned read-only because of an error',
  },
  'writable-remount': {
    kind: 'temporary',
    severity: 'info',
    words: 'a filesystem was made writable again',
  },
  'journal-recovered': {
    kind: 'temporary',
    severity: 'info',
    words: 'a filesystem was not shut down in order, and recovered',
  },
  undervoltage: {
    kind: 'permanent',
    clearedBy: 'voltage-normal',
    severity: 'error',
    words: 'the supply voltage is too low',
  },
  'voltage-normal': {
    kind: 'temporary',
    severity: 'info',
    words: 'the supply voltage is right again',
  },
  'nfs-silent': {
    kind: 'permanent',
    clearedBy: 'nfs-answers',
    severity: 'error',
    words: 'a fileserver does not answer',
  },
  'nfs-answers': {
    kind: 'temporary',
    severity: 'info',
    words: 'a fileserver answers again',
  },
  'out-of-memory': {
    kind: 'temporary',
    severity: 'error',
    words: 'memory ran out and the kernel ended a program',
  },
  'task-blocked': {
    kind: 'temporary',
    severity: 'warning',
    words: 'a program has waited for storage or the network for minutes',
  },
  lockup: {
    kind: 'temporary',
    severity: 'error',
    words: 'a processor was stuck in the kernel',
  },
  'watchdog-left-running': {
    kind: 'temporary',
    severity: 'warning',
    words: 'a watchdog lost its program and will reset the machine',
  },
  'kernel-oops': {
    kind: 'temporary',
    severity: 'error',
    words: 'the kernel met a bug and ended what it was doing; it should be rebooted',
  },
  'kernel-panic': {
    kind: 'temporary',
    severity: 'error',
    words: 'the kernel gave up',
  },
  'usb-over-current': {
    kind: 'temporary',
    severity: 'warning',
    words: 'a USB device draws too much current',
  },
} as const satisfies Readonly<Record<string, KernelLogMeaning>>;

export type KernelLogRule = keyof typeof KERNEL_LOG_RULES;

/** `undefined` for a rule of a newer agent. */
export function kernelLogMeaning(rule: string): KernelLogMeaning | undefined {
  return isKernelLogRule(rule) ? KERNEL_LOG_RULES[rule] : undefined;
}

export function isKernelLogRule(rule: string): rule is KernelLogRule {
  return Object.hasOwn(KERNEL_LOG_RULES, rule);
}

/** Longest line that an event carries, characters. */
export const KERNEL_LOG_LINE_MAX_CHARACTERS = 200;
