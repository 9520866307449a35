/** Judged conditions as they are stored, and back. Only raised ones are worth storing: the rest is judged anew. */

import type { NodeId } from '../../proto/contract/ids.js';
import type { Condition } from './condition.js';
import type { ConditionRule } from './condition-rule.js';
import type { JudgedCondition } from './conditions.js';

/** CamelCase reason behind a status. */
function reasonOf(judged: JudgedCondition): string {
  if (judged.status === 'unknown') return 'NoData';
  if (judged.status === 'false') return 'WithinLimits';
  if (judged.rule.measure.kind === 'is-one-of') return 'Seen';
  return judged.rule.when === 'below' ? 'BelowLimit' : 'AboveLimit';
}

export function conditionOf(nodeId: NodeId, judged: JudgedCondition): Condition {
  return {
    nodeId,
    type: judged.rule.type,
    instance: judged.instance,
    status: judged.status,
    severity: judged.severity,
    reason: reasonOf(judged),
    message: judged.message,
    sinceMs: judged.sinceMs,
  };
}

/** A stored trouble, as the start of judging it again; `undefined` when no rule of this release knows its type. */
export function judgedOf(condition: Condition, rules: readonly ConditionRule[]): JudgedCondition | undefined {
  const rule = rules.find((known) => known.type === condition.type);
  if (rule === undefined) return undefined;
  return {
    rule,
    instance: condition.instance,
    status: 'unknown',
    raised: true,
    severity: condition.severity,
    message: condition.message,
    sinceMs: condition.sinceMs,
    pendingSinceMs: undefined,
    noDataSinceMs: undefined,
    counter: undefined,
    recheckAtMs: undefined,
  };
}
