/** From facts to conditions: thresholds come from rules, time from the caller, and nothing is decided twice. */

import type { ConditionStatus } from './condition.js';
import {
  type ConditionRule,
  type FactsView,
  type Level,
  NODE_ITSELF,
  ruleApplies,
  ruleInstances,
} from './condition-rule.js';
import type { Severity } from './event.js';
import { type CounterMemory, type Measured, measure } from './measure.js';

/** An instance that is reported no more is forgotten after this long, and its trouble with it. */
export const FORGET_AFTER_MS = 3_600_000;

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/** What is known, and remembered, of one trouble of one instance. Times end in the clock they are on. */
export interface JudgedCondition {
  readonly rule: ConditionRule;
  readonly instance: string;
  /** `unknown` = there is no data to judge by; never taken for `false`. */
  readonly status: ConditionStatus;
  /** True from the moment the trouble was said until it is cleared: also while it is `unknown` in between. */
  readonly raised: boolean;
  readonly severity: Severity;
  /** What was found, while `raised`; else empty. */
  readonly message: string;
  /** Wall clock: when the trouble was raised, or cleared, or first looked for. */
  readonly sinceMs: number;
  /** Since when the trouble holds without having been said; monotonic. */
  readonly pendingSinceMs: number | undefined;
  /** Since when there is no data; monotonic. */
  readonly noDataSinceMs: number | undefined;
  readonly counter: CounterMemory | undefined;
  /** When time alone changes this verdict; monotonic. */
  readonly recheckAtMs: number | undefined;
}

/**
 * `raised` and `cleared` are news for people, also when the trouble became graver; `changed` is only to be written down.
 */
export interface Transition {
  readonly kind: 'raised' | 'cleared' | 'changed';
  readonly condition: JudgedCondition;
  /** What was found at this moment: for `cleared` the number that is good again. */
  readonly finding: string;
}

export interface Judgement {
  /** The same array as before when nothing changed. */
  readonly conditions: readonly JudgedCondition[];
  readonly transitions: readonly Transition[];
  /** When time alone changes a verdict, monotonic; `undefined` = only new facts do. */
  readonly recheckAtMs: number | undefined;
}

/**
 * Judges one node's facts by the given rules; conditions of other rules stay as they are, so that a report need not be
 * held against rules whose facts it does not touch. `previous` is the last answer for this node (or what was stored of
 * it); calling again with the same facts at the same time changes nothing.
 */
export function judgeConditions(
  rules: readonly ConditionRule[],
  facts: FactsView,
  previous: readonly JudgedCondition[],
  nowMonotonicMs: number,
  nowMs: number,
): Judgement {
  const transitions: Transition[] = [];
  let next: (JudgedCondition | undefined)[] | undefined;
  // Conditions mostly stand in the order of the rules: each search starts where the one before ended.
  let position = 0;
  for (const rule of rules) {
    for (const instance of instancesToJudge(rule, facts, previous)) {
      position = positionOf(previous, rule, instance, position);
      const before = previous[position];
      const { condition, transition } = judgeOne({ rule, instance, facts, before, nowMonotonicMs, nowMs });
      if (transition !== undefined) transitions.push(transition);
      if (condition === before) continue;
      next ??= [...previous];
      if (position < previous.length) next[position] = condition;
      else next.push(condition);
    }
  }
  const conditions = next === undefined ? previous : next.filter((condition) => condition !== undefined);
  return { conditions, transitions, recheckAtMs: earliestRecheck(conditions) };
}

/** Where a condition is among others, looked for from `start` on and then before it; their length when it is not there. */
function positionOf(
  conditions: readonly JudgedCondition[],
  rule: ConditionRule,
  instance: string,
  start: number,
): number {
  for (let i = start; i < conditions.length; i++) {
    const known = conditions[i];
    if (known?.rule === rule && known.instance === instance) return i;
  }
  for (let i = 0; i < start && i < conditions.length; i++) {
    const known = conditions[i];
    if (known?.rule === rule && known.instance === instance) return i;
  }
  return conditions.length;
}

function earliestRecheck(conditions: readonly JudgedCondition[]): number | undefined {
  let earliestMs: number | undefined;
  for (const { recheckAtMs } of conditions) earliestMs = earlier(earliestMs, recheckAtMs);
  return earliestMs;
}

function instancesToJudge(
  rule: ConditionRule,
  facts: FactsView,
  previous: readonly JudgedCondition[],
): readonly string[] {
  const reported = ruleInstances(rule, facts);
  if (reported === NODE_ITSELF) return reported;
  let all: string[] | undefined;
  for (const known of previous) {
    if (known.rule !== rule || reported.includes(known.instance)) continue;
    all ??= [...reported];
    all.push(known.instance);
  }
  return all ?? reported;
}

interface Case {
  readonly rule: ConditionRule;
  readonly instance: string;
  readonly facts: FactsView;
  readonly before: JudgedCondition | undefined;
  readonly nowMonotonicMs: number;
  readonly nowMs: number;
}

interface Judged {
  /** `undefined` = there is nothing to remember. */
  readonly condition: JudgedCondition | undefined;
  readonly transition: Transition | undefined;
}

const NOTHING: Judged = { condition: undefined, transition: undefined };

function judgeOne(given: Case): Judged {
  const { rule, instance, facts, before, nowMonotonicMs, nowMs } = given;
  if (!isJudged(given)) {
    return before?.raised === true ? forget(before, `${rule.type} does not apply to it`) : NOTHING;
  }
  const raisedAt = before?.raised === true ? levelOfSeverity(rule, before.severity) : undefined;
  const measured = measure(rule.measure, {
    facts,
    instance,
    counter: before?.counter,
    heldIncrease: raisedAt?.at ?? 0,
    nowMs: nowMonotonicMs,
    wallMs: nowMs,
  });
  if (measured.value === undefined) return judgeWithoutData(given, measured);
  const level = levelOf(rule, measured.value, raisedAt);
  if (level === undefined) return judgeGood(given, measured, measured.value);
  return judgeBad(given, measured, measured.value, level);
}

