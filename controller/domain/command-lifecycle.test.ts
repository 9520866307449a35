import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandId, nodeId } from '../../proto/contract/ids.js';
import type { CommandRecord, CommandState, CommandUpdate } from './command.js';
import {
  ALL_STATES,
  advanceCommand,
  type CommandHappening,
  changesByTimeAtMs,
  expectsUpload,
  isOpen,
  OUTCOME_EXPECTED_WITHIN_MS,
} from './command-lifecycle.js';

const ID = commandId('01890000-0000-7000-8000-000000000001');
const OTHER = commandId('01890000-0000-7000-8000-000000000002');
const ISSUED_MS = 1_000_000;
const DEADLINE_MS = ISSUED_MS + 300_000;

const record = (state: CommandState): CommandRecord => ({
  id: ID,
  nodeId: nodeId('n-0000000000001'),
  action: { kind: 'reboot' },
  state,
  rejection: undefined,
  detail: '',
  epoch: 1,
  issuedAtMs: ISSUED_MS,
  validForMs: 300_000,
  bootId: 'boot-1',
  reason: 'kernel update',
  actor: 'operator',
  updatedAtMs: ISSUED_MS,
});

const update = (state: CommandUpdate['state'], over: Partial<CommandUpdate> = {}): CommandHappening => ({
  kind: 'update',
  update: { id: ID, state, rejection: undefined, detail: '', tookMs: 0, ...over },
});

test.for<[string, CommandState, CommandHappening, CommandState]>([
  ['what is sent is dispatched', 'issued', { kind: 'dispatched' }, 'dispatched'],
  ['sending again changes nothing', 'accepted', { kind: 'dispatched' }, 'accepted'],
  ['the actuator accepts', 'dispatched', update('accepted'), 'accepted'],
  ['the actuator starts', 'accepted', update('started'), 'started'],
  ['the actuator succeeds', 'started', update('succeeded'), 'succeeded'],
  ['a result without the words before it counts', 'dispatched', update('failed'), 'failed'],
  ['"accepted" after "started" came late', 'started', update('accepted'), 'started'],
  ['a repeated word changes nothing', 'accepted', update('accepted'), 'accepted'],
  ['a result never turns into another', 'succeeded', update('failed'), 'succeeded'],
  ['a result never turns into unknown', 'failed', update('unknown'), 'failed'],
  ['a crash in the middle makes it unknown', 'started', update('unknown'), 'unknown'],
  ['unknown is settled by what was observed', 'unknown', update('succeeded'), 'succeeded'],
  ['unknown is settled by a refusal', 'unknown', update('rejected'), 'rejected'],
  ['unknown does not go back to started', 'unknown', update('started'), 'unknown'],
  ['a lapsed command stays lapsed', 'lapsed', update('succeeded'), 'lapsed'],
  ['a word about another command changes nothing', 'dispatched', update('succeeded', { id: OTHER }), 'dispatched'],
  ['a revoked node never got it', 'issued', { kind: 'node-revoked' }, 'lapsed'],
  ['a revoked node may have got it', 'dispatched', { kind: 'node-revoked' }, 'unknown'],
  ['a result outlives its node', 'succeeded', { kind: 'node-revoked' }, 'succeeded'],
])('%s', ([, from, what, want]) => {
  expect(advanceCommand(record(from), what, ISSUED_MS + 1).state).toBe(want);
});

test.for<[string, CommandState, number, CommandState]>([
  ['one ms before its deadline an unsent command waits', 'issued', DEADLINE_MS - 1, 'issued'],
  ['at its deadline an unsent command lapses', 'issued', DEADLINE_MS, 'lapsed'],
  ['one ms before its deadline a sent command waits', 'dispatched', DEADLINE_MS - 1, 'dispatched'],
  ['at its deadline a sent command is unknown, because it may have run', 'dispatched', DEADLINE_MS, 'unknown'],
  ['an accepted command has an hour more', 'accepted', DEADLINE_MS + OUTCOME_EXPECTED_WITHIN_MS - 1, 'accepted'],
  ['after that hour it is unknown', 'accepted', DEADLINE_MS + OUTCOME_EXPECTED_WITHIN_MS, 'unknown'],
  ['a started command is unknown after that hour', 'started', DEADLINE_MS + OUTCOME_EXPECTED_WITHIN_MS, 'unknown'],
])('%s', ([, from, nowMs, want]) => {
  expect(advanceCommand(record(from), { kind: 'time-passed' }, nowMs).state).toBe(want);
});

test('a rejection keeps its reason, and text of the node is made inert', () => {
  const after = advanceCommand(
    record('dispatched'),
    update('rejected', { rejection: 'not-allowed', detail: 'no\u001b[2J' }),
    ISSUED_MS + 5,
  );
  expect(after).toMatchObject({ rejection: 'not-allowed', detail: 'no\\u{1b}[2J', updatedAtMs: ISSUED_MS + 5 });
  expect(advanceCommand(record('dispatched'), update('rejected'), ISSUED_MS).rejection).toBe('other');
});

const happening: fc.Arbitrary<CommandHappening> = fc.oneof(
  fc.constant<CommandHappening>({ kind: 'dispatched' }),
  fc.constant<CommandHappening>({ kind: 'time-passed' }),
  fc.constant<CommandHappening>({ kind: 'right-withdrawn' }),
  fc.constantFrom('accepted', 'started', 'succeeded', 'failed', 'rejected', 'unknown').map((state) => update(state)),
);

test('property: in any order of words and any delay, nothing settled ever changes and open commands have an end', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(happening, fc.integer({ min: 0, max: 200_000 }))), (story) => {
      let now = record('issued');
      let nowMs = ISSUED_MS;
      for (const [what, passedMs] of story) {
        nowMs += passedMs;
        const next = advanceCommand(now, what, nowMs);
        if (!isOpen(now.state) && now.state !== 'unknown') expect(next).toBe(now);
        if (now.state === 'unknown' && next !== now) expect(['succeeded', 'failed', 'rejected']).toContain(next.state);
        expect(advanceCommand(next, what, nowMs)).toBe(next);
        now = next;
      }
      const endMs = changesByTimeAtMs(now);
      expect(endMs === undefined).toBe(!isOpen(now.state));
      if (endMs !== undefined) expect(isOpen(advanceCommand(now, { kind: 'time-passed' }, endMs).state)).toBe(false);
    }),
  );
});

test('an upload belongs to diagnostics that were sent and are not over', () => {
  const action = { kind: 'diagnose' } as const;
  const expecting = ALL_STATES.filter((state) => expectsUpload({ action, state }));
  expect(expecting).toEqual(['dispatched', 'accepted', 'started', 'unknown']);
  expect(ALL_STATES.some((state) => expectsUpload({ action: { kind: 'reboot' }, state }))).toBe(false);
});

test('how far a command is goes forward only, and counts while it runs', () => {
  const told = (percent: number, state: CommandUpdate['state'] = 'started') =>
    update(state, { progress: { percent, doneBytes: percent, totalBytes: 100 } });
  const started = advanceCommand(record('accepted'), told(10), 1);
  expect(started.progress?.percent).toBe(10);
  const further = advanceCommand(started, told(20), 2);
  expect([further.progress?.percent, further.updatedAtMs]).toEqual([20, 2]);
  expect(advanceCommand(further, told(15), 3)).toBe(further);
  expect(advanceCommand(further, told(20), 3)).toBe(further);
  const done = advanceCommand(further, told(100, 'succeeded'), 4);
  expect([done.state, done.progress?.percent]).toEqual(['succeeded', 100]);
  expect(advanceCommand(done, told(30), 5)).toBe(done);
});
