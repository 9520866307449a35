/** What a rule about trouble consists of. */

import { assert } from '../../proto/contract/assert.js';
import type { FactName, NumberFactName, TextFactName } from '../../proto/contract/facts.js';
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

/** What a rule measures; the first fact named decides for which instances the rule exists. */
export type Measure =
  | { readonly kind: 'value'; readonly fact: NumberFactName }
  /** The value without its sign. */
  | { readonly kind: 'magnitude'; readonly fact: NumberFactName }
  /** `fact` divided by `of`; no data where `of` is 0. */
  | { readonly kind: 'ratio'; readonly fact: NumberFactName; readonly of: NumberFactName }
  /** 1 when the fact has one of the values, else 0. */
  | { readonly kind: 'is-one-of'; readonly fact: NumberFactName; readonly values: readonly number[] }
  /** How much counters went up, together, within the last `withinMs`; survives their reset. */
  | {
      readonly kind: 'increase';
      readonly facts: readonly [NumberFactName, ...NumberFactName[]];
      readonly withinMs: number;
    }
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
  readonly measured: number;
  readonly instance: string;
  readonly facts: FactsView;
}

export interface ConditionRule {
  /** CamelCase name of the trouble. */
  readonly type: string;
  readonly measure: Measure;
  /** `node`: one verdict for the node. `instance`: one for each instance that its fact has. */
  readonly scope: 'node' | 'instance';
  /** `below`: trouble while measured < at. `at-least`: trouble while measured >= at. */
  readonly when: 'below' | 'at-least';
  /** Gravest first. */
  readonly levels: readonly [Level, ...Level[]];
  /** How long it must hold before it is said. */
  readonly forMs: number;
  /** Instances that the rule does not apply to. */
  readonly notWhere?: { readonly fact: TextFactName; readonly values: readonly string[] };
  /** What the trouble is, in general. */
  readonly title: string;
  /** What to do about it. */
  readonly remedy: string;
  /** What was found, with numbers and units. */
  message(finding: Finding): string;
  /** Types that explain this one: while one of them holds, it is named as the cause. */
  readonly dependsOn: readonly string[];
}

/** The fact that decides for which instances a rule exists; `undefined` = the node itself, without a fact. */
export function ruleFact(rule: ConditionRule): NumberFactName | undefined {
  switch (rule.measure.kind) {
    case 'boots':
      return undefined;
    case 'increase':
      return rule.measure.facts[0];
    case 'value':
    case 'magnitude':
    case 'ratio':
    case 'is-one-of':
      return rule.measure.fact;
  }
}

function factsOf({ measure, notWhere }: ConditionRule): readonly FactName[] {
  return [
    ...('fact' in measure ? [measure.fact] : []),
    ...('of' in measure ? [measure.of] : []),
    ...('facts' in measure ? measure.facts : []),
    ...(notWhere === undefined ? [] : [notWhere.fact]),
  ];
}

/** Finds the rules whose verdict some facts may change; the same facts always get the same array. */
export function makeRuleIndex(
  rules: readonly ConditionRule[],
): (changes: readonly { readonly fact: FactName }[]) => readonly ConditionRule[] {
  assert(rules.length <= 30, 'a set of rules is kept as the bits of a small integer');
  const bitsByFact = new Map<FactName, number>();
  rules.forEach((rule, position) => {
    for (const fact of factsOf(rule)) bitsByFact.set(fact, (bitsByFact.get(fact) ?? 0) | (1 << position));
  });
  const rulesByBits = new Map<number, readonly ConditionRule[]>();
  return (changes) => {
    let bits = 0;
    for (const { fact } of changes) bits |= bitsByFact.get(fact) ?? 0;
    let touched = rulesByBits.get(bits);
    if (touched === undefined) {
      touched = rules.filter((_, position) => (bits & (1 << position)) !== 0);
      rulesByBits.set(bits, touched);
    }
    return touched;
  };
}
