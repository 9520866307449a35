/** Rules judged on facts that a test makes up: one row per rule and verdict. */

import type { NumberFactName } from '../../../proto/contract/facts.js';
import type { ConditionRule } from '../condition-rule.js';
import { CONDITION_RULES } from '../condition-rules/index.js';
import { type JudgedCondition, judgeConditions } from '../conditions.js';
import { type Told, viewOf } from './told.js';

/** Now, by the wall clock of the observer. */
export const WALL_MS = Date.UTC(2026, 10, 21, 12);
const START_MS = 1_000_000_000;
export const MIB = 2 ** 20;

export const node = (fact: keyof Told, value: number | string): Told => ({ [fact]: { '': value } });
export const on = (instance: string, fact: keyof Told, value: number | string): Told => ({
  [fact]: { [instance]: value },
});
/** The kernel's log is read, and these rules matched so often. */
export const log = (matches: Readonly<Record<string, number>>): Told => ({
  kernel_log_lines_count: { '': 500 },
  kernel_log_matches_count: matches,
});
export const onAPi = (told: Told): Told => ({ board_soc_text: { '': 'BCM2711' }, ...told });
/** A counter that moved. */
export const moved = (
  instance: string,
  fact: NumberFactName,
  before: number,
  after: number,
): { readonly from: Told; readonly told: Told } => ({
  from: on(instance, fact, before),
  told: on(instance, fact, after),
});

export interface RuleRow {
  readonly type: string;
  /** What was told before, for what counts increases. */
  readonly from?: Told;
  readonly told: Told;
  /** How long ago the boot began, ms. */
  readonly bootMs?: number;
  /** Boots at that time. */
  readonly boots?: number;
  /** `nothing`: there is no verdict at all. */
  readonly want: 'error' | 'warning' | 'info' | 'fine' | 'nothing';
  /** The sentence. */
  readonly says?: string;
}

/** By a sentence that says what is seen. */
export type RuleRows = Readonly<Record<string, RuleRow>>;

function ruleOf(type: string): ConditionRule {
  const found = CONDITION_RULES.find((known) => known.type === type);
  if (found === undefined) throw new Error(`no rule ${type}`);
  return found;
}

export interface JudgedRow {
  /** A moment before the trouble has held for as long as the rule wants; `undefined` when it need not hold. */
  readonly early: JudgedCondition | undefined;
  readonly last: JudgedCondition | undefined;
}

/** Judges what was told before, then what is told, at once and when it has held for long enough. */
export function judgeRow(row: RuleRow): JudgedRow {
  const rule = ruleOf(row.type);
  const { bootMs = 0, boots = 1 } = row;
  let conditions: readonly JudgedCondition[] = [];
  const at = (told: Told, afterMs: number): JudgedCondition | undefined => {
    const nowMs = START_MS + afterMs;
    const view = viewOf(told, new Array<number>(boots).fill(nowMs - bootMs));
    // The wall clock stands still, so that ages are those of the row.
    conditions = judgeConditions([rule], view, conditions, nowMs, WALL_MS).conditions;
    return conditions.at(-1);
  };
  if (row.from !== undefined) at(row.from, 0);
  const first = at(row.told, 1_000);
  if (rule.forMs === 0) return { early: undefined, last: first };
  return { early: at(row.told, 1_000 + rule.forMs - 1), last: at(row.told, 1_000 + rule.forMs) };
}

/** The verdict as rows want it. */
export function verdictOf(condition: JudgedCondition | undefined): string {
  if (condition === undefined) return 'nothing';
  if (condition.status === 'true') return condition.severity;
  return condition.status === 'false' ? 'fine' : condition.status;
}
