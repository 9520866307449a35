import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../domain/healing/policy.js';
import { parseHealingPolicy } from './healing-policy.js';

const LEAST = 'name: careful\nversion: 3\n';

test('a policy that says nothing else has the defaults, and only watches', () => {
  const { hash, ...policy } = parseHealingPolicy(LEAST, 'policy.yaml');
  const { hash: _builtIn, ...defaults } = DEFAULT_POLICY;
  expect(policy).toEqual({ ...defaults, name: 'careful', version: 3, mode: 'shadow' });
  expect(hash).toMatch(/^[0-9a-f]{12}$/);
});

test('two texts have two hashes, the same text has one', () => {
  const other = parseHealingPolicy(`${LEAST}# a comment\n`, 'policy.yaml');
  expect(other.hash).not.toBe(parseHealingPolicy(LEAST, 'policy.yaml').hash);
  expect(parseHealingPolicy(LEAST, 'elsewhere.yaml').hash).toBe(parseHealingPolicy(LEAST, 'policy.yaml').hash);
});

test('settings are read with their units', () => {
  const text = `${LEAST}mode: enforce\ndiagnose: 90s\nbudgets:\n  nodeApart: 1h\nstorm:\n  ratio: 0.1\nreimageSites: [lab]\n`;
  expect(parseHealingPolicy(text, 'policy.yaml')).toMatchObject({
    mode: 'enforce',
    diagnoseMs: 90_000,
    budgets: { nodeApartMs: 3_600_000, nodePerDay: 3 },
    storm: { ratio: 0.1, smallCount: 3 },
    reimageSites: ['lab'],
  });
});

test('every problem is told at once, with its path; brakes cannot be switched off', () => {
  const text = 'name: Bad Name\nmode: yolo\ndiagnose: 5\nstorm:\n  ratio: 1\nadmission:\n  bootsMax: 96\nspeed: fast\n';
  expect(() => parseHealingPolicy(text, 'policy.yaml')).toThrow(
    /name: must be.*version: .*mode: .*diagnose: .*storm\.ratio: .*admission\.bootsMax: .*\(top\): .*speed/s,
  );
});

test('no actions a day means none, not any number', () => {
  expect(parseHealingPolicy(`${LEAST}budgets:\n  nodePerDay: 0\n`, 'policy.yaml').budgets.nodePerDay).toBe(0);
});
