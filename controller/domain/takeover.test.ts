import { expect, test } from 'vitest';
import { judgeNewcomer, mayReturnWhileFrozen, settleTakeover } from './takeover.js';

const first = { bootId: 'boot-1', processNonce: 'p1' };

test.for([
  ['nobody in service: the newcomer is admitted', undefined, first, 'admit'],
  ['the same process dials again: no question is needed', first, { ...first }, 'supersede'],
  ['another process of the same boot: the first is asked', first, { ...first, processNonce: 'p2' }, 'probe'],
  ['another boot: the first is asked', first, { ...first, bootId: 'boot-2' }, 'probe'],
] as const)('%s', ([, inService, newcomer, want]) => {
  expect(judgeNewcomer(inService, newcomer)).toBe(want);
});

test.for([
  ['the first is dead: superseded', undefined, first, 'supersede'],
  ['the first is alive and is the same process: superseded', first, { ...first }, 'supersede'],
  ['the first is alive in another process of this boot: clone', first, { ...first, processNonce: 'p2' }, 'clone'],
  ['the first is alive in another boot: clone', first, { ...first, bootId: 'boot-2' }, 'clone'],
] as const)('%s', ([, answer, newcomer, want]) => {
  expect(settleTakeover(answer, newcomer)).toBe(want);
});

test('a frozen node returns in the boot that was in service, and in no other', () => {
  expect(mayReturnWhileFrozen('boot-1', { bootId: 'boot-1', processNonce: 'p9' })).toBe(true);
  expect(mayReturnWhileFrozen('boot-1', { bootId: 'boot-2', processNonce: 'p1' })).toBe(false);
  expect(mayReturnWhileFrozen(undefined, first)).toBe(false);
  expect(mayReturnWhileFrozen('', { bootId: '', processNonce: 'p1' })).toBe(false);
});
