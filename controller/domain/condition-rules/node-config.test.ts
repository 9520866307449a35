import { expect, test } from 'vitest';
import type { FactName } from '../../../proto/contract/facts.js';
import type { FactsView } from '../condition-rule.js';
import { type JudgedCondition, judgeConditions } from '../conditions.js';
import { NODE_CONFIG_RULES } from './node-config.js';

const HOUR_MS = 3_600_000;

function facts(told: Partial<Record<FactName, number>>): FactsView {
  return {
    bootsAtMs: [],
    number: (fact) => told[fact],
    text: () => undefined,
    instances: (fact) => (told[fact] === undefined ? [] : ['']),
  };
}

/** Types that are raised after each chapter. */
function story(chapters: readonly (readonly [number, Partial<Record<FactName, number>>])[]): readonly string[][] {
  let conditions: readonly JudgedCondition[] = [];
  return chapters.map(([atMs, told]) => {
    ({ conditions } = judgeConditions(NODE_CONFIG_RULES, facts(told), conditions, atMs, atMs));
    return conditions.filter(({ raised }) => raised).map(({ rule, message }) => `${rule.type}: ${message}`);
  });
}

test('a config that failed is trouble until a newer one is in place', () => {
  const states = [1, 2, 3, 4, 2, 1].map((state, hour) => [hour * HOUR_MS, { config_state: state }] as const);
  expect(story(states)).toEqual([
    [],
    [],
    ['ConfigFailed: its newest config was refused; nothing has changed'],
    ['ConfigFailed: its newest config was taken back: it could not be proven, or was cut off in the middle'],
    [],
    [],
  ]);
});

test('drift is trouble when it happens twice within a day', () => {
  const chapters = [0, 1, 2].map((count) => [count * HOUR_MS, { config_drifts_count: count }] as const);
  expect(story([...chapters, [40 * HOUR_MS, { config_drifts_count: 2 }]])).toEqual([
    [],
    [],
    ['ConfigDrift: its config was changed by others 2 times within 24 h, and put right each time'],
    [],
  ]);
});
