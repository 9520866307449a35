import { expect, test } from 'vitest';
import type { ConditionRule } from '../condition-rule.js';
import { judgeRow, type RuleRows, verdictOf } from './rule-rows.js';
import { viewOf } from './told.js';

/** Tests of one subject: every row, and that the rows show every rule with each of its severities and without trouble. */
export function describeRules(rules: readonly ConditionRule[], rows: RuleRows): void {
  test.for(Object.entries(rows))('%s', ([, row]) => {
    const { early, last } = judgeRow(row);
    if (early !== undefined) expect(early.status).toBe('false');
    expect(verdictOf(last)).toBe(row.want);
    if (row.says !== undefined) expect(last?.message).toBe(row.says);
    if (last?.status !== 'true') return;
    expect(last.message).not.toMatch(/undefined|NaN|^$/);
    // The same rule tells the end of the trouble; what is only seen or not seen has no number that would tell it.
    const isSeen = ['is-one-of', 'signs'].includes(last.rule.measure.kind);
    const good = last.rule.message({ measured: 0, instance: last.instance, facts: viewOf(row.told) });
    if (isSeen) expect(good).not.toBe(last.message);
  });

  test.for(rules)('$type is shown with each of its severities, and without trouble', ({ type, levels }) => {
    const shown = Object.values(rows).flatMap((row) => (row.type === type ? [row.want] : []));
    expect(shown).toEqual(expect.arrayContaining(['fine', ...levels.map(({ severity }) => severity)]));
  });
}
