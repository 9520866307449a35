import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FACTS, type FactName } from '../../proto/contract/facts.js';
import type { ConditionRule } from './condition-rule.js';
import { CONDITION_RULES } from './condition-rules/index.js';
import { factsOfRule, makeRuleIndex, RULE_SETS_MAX } from './rule-index.js';

const changes = (names: readonly FactName[]) => names.map((fact) => ({ fact }));
const FACT_NAMES = Object.keys(FACTS) as FactName[]; // Object.keys widens the keys of a closed record

test('a change of a fact is held against the rules that measure it, and no others', () => {
  const touchedBy = makeRuleIndex(CONDITION_RULES);
  const types = (...names: FactName[]): readonly string[] => touchedBy(changes(names)).map(({ type }) => type);
  expect(types('filesystem_available_bytes', 'memory_total_bytes')).toEqual(['DiskSpaceLow', 'MemoryLow']);
  expect(types('filesystem_type_text')).toEqual(['FilesystemReadOnly', 'DiskSpaceLow', 'InodesLow']);
  expect(types('network_transmit_errors_count')).toEqual(['NetworkErrors']);
  expect(types('board_soc_text')).toEqual(['TemperatureHigh', 'DiskSlow', 'WatchdogMissing']);
  expect(types('temperature_critical_millidegrees')).toEqual(['TemperatureCritical']);
  expect(types('kernel_log_lines_count')).toContain('CardFailing');
  expect(types('kernel_log_matches_count')).toContain('Undervoltage');
  expect(types('cpu_busy_permille')).toEqual([]);
});

test('property: whatever changes, exactly the rules that need it are found, in their order, and the same array again', () => {
  const touchedBy = makeRuleIndex(CONDITION_RULES);
  fc.assert(
    fc.property(fc.subarray(FACT_NAMES), (names) => {
      const found = touchedBy(changes(names));
      expect(found).toEqual(CONDITION_RULES.filter((rule) => factsOfRule(rule).some((fact) => names.includes(fact))));
      expect(touchedBy(changes(names.toReversed()))).toBe(found);
    }),
  );
});

test('there may be any number of rules', () => {
  const [first] = CONDITION_RULES;
  if (first === undefined) throw new Error('no rule');
  const rules = FACT_NAMES.map((fact, position): ConditionRule => {
    const type = `Rule${position}`;
    return { ...first, type, measure: { kind: 'increase', facts: [fact as 'load_1m_milli'], withinMs: 1 } }; // or a text: nothing is measured
  });
  const touchedBy = makeRuleIndex(rules);
  FACT_NAMES.forEach((fact, position) => {
    expect(touchedBy([{ fact }]).map(({ type }) => type)).toEqual([`Rule${position}`]);
  });
  expect(touchedBy(changes(FACT_NAMES))).toHaveLength(FACT_NAMES.length);
  expect(touchedBy([])).toEqual([]);
});

test('who makes up ever new sets of facts is answered rightly, and takes no memory for ever', () => {
  const touchedBy = makeRuleIndex(CONDITION_RULES);
  const kept = touchedBy([{ fact: 'memory_total_bytes' }]);
  // Facts with a rule of their own: each set of them is a set of rules that no other makes.
  const byType = new Map(
    FACT_NAMES.flatMap((fact) => {
      const [only, ...more] = touchedBy([{ fact }]);
      return only === undefined || more.length > 0 ? [] : [[only.type, fact] as const];
    }),
  );
  const judged = [...byType.values()];
  for (let bits = 1; bits <= RULE_SETS_MAX; bits++) {
    touchedBy(changes(judged.filter((_, position) => (bits & (1 << position)) !== 0)));
  }
  const again = touchedBy([{ fact: 'memory_total_bytes' }]);
  expect(again).not.toBe(kept);
  expect(again).toEqual(kept);
});
