/** Words and spans that the rules share. */

import type { NumberFactName } from '../../../proto/contract/facts.js';
import { KERNEL_LOG_RULES, type KernelLogRule } from '../../../proto/contract/kernel-log.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes, renderCount, renderDuration } from '../../../proto/contract/words.js';
import type { Finding, KernelLogRules, Where } from '../condition-rule.js';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const MIB = 2 ** 20;

/** Boards whose system on a chip is one of the Raspberry Pi's. Source: raspberrypi.com documentation, "Processors". */
export const ON_A_PI: Where = {
  fact: 'board_soc_text',
  values: ['BCM2835', 'BCM2836', 'BCM2837', 'BCM2711', 'BCM2712'],
};

/** What the finding is about; a node wrote it, so it is made inert. */
export const where = ({ instance }: Finding): string => visible(instance, 80);

export function bytesOf({ facts, instance }: Finding, fact: NumberFactName): string {
  const bytes = facts.number(fact, instance);
  return bytes === undefined ? 'an unknown amount' : renderBytes(bytes);
}

/** 2, "error", 300_000 -> "2 errors within 5 min". */
export const countWithin = (count: number, noun: string, withinMs: number): string =>
  `${renderCount(count, noun)} within ${renderDuration(withinMs)}`;

/** 1234 µs -> "1.2 ms". */
export function renderMicroseconds(us: number): string {
  return us < 1_000_000 ? `${(us / 1_000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}

/** 84250 -> "84.3 °C". */
export const renderDegrees = (millidegrees: number): string => `${(millidegrees / 1_000).toFixed(1)} °C`;

/** Of the given rules of the kernel's log, the meaning of those that have matched. */
export function logWords({ facts }: Finding, rules: readonly KernelLogRule[]): string {
  const matched = rules.filter((rule) => (facts.number('kernel_log_matches_count', rule) ?? 0) > 0);
  return matched.map((rule) => KERNEL_LOG_RULES[rule].words).join('; ');
}

/** "3 lines of the kernel's log within 1 h: the SD card did not answer in time". */
export function logLinesWords(finding: Finding, rules: KernelLogRules, withinMs: number): string {
  const lines = `${renderCount(finding.measured, 'line')} of the kernel’s log within ${renderDuration(withinMs)}`;
  const meaning = finding.measured > 0 ? logWords(finding, rules) : '';
  return meaning === '' ? lines : `${lines}: ${meaning}`;
}
