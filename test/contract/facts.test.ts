import { expect, test } from 'vitest';
import { FACTS, factName, isTextFact } from '../../proto/contract/facts.js';
import { ENUMS } from './codecs.js';

const declared = Object.entries(ENUMS.find(({ name }) => name === 'FactId')?.values ?? {})
  .filter(([, id]) => id !== 0)
  .map(([name, id]) => [name.replace(/^FACT_ID_/, '').toLowerCase(), id] as const);

test('the facts of the code are those of the contract, names and numbers', () => {
  expect(Object.entries(FACTS).map(([name, { id }]) => [name, id])).toEqual(declared);
});

test.for(declared)('%s says its unit, and only texts are texts', ([name, id]) => {
  const fact = factName(id);
  expect(fact).toBe(name);
  expect(name).toMatch(/_(text|state|flag|count|bytes|permille|s|millidegrees|rpm|mhz|milli|us|ms|mbps)$/);
  expect(fact !== undefined && isTextFact(fact)).toBe(name.endsWith('_text'));
});

test('a fact of a newer agent has no name, so it is skipped and never guessed', () => {
  expect(factName(0)).toBeUndefined();
  expect(factName(9_999)).toBeUndefined();
});
