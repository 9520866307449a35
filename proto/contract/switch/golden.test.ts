import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { diffLines, portEffects } from './change.js';
import { parseInterfaces } from './parse-interfaces.js';
import { parseSwitchPlan } from './parse-plan.js';
import { blockingFindings, preflight } from './preflight.js';
import { renderInterfaces } from './render-interfaces.js';

const FILES = recorded<unknown>('switch-interfaces');
const fileOf = (wanted: string) => FILES.find(({ name }) => name === wanted)?.input ?? '';

test.for(FILES)('the plan of $name is rendered to its file, and read back from it', ({ input, expected: plan }) => {
  const parsed = parseSwitchPlan(plan);
  expect(renderInterfaces(parsed)).toBe(input);
  expect(parseInterfaces(input)).toEqual(parsed);
  expect(blockingFindings(preflight(parsed, undefined))).toEqual([]);
});

test('moving port 48 to the bridge of the fast ports changes two lines and one port', () => {
  const [before, after] = [fileOf('two-bridges'), fileOf('two-bridges-swp48-moved')];
  expect(diffLines(before, after).filter((line) => /^[+-]/.test(line))).toEqual([
    '-    alias access',
    '+    alias uplink',
    '-    bridge-ports glob swp1-48',
    '+    bridge-ports glob swp1-47',
    '-    bridge-ports glob swp49-52',
    '+    bridge-ports glob swp48-52',
  ]);
  expect(portEffects(parseInterfaces(before), parseInterfaces(after))).toEqual([
    { name: 'swp48', effect: 'flap', what: 'access to 2 -> uplink of 0 VLANs, 3 without a tag' },
  ]);
});
