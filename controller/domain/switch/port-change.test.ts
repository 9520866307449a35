import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandId, nodeId, siteId } from '../../../proto/contract/ids.js';
import type { CommandState } from '../command.js';
import {
  BACK_BY_ITSELF_MS,
  confirmBeforeMs,
  isOver,
  nextStep,
  type PartSight,
  PORT_CHANGE_STATES,
  type PortChange,
  type PortChangeState,
} from './port-change.js';

const APPLIED = commandId('01890000-0000-7000-8000-000000000001');

function change(state: PortChangeState, over: Partial<PortChange> = {}): PortChange {
  const part = (number: number) => ({
    ...{ nodeId: nodeId(`n-000000000000${number}`), site: siteId('cam'), plan: '{}', before: '' },
    ...{ applied: APPLIED, settled: undefined },
  });
  return {
    ...{ id: 'x', atMs: 0, actor: 'kim', reason: 'r', confirmWithinMs: 120_000, isByHand: false, isApproved: false },
    ...{ state, stateAtMs: 0, detail: 'why', restores: '', parts: [part(1), part(2)], expected: [] },
    ...over,
  };
}

const part = (name: string, applied: CommandState, settled?: CommandState, isFrozen = false): PartSight => ({
  ...{ name, applied, settled, isFrozen, detail: `${name} said so` },
});
type Row = [string, PortChange, readonly PartSight[], { nowMs?: number; missing?: readonly string[] }, unknown];

const BOTH = [part('a', 'succeeded'), part('b', 'succeeded')];
const LATE_MS = confirmBeforeMs(change('watching'));
const DUE_MS = 120_000 + BACK_BY_ITSELF_MS;

test.for<Row>([
  [
    'one switch is not on trial yet: it is waited for',
    change('applying'),
    [part('a', 'succeeded'), part('b', 'started')],
    {},
    { kind: 'wait', why: 'b not on trial yet' },
  ],
  ['all are on trial: they are watched', change('applying'), BOTH, {}, { kind: 'watch' }],
  [
    'one refused its part: the other goes back too',
    change('applying'),
    [part('a', 'succeeded'), part('b', 'rejected')],
    {},
    { kind: 'take-back', why: 'b: b said so' },
  ],
  [
    'one was never reached in time: all go back',
    change('applying'),
    [part('a', 'succeeded'), part('b', 'unknown')],
    { nowMs: LATE_MS },
    { kind: 'take-back', why: 'in time: b not on trial yet' },
  ],
  ['everybody is seen: it may stay', change('watching'), BOTH, {}, { kind: 'confirm' }],
  [
    'somebody is not seen: nothing is said',
    change('watching'),
    BOTH,
    { missing: ['fs was not heard from since'] },
    { kind: 'wait', why: 'fs was not heard from since' },
  ],
  [
    'nobody was seen until it is too late: all go back',
    change('watching'),
    BOTH,
    { missing: ['fs'], nowMs: LATE_MS },
    { kind: 'take-back', why: 'nobody could confirm it in time: fs' },
  ],
  ['it is too late, whoever is seen', change('watching'), BOTH, { nowMs: LATE_MS }, { kind: 'take-back' }],
  ['by hand it waits for a word', change('watching', { isByHand: true }), BOTH, {}, { kind: 'wait' }],
  ['by hand, with the word', change('watching', { isByHand: true, isApproved: true }), BOTH, {}, { kind: 'confirm' }],
  [
    'all keep it: it is kept',
    change('confirming'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'succeeded', 'succeeded')],
    {},
    { kind: 'end', state: 'kept' },
  ],
  [
    'one says nothing yet: it is waited for',
    change('confirming'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'succeeded', 'unknown')],
    {},
    { kind: 'wait' },
  ],
  [
    'one keeps it and one does not: that is told, and put right',
    change('confirming'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'succeeded', 'failed')],
    {},
    { kind: 'end', state: 'split', why: 'b: b said so' },
  ],
  [
    'none keeps it: all go back',
    change('confirming'),
    [part('a', 'succeeded', 'lapsed'), part('b', 'succeeded', 'failed')],
    {},
    { kind: 'take-back' },
  ],
  [
    'all are back',
    change('taking-back'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'rejected')],
    {},
    { kind: 'end', state: 'taken-back' },
  ],
  [
    'one could not be told: it is given the time to go back by itself',
    change('taking-back'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'succeeded', 'lapsed')],
    { nowMs: DUE_MS - 1 },
    { kind: 'wait' },
  ],
  [
    'and has had it',
    change('taking-back'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'succeeded', 'lapsed')],
    { nowMs: DUE_MS },
    { kind: 'end', state: 'taken-back', why: 'why; by themselves: b' },
  ],
  [
    'one is frozen: that is the end, and told',
    change('taking-back'),
    [part('a', 'succeeded', 'succeeded'), part('b', 'failed', undefined, true)],
    {},
    { kind: 'end', state: 'stuck' },
  ],
])('%s', ([, of, parts, { nowMs = 1_000, missing = [] }, want]) => {
  expect(nextStep(of, { nowMs, parts, missing })).toMatchObject(Object(want));
});

const states = fc.constantFrom<CommandState | undefined>(
  ...([undefined, 'issued', 'dispatched', 'started', 'succeeded', 'failed', 'rejected', 'unknown', 'lapsed'] as const),
);
const sights = fc.record({
  ...{ name: fc.constantFrom('a', 'b'), applied: states, settled: states },
  ...{ detail: fc.constant(''), isFrozen: fc.boolean() },
});

test('whatever switches say, nothing stays unless all are on trial, all are seen, and in time; and every change has an end', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PORT_CHANGE_STATES),
      fc.tuple(sights, sights),
      fc.integer({ min: 0, max: 400_000 }),
      fc.boolean(),
      (state, parts, nowMs, isSeen) => {
        const of = change(state);
        const step = nextStep(of, { nowMs, parts, missing: isSeen ? [] : ['somebody'] });
        if (step.kind === 'confirm') {
          expect(state).toBe('watching');
          expect(isSeen && nowMs < confirmBeforeMs(of)).toBe(true);
        }
        if (step.kind === 'watch') expect(parts.every(({ applied }) => applied === 'succeeded')).toBe(true);
        if (step.kind === 'end' && step.state === 'kept') {
          expect(parts.every(({ settled }) => settled === 'succeeded')).toBe(true);
        }
        if (nowMs >= DUE_MS && !isOver(of)) expect(step.kind).not.toBe('wait');
      },
    ),
    { numRuns: 2_000 },
  );
});
