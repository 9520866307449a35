import { renderCount } from '../../../proto/contract/words.js';
import type { ConditionRule, KernelLogRules } from '../condition-rule.js';
import { DAY_MS, HOUR_MS, logLinesWords, where } from './words.js';

const REPLACE = 'Save what is on it, and replace it; a node that boots from the network does not need it at all.';

/** Each of them means that a request to the card was lost or had to be made again. */
const FAILURES: KernelLogRules = [
  'card-timeout',
  'card-no-answer',
  'card-command-failed',
  'card-reset',
  'card-removed',
];

export const CARD_RULES: readonly ConditionRule[] = [
  {
    type: 'CardFailing',
    scope: 'instance',
    // The driver waits 10 s for a card before it says so (Linux drivers/mmc/host/sdhci.c, sdhci_send_command()). One such time
    // may be contact or voltage; three within an hour are chosen because what recovers does not come back so often.
    measure: { kind: 'log-lines', log: FAILURES, withinMs: HOUR_MS },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 3, clearAt: 1 },
      { severity: 'warning', at: 1, clearAt: 1 },
    ],
    forMs: 0,
    title: 'The SD card does not answer as it should.',
    remedy:
      'When its writes were saturated or the voltage was low, mend that first: both look like a dying card. Otherwise save what ' +
      'is on it and replace it.',
    message: (finding) => logLinesWords(finding, FAILURES, HOUR_MS),
    dependsOn: ['StorageSaturated', 'Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'CardErrors',
    scope: 'instance',
    // The kernel's words for these are not closed, and single ones come with a start or a Wi-Fi chip on the same bus.
    measure: { kind: 'log-lines', log: ['card-error'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 3, clearAt: 1 }],
    forMs: 0,
    title: 'The SD card reports errors.',
    remedy: 'Read them in the kernel’s log (journalctl -k -g mmc); press the card home, then try another one.',
    message: (finding) => logLinesWords(finding, ['card-error'], HOUR_MS),
    dependsOn: ['CardFailing', 'StorageSaturated', 'Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'CardVerifyFailed',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'card_verify_state', values: [2] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The card lost data that it had acknowledged as written.',
    remedy: REPLACE,
    message: (finding) =>
      finding.measured === 0
        ? `${where(finding)} kept what it had acknowledged`
        : `${where(finding)} lost data across a power cycle that it had acknowledged as written`,
    dependsOn: [],
  },
  {
    type: 'CardForgot',
    scope: 'instance',
    // The agent tells the number only once it is synced. It starts anew with a new card, which then has not been verified yet.
    measure: { kind: 'step-back', fact: 'card_verify_sequence_count', withinMs: 7 * DAY_MS },
    onlyWhere: { fact: 'card_verify_state', values: [1, 2] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The card went back to what it held some time ago.',
    remedy: REPLACE,
    message: (finding) =>
      `${where(finding)} lost the last ${renderCount(finding.measured, 'write')} of those that are looked for after a boot`,
    dependsOn: ['CardVerifyFailed'],
  },
  {
    type: 'CardWorn',
    scope: 'instance',
    // Upper end of a tenth: 900 is the ninth one, 1001 is beyond what the maker estimated.
    // Source: JESD84-B51, DEVICE_LIFE_TIME_EST_TYP_A; 0x0B is "exceeded its maximum estimated life time".
    measure: { kind: 'value', fact: 'card_life_used_permille' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 1_001, clearAt: 1_001 },
      { severity: 'warning', at: 900, clearAt: 900 },
    ],
    forMs: 0,
    title: 'The eMMC chip has used up most of the life that its maker estimated.',
    remedy: REPLACE,
    message: (finding) =>
      finding.measured > 1_000
        ? `${where(finding)} is beyond its estimated life`
        : `${where(finding)} has used up to ${finding.measured / 10} % of its estimated life`,
    dependsOn: [],
  },
  {
    type: 'CardReserveLow',
    scope: 'instance',
    // PRE_EOL_INFO: 2 is "warning", 3 is "urgent". Source: JESD84-B51.
    measure: { kind: 'value', fact: 'card_reserve_state' },
    when: 'at-least',
    levels: [
      { severity: 'error', at: 3, clearAt: 3 },
      { severity: 'warning', at: 2, clearAt: 2 },
    ],
    forMs: 0,
    title: 'The eMMC chip has used up most of its spare blocks.',
    remedy: REPLACE,
    message: (finding) => {
      const used = finding.measured >= 3 ? 'at least 90 %' : finding.measured === 2 ? 'at least 80 %' : 'few';
      return `${where(finding)} has used ${used} of its spare blocks`;
    },
    dependsOn: ['CardWorn'],
  },
];
