import type { FactName } from '../../proto/contract/facts.js';
import type { ConditionRule } from './condition-rule.js';

/** Sets of rules that are remembered. A fleet needs some hundreds; whoever makes up more costs time, never memory. */
export const RULE_SETS_MAX = 4_096;
/** Positions per word: bit operations work on 32 bits with a sign. */
const WORD_BITS = 31;

/** Facts that may change the verdict of a rule. */
export function factsOfRule({ measure, onlyWhere, notWhere }: ConditionRule): readonly FactName[] {
  const readsLog = 'log' in measure && measure.log.length > 0;
  return [
    ...('fact' in measure ? [measure.fact] : []),
    ...('of' in measure ? [measure.of] : []),
    ...('minus' in measure ? [measure.minus] : []),
    ...('facts' in measure ? measure.facts : []),
    ...('flags' in measure ? measure.flags : []),
    ...(readsLog ? (['kernel_log_matches_count', 'kernel_log_lines_count'] as const) : []),
    ...(onlyWhere === undefined ? [] : [onlyWhere.fact]),
    ...(notWhere === undefined ? [] : [notWhere.fact]),
  ];
}

/** Finds the rules whose verdict some facts may change, in their order. */
export type RuleIndex = (changes: readonly { readonly fact: FactName }[]) => readonly ConditionRule[];

/**
 * The same facts get the same array, as long as no more than {@link RULE_SETS_MAX} different sets come along: then all are
 * forgotten, and made anew as they are asked for. A set is some words of bits, one bit per rule.
 */
export function makeRuleIndex(rules: readonly ConditionRule[]): RuleIndex {
  const wordsCount = Math.ceil(rules.length / WORD_BITS);
  const wordsByFact = new Map<FactName, number[]>();
  rules.forEach((rule, position) => {
    for (const fact of factsOfRule(rule)) {
      const words = wordsByFact.get(fact) ?? new Array<number>(wordsCount).fill(0);
      const word = Math.floor(position / WORD_BITS);
      words[word] = (words[word] ?? 0) | (1 << (position % WORD_BITS));
      wordsByFact.set(fact, words);
    }
  });
  const rulesByWords = new Map<string, readonly ConditionRule[]>();
  return (changes) => {
    const touched = new Array<number>(wordsCount).fill(0);
    for (const { fact } of changes) {
      const words = wordsByFact.get(fact);
      if (words === undefined) continue;
      for (let i = 0; i < wordsCount; i++) touched[i] = (touched[i] ?? 0) | (words[i] ?? 0);
    }
    const key = touched.join(' ');
    let found = rulesByWords.get(key);
    if (found === undefined) {
      found = rules.filter((_, position) => isSet(touched, position));
      if (rulesByWords.size >= RULE_SETS_MAX) rulesByWords.clear();
      rulesByWords.set(key, found);
    }
    return found;
  };
}

function isSet(words: readonly number[], position: number): boolean {
  return ((words[Math.floor(position / WORD_BITS)] ?? 0) & (1 << (position % WORD_BITS))) !== 0;
}
