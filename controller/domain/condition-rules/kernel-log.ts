import { renderCount } from '../../../proto/contract/words.js';
import type { ConditionRule, KernelLogRules } from '../condition-rule.js';
import { HOUR_MS, logLinesWords, logWords, MINUTE_MS } from './words.js';

const OOPS: KernelLogRules = ['kernel-oops', 'kernel-panic'];
const WATCHDOG_MS = 10 * MINUTE_MS;
const BLOCKED_MS = 30 * MINUTE_MS;

/** What the kernel says of itself. What it says of cards, filesystems, voltage and NFS is with those. */
export const KERNEL_RULES: readonly ConditionRule[] = [
  {
    type: 'KernelOops',
    scope: 'instance',
    // It stands as long as the agent knows of it: only a reboot mends a kernel that lost one of its threads in the middle of
    // something. Source: Linux Documentation/admin-guide/bug-hunting.rst.
    measure: { kind: 'signs', flags: [], log: OOPS },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The kernel met a bug; whatever it was doing is lost, and the rest may follow.',
    remedy:
      'Keep its log (journalctl -k), then reboot the node; when it comes again, change the kernel, then the board.',
    message: (finding) => (finding.measured === 0 ? 'the kernel runs without a bug' : logWords(finding, OOPS)),
    dependsOn: ['Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'ProcessorStuck',
    scope: 'instance',
    measure: { kind: 'log-lines', log: ['lockup'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A processor was stuck in the kernel for many seconds.',
    remedy:
      'Keep its log (journalctl -k); when it comes again, cool the board, check its supply, then change the kernel.',
    message: (finding) => logLinesWords(finding, ['lockup'], HOUR_MS),
    dependsOn: ['KernelOops', 'Undervoltage', 'UndervoltageRecently', 'TemperatureCritical'],
  },
  {
    type: 'WatchdogLeftRunning',
    scope: 'instance',
    measure: { kind: 'log-lines', log: ['watchdog-left-running'], withinMs: WATCHDOG_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The program that fed the hardware watchdog ended without switching it off: it will reset the machine.',
    remedy:
      'Start the program again before the time runs out (15 s on a Pi), or let systemd feed it (RuntimeWatchdogSec=).',
    message: (finding) => logLinesWords(finding, ['watchdog-left-running'], WATCHDOG_MS),
    dependsOn: [],
  },
  {
    type: 'TasksBlocked',
    scope: 'instance',
    // Told after 120 s in an uninterruptible sleep. Source: Linux Documentation/admin-guide/sysctl/kernel.rst,
    // hung_task_timeout_secs.
    measure: { kind: 'log-lines', log: ['task-blocked'], withinMs: BLOCKED_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A program has waited in the kernel for minutes.',
    remedy: 'See in the kernel’s log which one, and what for: a card, a disk or a fileserver that does not answer.',
    message: (finding) => logLinesWords(finding, ['task-blocked'], BLOCKED_MS),
    dependsOn: [
      'NfsStalled',
      'NfsServerSilent',
      'StorageSaturated',
      'CardFailing',
      'StorageErrors',
      'KernelOops',
      'MemoryPressure',
    ],
  },
  {
    type: 'UsbOverCurrent',
    scope: 'instance',
    measure: { kind: 'log-lines', log: ['usb-over-current'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A USB device draws more current than the board gives.',
    remedy: 'Give the device power of its own, or put a powered hub between.',
    message: (finding) => logLinesWords(finding, ['usb-over-current'], HOUR_MS),
    dependsOn: [],
  },
  {
    type: 'KernelLogLost',
    scope: 'instance',
    measure: { kind: 'increase', facts: ['kernel_log_dropped_count'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The kernel wrote its log faster than it was read: some trouble may not have been seen.',
    remedy: 'See in the log what is repeated (journalctl -k); log_buf_len=4M in cmdline.txt makes room for more.',
    message: ({ measured }) => `${renderCount(measured, 'line')} of the kernel’s log overwritten unread within 1 h`,
    dependsOn: ['CardFailing', 'StorageErrors', 'KernelOops'],
  },
];