/** Where it is not known whether the rule applies, what was judged before is judged on, and nothing new begins. */
function isJudged({ rule, facts, instance, before }: Case): boolean {
  return ruleApplies(rule, facts, instance) ?? before !== undefined;
}

function levelOfSeverity(rule: ConditionRule, severity: Severity): Level | undefined {
  return rule.levels.find((level) => level.severity === severity) ?? rule.levels.at(-1);
}

/** The gravest level that holds. One that holds already, or that a graver one contains, ends only at its clearAt. */
function levelOf(rule: ConditionRule, value: number, current: Level | undefined): Level | undefined {
  return rule.levels.find((level) => {
    const holds = current !== undefined && RANK[current.severity] >= RANK[level.severity];
    const limit = holds ? level.clearAt : level.at;
    return rule.when === 'below' ? value < limit : value >= limit;
  });
}

function judgeWithoutData(given: Case, measured: Measured): Judged {
  const { rule, instance, facts, before, nowMonotonicMs, nowMs } = given;
  const noDataSinceMs = before?.noDataSinceMs ?? nowMonotonicMs;
  const forgetAtMs = noDataSinceMs + FORGET_AFTER_MS;
  // An instance that is reported in part is still there: forgotten now, it would be found anew a moment later.
  const mayForget = !ruleInstances(rule, facts).includes(instance);
  if (mayForget && nowMonotonicMs >= forgetAtMs) {
    return before?.raised === true
      ? forget(before, `${instance === '' ? 'what told it' : instance} is no longer reported`)
      : NOTHING;
  }
  const condition = settle(before, {
    rule,
    instance,
    status: 'unknown',
    raised: before?.raised ?? false,
    severity: before?.severity ?? leastSeverity(rule),
    message: before?.message ?? '',
    sinceMs: before?.sinceMs ?? nowMs,
    pendingSinceMs: undefined,
    noDataSinceMs,
    counter: measured.counter,
    recheckAtMs: mayForget ? forgetAtMs : undefined,
  });
  const lost = before?.raised === true && before.status === 'true';
  return {
    condition,
    transition: lost ? { kind: 'changed', condition, finding: condition.message } : undefined,
  };
}

function judgeGood(given: Case, measured: Measured, value: number): Judged {
  const { rule, instance, facts, before, nowMs } = given;
  const cleared = before?.raised === true;
  const condition = settle(before, {
    rule,
    instance,
    status: 'false',
    raised: false,
    severity: leastSeverity(rule),
    message: '',
    sinceMs: before === undefined || cleared ? nowMs : before.sinceMs,
    pendingSinceMs: undefined,
    noDataSinceMs: undefined,
    counter: measured.counter,
    recheckAtMs: measured.changesAtMs,
  });
  const finding = cleared ? rule.message({ measured: value, instance, facts }) : '';
  return {
    condition,
    transition: cleared ? { kind: 'cleared', condition, finding } : undefined,
  };
}

function judgeBad(given: Case, measured: Measured, value: number, level: Level): Judged {
  const { rule, instance, facts, before, nowMonotonicMs, nowMs } = given;
  const wasRaised = before?.raised === true;
  const pendingSinceMs = wasRaised ? undefined : (before?.pendingSinceMs ?? nowMonotonicMs);
  const saidAtMs = (pendingSinceMs ?? 0) + rule.forMs;
  const raised = wasRaised || nowMonotonicMs >= saidAtMs;
  const finding = raised ? rule.message({ measured: value, instance, facts }) : '';
  const condition = settle(before, {
    rule,
    instance,
    status: raised ? 'true' : 'false',
    raised,
    severity: level.severity,
    message: finding,
    sinceMs: before === undefined || raised !== wasRaised ? nowMs : before.sinceMs,
    pendingSinceMs: raised ? undefined : pendingSinceMs,
    noDataSinceMs: undefined,
    counter: measured.counter,
    recheckAtMs: earlier(measured.changesAtMs, raised ? undefined : saidAtMs),
  });
  const kind = raised ? transitionKind(before, level.severity) : undefined;
  return {
    condition,
    transition: kind === undefined ? undefined : { kind, condition, finding },
  };
}

function transitionKind(before: JudgedCondition | undefined, severity: Severity): Transition['kind'] | undefined {
  if (before?.raised !== true || RANK[severity] > RANK[before.severity]) return 'raised';
  return before.status !== 'true' || before.severity !== severity ? 'changed' : undefined;
}

function forget(before: JudgedCondition, finding: string): Judged {
  const condition = { ...before, status: 'unknown', raised: false, pendingSinceMs: undefined } as const;
  return { condition: undefined, transition: { kind: 'cleared', condition, finding } };
}

function leastSeverity(rule: ConditionRule): Severity {
  return rule.levels.at(-1)?.severity ?? 'warning';
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** Keeps the old object when the new one says the same, so that an unchanged node costs no memory. */
function settle(before: JudgedCondition | undefined, next: JudgedCondition): JudgedCondition {
  if (before === undefined) return next;
  const same =
    before.status === next.status &&
    before.raised === next.raised &&
    before.severity === next.severity &&
    before.message === next.message &&
    before.sinceMs === next.sinceMs &&
    before.pendingSinceMs === next.pendingSinceMs &&
    before.noDataSinceMs === next.noDataSinceMs &&
    before.counter === next.counter &&
    before.recheckAtMs === next.recheckAtMs;
  return same ? before : next;
}
