/** What a rule about trouble consists of. */

import { type FactName, isTextFact, type NumberFactName, type TextFactName } from '../../proto/contract/facts.js';
import type { KernelLogRule } from '../../proto/contract/kernel-log.js';
import type { Severity } from './event.js';

/** The latest facts of one node, as rules see them. */
export interface FactsView {
  /** `undefined` = no data. */
  number(fact: NumberFactName, instance: string): number | undefined;
  text(fact: TextFactName, instance: string): string | undefined;
  /** Instances that have data for this fact. */
  instances(fact: FactName): readonly string[];
  /** When the node's latest boots began, monotonic clock of the observer; empty = none was seen. */
  readonly bootsAtMs: readonly number[];
}

type Facts = readonly [NumberFactName, ...NumberFactName[]];
export type KernelLogRules = readonly [KernelLogRule, ...KernelLogRule[]];

/** What a rule measures; the first fact named decides for which instances the rule exists. */
export type Measure =
  | { readonly kind: 'value'; readonly fact: NumberFactName }
  /** The value without its sign. */
  | { readonly kind: 'magnitude'; readonly fact: NumberFactName }
  /** `fact` divided by `of`; no data where `of` is 0. */
  | { readonly kind: 'ratio'; readonly fact: NumberFactName; readonly of: NumberFactName }
  /** `fact` minus `minus`. */
  | { readonly kind: 'difference'; readonly fact: NumberFactName; readonly minus: NumberFactName }
  /** 1 when the fact has one of the values, else 0. `withinBootMs`: 0 also once the boot is older than this. */
  | {
      readonly kind: 'is-one-of';
      readonly fact: NumberFactName;
      readonly values: readonly number[];
      readonly withinBootMs?: number;
    }
  /**
   * How many of these signs the node shows: flags that are 1, and rules of the kernel's log whose count is above 0. No data
   * when nothing is known of any of them. `withinBootMs`: 0 also once the boot is older than this.
   */
  | {
      readonly kind: 'signs';
      readonly flags: readonly NumberFactName[];
      readonly log: readonly KernelLogRule[];
      readonly withinBootMs?: number;
    }
  /** How much counters went up, together, within the last `withinMs`; survives their reset. */
  | { readonly kind: 'increase'; readonly facts: Facts; readonly withinMs: number }
  /** By how much a number that only ever goes up went back, within the last `withinMs`; 0 when it did not. */
  | { readonly kind: 'step-back'; readonly fact: NumberFactName; readonly withinMs: number }
  /** How many lines of the kernel's log matched these rules, together, within the last `withinMs`. */
  | { readonly kind: 'log-lines'; readonly log: KernelLogRules; readonly withinMs: number }
  /** How long ago the time was that the fact tells, by the observer's wall clock: ms, in whole hours, 0 for the future. */
  | { readonly kind: 'age'; readonly fact: NumberFactName }
  /** Boots that began within the last `withinMs`. */
  | { readonly kind: 'boots'; readonly withinMs: number };

/** Trouble of one severity: begins at `at`, ends only at `clearAt`, so that a value on the edge does not flicker. */
export interface Level {
  readonly severity: Severity;
  readonly at: number;
  readonly clearAt: number;
}

/** What a rule found, for its sentence. */
export interface Finding {
  /** 0 or another good number when the sentence tells of the end of a trouble. */
  readonly measured: number;
  readonly instance: string;
  readonly facts: FactsView;
}

/** Where a fact, of the same instance or else of the node itself, has one of the values. */
export interface Where {
  readonly fact: FactName;
  readonly values: readonly (string | number)[];
}

export interface ConditionRule {
  /** CamelCase name of the trouble. */
  readonly type: string;
  readonly measure: Measure;
  /**
   * `node`: one verdict for the node, `unknown` while it does not tell. `instance`: one for each instance that its fact has; for
   * facts of the node itself this means a verdict only where the node can tell, as for what only some kinds of nodes measure.
   */
  readonly scope: 'node' | 'instance';
  /** `below`: trouble while measured < at. `at-least`: trouble while measured >= at. */
  readonly when: 'below' | 'at-least';
  /** Gravest first. `info` is worth knowing, and a node with nothing graver is healthy. */
  readonly levels: readonly [Level, ...Level[]];
  /** How long it must hold before it is said. */
  readonly forMs: number;
  /** The only instances that the rule applies to. */
  readonly onlyWhere?: Where;
  /** Instances that the rule does not apply to. */
  readonly notWhere?: Where;
  /** What the trouble is, in general. */
  readonly title: string;
  /** What to do about it. */
  readonly remedy: string;
  /** What was found, with numbers and units. */
  message(finding: Finding): string;
  /** Types that explain this one, likeliest first: while one of them holds, it is named as the cause. */
  readonly dependsOn: readonly string[];
}

/** Whether the rule applies to the instance; `undefined` = the fact that says so is not known. */
export function ruleApplies(rule: ConditionRule, facts: FactsView, instance: string): boolean | undefined {
  const { onlyWhere, notWhere } = rule;
  if (notWhere !== undefined && holdsAt(notWhere, facts, instance) === true) return false;
  return onlyWhere === undefined ? true : holdsAt(onlyWhere, facts, instance);
}

function holdsAt({ fact, values }: Where, facts: FactsView, instance: string): boolean | undefined {
  const read = (of: string): string | number | undefined =>
    isTextFact(fact) ? facts.text(fact, of) : facts.number(fact, of);
  const value = read(instance) ?? (instance === '' ? undefined : read(''));
  return value === undefined ? undefined : values.includes(value);
}

/** The one instance of what is about the node itself. */
export const NODE_ITSELF: readonly string[] = [''];
const NOBODY: readonly string[] = [];

/** Instances that have something to judge by. */
export function ruleInstances({ scope, measure }: ConditionRule, facts: FactsView): readonly string[] {
  if (scope === 'node') return NODE_ITSELF;
  switch (measure.kind) {
    case 'boots':
      return NODE_ITSELF;
    case 'signs':
      return isAnySignKnown(measure, facts) ? NODE_ITSELF : NOBODY;
    case 'log-lines':
      return isLogRead(facts) ? NODE_ITSELF : NOBODY;
    case 'increase':
      return facts.instances(measure.facts[0]);
    case 'value':
    case 'magnitude':
    case 'ratio':
    case 'difference':
    case 'age':
    case 'step-back':
    case 'is-one-of':
      return facts.instances(measure.fact);
  }
}

function isAnySignKnown({ flags, log }: Extract<Measure, { kind: 'signs' }>, facts: FactsView): boolean {
  return flags.some((flag) => facts.number(flag, '') !== undefined) || (log.length > 0 && isLogRead(facts));
}

/** Rules that never matched have no count: that the log is read at all shows in the number of its lines. */
export function isLogRead(facts: FactsView): boolean {
  return facts.number('kernel_log_lines_count', '') !== undefined;
}
