/** One word for a node, and the sentence behind it. Trouble comes first; silence never looks healthy. */

import { renderDuration } from '../../proto/contract/words.js';
import { CONDITION_RULES } from './condition-rules/index.js';
import type { JudgedCondition } from './conditions.js';
import { DISK_SIGHT_WORDS, type DiskSight } from './disk-sight.js';
import type { Liveness } from './liveness.js';
import type { NodeLifecycle } from './node.js';

export type NodeState = 'ready' | 'troubled' | 'no-contact' | 'unknown' | 'maintenance' | 'frozen' | 'revoked';

export interface NodeSituation {
  readonly lifecycle: NodeLifecycle;
  readonly liveness: Liveness;
  /** Time to live of its reports, ms. */
  readonly silentAfterMs: number;
  /** A stream is open, whether or not reports come. */
  readonly connected: boolean;
  /** Why it said goodbye; `undefined` = it did not, or it came back since. */
  readonly goodbye: string | undefined;
  readonly conditions: readonly JudgedCondition[];
  /** What fileservers tell of it while it is silent. */
  readonly diskSight?: DiskSight | undefined;
  /** In force: until when, and who says why. */
  readonly maintenance: string | undefined;
}

export interface NodeVerdict {
  readonly state: NodeState;
  readonly why: string;
}

/** Decides what people see of a node. */
export function judgeNodeState(node: NodeSituation): NodeVerdict {
  if (node.lifecycle === 'revoked') return { state: 'revoked', why: 'Its credential was revoked.' };
  if (node.lifecycle === 'frozen') {
    return { state: 'frozen', why: 'Its credential was seen on two boards; a person must thaw or revoke it.' };
  }
  const verdict = judgeByLiveness(node);
  if (node.maintenance === undefined) return verdict;
  // Trouble is expected now, so it does not call for anybody; but it is told.
  const otherwise = verdict.state === 'ready' ? '' : ` Without it: ${verdict.state}. ${verdict.why}`;
  return { state: 'maintenance', why: `In maintenance ${node.maintenance}.${otherwise}` };
}

function judgeByLiveness(node: NodeSituation): NodeVerdict {
  switch (node.liveness) {
    case 'unobserved':
      return { state: 'unknown', why: 'It has not reported since this controller started or enrolled it.' };
    case 'gone':
      return { state: 'no-contact', why: `It said goodbye (${node.goodbye ?? 'shutdown'}) and is expected back.` };
    case 'silent':
      return { state: 'no-contact', why: whySilent(node) };
    case 'late':
    case 'fresh':
      return judgeReporting(node);
  }
}

function whySilent(node: NodeSituation): string {
  const limit = renderDuration(node.silentAfterMs);
  if (node.diskSight !== undefined) {
    return `No report for ${limit}, and ${DISK_SIGHT_WORDS[node.diskSight.kind].what(node.diskSight)}.`;
  }
  if (node.connected) return `Its stream is open, but no report came for ${limit}.`;
  if (node.goodbye !== undefined) return `It said goodbye (${node.goodbye}) and did not come back in time.`;
  return `No report for ${limit}: the agent, the node, its network or its power may be down.`;
}

function judgeReporting(node: NodeSituation): NodeVerdict {
  const troubles = troublesByWeight(node.conditions).filter(({ severity }) => severity !== 'info');
  const [first] = troubles;
  if (first !== undefined) {
    const more = troubles.length === 1 ? '' : ` (and ${troubles.length - 1} more)`;
    return { state: 'troubled', why: `${sentence(first.message)}${more}` };
  }
  if (node.liveness === 'late') return { state: 'unknown', why: 'Its report is late.' };
  const blind = node.conditions.filter((condition) => condition.status === 'unknown');
  if (blind.length === 0) return { state: 'ready', why: 'It reports, and no check found trouble.' };
  const types = [...new Set(blind.map((condition) => condition.rule.type))];
  return { state: 'ready', why: `No check found trouble; no data for ${types.join(', ')}.` };
}

const SEVERITY_WEIGHT = { error: 0, warning: 1, info: 4 } as const;
const EXPLAINED_WEIGHT = 2;

/**
 * Troubles that hold: causes before their consequences, then errors before warnings, then in the order of the rules. What is
 * only worth knowing comes last.
 */
export function troublesByWeight(conditions: readonly JudgedCondition[]): readonly JudgedCondition[] {
  const holding = conditions.filter((condition) => condition.status === 'true');
  const weights = new Map(
    holding.map((condition) => {
      const explained = causeOf(condition, holding) === undefined ? 0 : EXPLAINED_WEIGHT;
      return [condition, explained + SEVERITY_WEIGHT[condition.severity]];
    }),
  );
  const weight = (condition: JudgedCondition): number =>
    (weights.get(condition) ?? 0) * CONDITION_RULES.length + CONDITION_RULES.indexOf(condition.rule);
  return holding.sort((a, b) => weight(a) - weight(b));
}

/** The trouble that explains this one: of those that hold, the likeliest by the rule. */
export function causeOf(
  { rule, status }: JudgedCondition,
  conditions: readonly JudgedCondition[],
): JudgedCondition | undefined {
  if (status !== 'true') return undefined;
  for (const type of rule.dependsOn) {
    const cause = conditions.find((known) => known.status === 'true' && known.rule.type === type);
    if (cause !== undefined) return cause;
  }
  return undefined;
}

/** Conditions as they may be told: who is not heard is not known, so what held before is `unknown` now. */
export function conditionsAsKnown(
  liveness: Liveness,
  conditions: readonly JudgedCondition[],
): readonly JudgedCondition[] {
  if (liveness === 'fresh' || liveness === 'late') return conditions;
  return conditions.map((condition) => {
    const message = condition.message === '' ? '' : `not known now; last: ${condition.message}`;
    return { ...condition, status: 'unknown', message };
  });
}

function sentence(text: string): string {
  const first = text.charAt(0);
  // Paths and names of interfaces keep their case.
  const start = /^[a-z]+ [a-z]/.test(text) ? first.toUpperCase() : first;
  return `${start}${text.slice(1)}.`;
}
