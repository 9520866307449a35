import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../controller/domain/healing/policy.js';
import { buildTopology } from '../../../controller/domain/testing/fleet.js';
import { parseInjection, parsePolicyFile } from './options.js';
import { comparePolicies } from './policy-diff.js';

const NIGHTS = { firstSeed: 1, seeds: 3, days: 3, factor: 10, topology: buildTopology(), injections: [] };

test('a policy compared with itself does the same, act by act', () => {
  const { a, b, added, firstDivergence } = comparePolicies(NIGHTS, DEFAULT_POLICY, DEFAULT_POLICY);
  expect([added, firstDivergence]).toEqual([{}, undefined]);
  expect(b).toEqual(a);
  expect(a.acts['R4']).toBeGreaterThan(0);
});

test('a policy that may act once a day leaves a second fault of a day to people, and says where it parts', () => {
  const calm = parsePolicyFile('name: calm\nversion: 1\nbudgets:\n  nodePerDay: 1\n', 'calm.yaml');
  const injections = ['hang:3@1', 'hang:3@8'].map(parseInjection);
  const diff = comparePolicies({ ...NIGHTS, seeds: 1, injections }, DEFAULT_POLICY, calm);
  expect([diff.a.hands, diff.b.hands]).toEqual([0, 1]);
  expect(diff.added['R4']).toBe(-1);
  expect(diff.b.downMinutes).toBeGreaterThan(diff.a.downMinutes);
  expect(diff.firstDivergence).toMatch(/^seed 1: 8\.\d+ h: R[34] at site1-pi004 against nothing more$/);
  expect([diff.a.inFlightPeak, diff.a.violations, diff.b.violations]).toEqual([1, 0, 0]);
});
