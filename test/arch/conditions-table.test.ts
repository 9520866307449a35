import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CONDITION_RULES } from '../../controller/domain/condition-rules/index.js';
import { conditionsTable } from './conditions-table.js';

const OPERATIONS = new URL('../../OPERATIONS.md', import.meta.url);
const BEGIN = '<!-- conditions: begin -->\n';
const END = '\n<!-- conditions: end -->';

test('the table of conditions in OPERATIONS.md is that of the rules (vitest -u writes it anew)', async () => {
  const text = readFileSync(OPERATIONS, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const [, after] = rest.split(END);
  expect(after, 'the marks around the table').toBeDefined();
  const whole = `${before}${BEGIN}${conditionsTable(CONDITION_RULES)}${END}${after}`;
  await expect(whole).toMatchFileSnapshot(fileURLToPath(OPERATIONS));
});

test('every condition is in the table with its severities and its remedy', () => {
  const lines = conditionsTable(CONDITION_RULES).split('\n').slice(2);
  expect(lines).toHaveLength(CONDITION_RULES.length);
  CONDITION_RULES.forEach(({ type, levels }, position) => {
    expect(lines[position]?.split(/(?<!\\)\|/)).toHaveLength(6);
    expect(lines[position]).toContain(`\`${type}\``);
    for (const { severity } of levels) expect(lines[position]).toContain(severity);
    expect(lines[position]).not.toMatch(/undefined|NaN|\[object/);
  });
});
