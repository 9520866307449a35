import { expect, test } from 'vitest';
import { CONDITION_RULES } from './condition-rules/index.js';
import type { JudgedCondition } from './conditions.js';
import { causeOf, conditionsAsKnown, judgeNodeState, type NodeSituation, troublesByWeight } from './node-state.js';

function condition(type: string, over: Partial<JudgedCondition> = {}): JudgedCondition {
  const rule = CONDITION_RULES.find((known) => known.type === type);
  if (rule === undefined) throw new Error(`no rule ${type}`);
  return {
    rule,
    instance: '',
    status: 'true',
    raised: true,
    severity: rule.levels[0].severity,
    message: `${type} was found`,
    sinceMs: 0,
    pendingSinceMs: undefined,
    noDataSinceMs: undefined,
    counter: undefined,
    recheckAtMs: undefined,
    ...over,
  };
}

const node = (over: Partial<NodeSituation> = {}): NodeSituation => ({
  lifecycle: 'enrolled',
  liveness: 'fresh',
  silentAfterMs: 95_000,
  connected: true,
  goodbye: undefined,
  conditions: [],
  maintenance: undefined,
  ...over,
});

const trouble = [condition('DiskSpaceLow', { message: '/ has 5.0 MiB free' })];
const calm = [condition('DiskSpaceLow', { status: 'false', raised: false, message: '' })];
const blind = [condition('MemoryLow', { status: 'unknown', raised: false, message: '' })];

test.for<[string, Partial<NodeSituation>, string, string]>([
  [
    'a node that reports without trouble is ready',
    { conditions: calm },
    'ready',
    'It reports, and no check found trouble.',
  ],
  ['checks without data are named', { conditions: blind }, 'ready', 'No check found trouble; no data for MemoryLow.'],
  ['trouble is told in its own words', { conditions: trouble }, 'troubled', '/ has 5.0 MiB free.'],
  ['a late node is not called healthy', { liveness: 'late' }, 'unknown', 'Its report is late.'],
  [
    'a late node with trouble is in trouble',
    { liveness: 'late', conditions: trouble },
    'troubled',
    '/ has 5.0 MiB free.',
  ],
  [
    'maintenance comes before trouble, and tells it all the same',
    { liveness: 'late', conditions: trouble, maintenance: 'until 2026-11-21T14:00Z (kim: new card)' },
    'maintenance',
    'In maintenance until 2026-11-21T14:00Z (kim: new card). Without it: troubled. / has 5.0 MiB free.',
  ],
  [
    'a healthy node in maintenance says no more than that',
    { conditions: calm, maintenance: 'until 2026-11-21T14:00Z (kim: new card)' },
    'maintenance',
    'In maintenance until 2026-11-21T14:00Z (kim: new card).',
  ],
  [
    'a revoked node stays revoked, whoever works on it',
    { lifecycle: 'revoked', maintenance: 'until 2026-11-21T14:00Z (kim: new card)' },
    'revoked',
    'Its credential was revoked.',
  ],
  [
    'silence never looks healthy, whatever was known',
    { liveness: 'silent', connected: false, conditions: calm },
    'no-contact',
    'No report for 1 min 35 s: the agent, the node, its network or its power may be down.',
  ],
  [
    'an open stream without reports is no contact',
    { liveness: 'silent' },
    'no-contact',
    'Its stream is open, but no report came for 1 min 35 s.',
  ],
  [
    'who said goodbye and stays away is no contact',
    { liveness: 'silent', connected: false, goodbye: 'reboot' },
    'no-contact',
    'It said goodbye (reboot) and did not come back in time.',
  ],
  [
    'who said goodbye is expected back',
    { liveness: 'gone', connected: false, goodbye: 'reboot' },
    'no-contact',
    'It said goodbye (reboot) and is expected back.',
  ],
  [
    'an observer that just started knows nothing',
    { liveness: 'unobserved', connected: false, conditions: trouble },
    'unknown',
    'It has not reported since this controller started or enrolled it.',
  ],
  ['a frozen node is frozen even when it reports well', { lifecycle: 'frozen' }, 'frozen', 'two boards'],
  ['a revoked node is revoked', { lifecycle: 'revoked', liveness: 'silent' }, 'revoked', 'Its credential was revoked.'],
])('%s', ([, over, state, why]) => {
  const verdict = judgeNodeState(node(over));
  expect(verdict.state).toBe(state);
  expect(verdict.why).toContain(why);
});

test('a cause is named before its consequence, an error before a warning', () => {
  const conditions = [
    condition('AgentStorageFailed'),
    condition('NetworkErrors', { severity: 'warning' }),
    condition('FilesystemReadOnly'),
  ];
  expect(troublesByWeight(conditions).map(({ rule }) => rule.type)).toEqual([
    'FilesystemReadOnly',
    'NetworkErrors',
    'AgentStorageFailed',
  ]);
  expect(judgeNodeState(node({ conditions })).why).toBe('FilesystemReadOnly was found. (and 2 more)');
});

test('what is only worth knowing makes nobody troubled, and comes last', () => {
  const info = condition('RebootRequired', { severity: 'info' });
  expect(judgeNodeState(node({ conditions: [info] })).state).toBe('ready');
  const both = [info, condition('LoadHigh', { severity: 'warning' })];
  expect(judgeNodeState(node({ conditions: both })).why).toBe('LoadHigh was found.');
  expect(troublesByWeight(both).map(({ rule }) => rule.type)).toEqual(['LoadHigh', 'RebootRequired']);
});

test('too much written to a card is named before the card that looks dead, and before what lies on it', () => {
  const conditions = [
    condition('FilesystemReadOnly'),
    condition('CardFailing'),
    condition('StorageSaturated', { severity: 'warning' }),
  ];
  expect(troublesByWeight(conditions).map(({ rule }) => rule.type)).toEqual([
    'StorageSaturated',
    'FilesystemReadOnly',
    'CardFailing',
  ]);
});

test('of several causes that hold, the likeliest is named; one that is over or unknown explains nothing', () => {
  const card = condition('CardFailing');
  const saturated = condition('StorageSaturated');
  const dip = condition('UndervoltageRecently');
  expect(causeOf(card, [card, dip, saturated])).toBe(saturated);
  expect(causeOf(card, [card, dip, { ...saturated, status: 'unknown' }])).toBe(dip);
  expect(causeOf(card, [card, condition('LoadHigh')])).toBeUndefined();
  expect(causeOf({ ...card, status: 'unknown' }, [saturated])).toBeUndefined();
});

test.for(['silent', 'gone', 'unobserved'] as const)(
  'conditions of a node that is %s are unknown, with their last word',
  (liveness) => {
    const [known] = conditionsAsKnown(liveness, trouble);
    expect(known).toMatchObject({ status: 'unknown', message: 'not known now; last: / has 5.0 MiB free', sinceMs: 0 });
  },
);

test('conditions of a late node are still those of its last report', () => {
  expect(conditionsAsKnown('late', trouble)).toBe(trouble);
});
