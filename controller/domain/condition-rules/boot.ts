import { visible } from '../../../proto/contract/visible.js';
import type { ConditionRule, Finding } from '../condition-rule.js';
import { DAY_MS, MINUTE_MS, ON_A_PI } from './words.js';

/** As boot_reason_state carries them. */
const REASONS = { watchdog: 3, panic: 4, undervoltage: 5 } as const;

/** A start is news for a day: chosen because it then was seen at the start of somebody's work; the events keep it for longer. */
const NEWS_MS = DAY_MS;
const over = 'its last unexpected start is more than a day ago, or was followed by an orderly one';

function panicWords(finding: Finding): string {
  if (finding.measured === 0) return over;
  const crash = finding.facts.text('boot_crash_text', '');
  return `the kernel panicked before the last start${crash === undefined ? '' : `: ${visible(crash, 200)}`}`;
}

export const BOOT_RULES: readonly ConditionRule[] = [
  {
    type: 'BootLoop',
    scope: 'node',
    measure: { kind: 'boots', withinMs: 15 * MINUTE_MS },
    when: 'at-least',
    levels: [{ severity: 'error', at: 4, clearAt: 2 }],
    forMs: 0,
    title: 'The node boots again and again.',
    remedy: 'Check power supply and cable first, then the kernel log of the last boot; a watchdog may be biting.',
    message: (finding) => `${finding.measured} boots within 15 min`,
    dependsOn: [
      'Undervoltage',
      'BootedByUndervoltage',
      'BootedByPanic',
      'BootedByWatchdog',
      'TemperatureCritical',
      'UndervoltageRecently',
    ],
  },
  {
    type: 'BootedByPanic',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'boot_reason_state', values: [REASONS.panic], withinBootMs: NEWS_MS },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The kernel panicked, and the node started anew.',
    remedy:
      'Read the record (/sys/fs/pstore, /var/lib/systemd/pstore); when it comes again, change the kernel, then the board.',
    message: panicWords,
    dependsOn: ['Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'BootedByUndervoltage',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'boot_reason_state', values: [REASONS.undervoltage], withinBootMs: NEWS_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The node started anew because its supply voltage broke down.',
    remedy: 'Change the power supply or its cable; take USB devices off or give them power of their own.',
    message: ({ measured }) =>
      measured === 0 ? over : 'the supply voltage broke down, and the board started anew when it was back',
    dependsOn: ['Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'BootedByWatchdog',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'boot_reason_state', values: [REASONS.watchdog], withinBootMs: NEWS_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The hardware watchdog reset the node: the system had hung.',
    remedy:
      'See how the log of the boot before ends (journalctl -b -1 -e): storage, memory, voltage and heat come first.',
    message: ({ measured }) =>
      measured === 0 ? over : 'the hardware watchdog reset the node, because the system had hung',
    dependsOn: ['Undervoltage', 'UndervoltageRecently', 'KernelOops', 'CardFailing', 'NfsStalled'],
  },
  {
    type: 'UncleanShutdown',
    scope: 'instance',
    measure: { kind: 'signs', flags: [], log: ['journal-recovered'], withinBootMs: NEWS_MS },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The node was not shut down in order; its filesystem recovered.',
    remedy: 'Nothing, when somebody took its power; otherwise see why it went down.',
    message: ({ measured }) =>
      measured === 0 ? over : 'a filesystem was not shut down in order before this boot, and recovered',
    dependsOn: ['BootedByPanic', 'BootedByUndervoltage', 'BootedByWatchdog', 'BootLoop'],
  },
  {
    type: 'WatchdogMissing',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'board_watchdog_flag', values: [0] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    onlyWhere: ON_A_PI, // each of them has one: bcm2835_wdt
    title: 'The kernel offers no hardware watchdog: a node that hangs stays so until somebody takes its power.',
    remedy:
      'Use a kernel with bcm2835_wdt (that of Raspberry Pi OS has it), and RuntimeWatchdogSec=15 in systemd’s system.conf.',
    message: ({ measured }) => (measured === 0 ? 'there is a hardware watchdog' : 'there is no hardware watchdog'),
    dependsOn: [],
  },
];
