import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeId } from '../../proto/contract/ids.js';
import { conditionOf, judgedOf } from './condition-record.js';
import type { ConditionRule, FactsView } from './condition-rule.js';
import { CONDITION_RULES } from './condition-rules/index.js';
import { FORGET_AFTER_MS, type JudgedCondition, judgeConditions } from './conditions.js';
import { viewOf as facts, type Told } from './testing/told.js';

const WALL_MS = 1_700_000_000_000;
const MIB = 2 ** 20;
const MINUTE = 60_000;

function rule(type: string): ConditionRule {
  const found = CONDITION_RULES.find((known) => known.type === type);
  if (found === undefined) throw new Error(`no rule ${type}`);
  return found;
}

/** Judges one rule over a story of (time, facts) and tells every transition with its time. */
function story(
  type: string,
  chapters: readonly (readonly [number, FactsView])[],
  start: readonly JudgedCondition[] = [],
) {
  let conditions = start;
  const told: string[] = [];
  let recheckAtMs: number | undefined;
  for (const [atMs, view] of chapters) {
    const judgement = judgeConditions([rule(type)], view, conditions, atMs, WALL_MS + atMs);
    conditions = judgement.conditions;
    recheckAtMs = judgement.recheckAtMs;
    for (const { kind, condition } of judgement.transitions) {
      told.push(`${atMs / 1_000}s ${kind} ${condition.status} ${condition.severity}`);
    }
  }
  return { told, conditions, recheckAtMs, last: conditions.at(-1) };
}

const disk = (free: number, over: Told = {}): FactsView =>
  facts({
    filesystem_size_bytes: { '/': 1_000 * MIB },
    filesystem_available_bytes: { '/': free * MIB },
    filesystem_type_text: { '/': 'ext4' },
    ...over,
  });

test.for<[string, string, FactsView, string]>([
  ['exactly 10 % free is enough', 'DiskSpaceLow', disk(100), 'false'],
  ['just under 10 % free is low', 'DiskSpaceLow', disk(99), 'true warning'],
  ['exactly 3 % free is low, not yet an error', 'DiskSpaceLow', disk(30), 'true warning'],
  ['just under 3 % free is an error', 'DiskSpaceLow', disk(29), 'true error'],
  [
    'a full squashfs is as it should be',
    'DiskSpaceLow',
    disk(0, { filesystem_type_text: { '/': 'squashfs' } }),
    'none',
  ],
  ['a filesystem without a size says nothing', 'DiskSpaceLow', disk(5, { filesystem_size_bytes: {} }), 'unknown'],
  [
    'btrfs has no fixed inodes',
    'InodesLow',
    facts({ filesystem_inodes_count: { '/': 0 }, filesystem_inodes_free_count: { '/': 0 } }),
    'unknown',
  ],
  [
    'under 5 % of inodes is low',
    'InodesLow',
    facts({ filesystem_inodes_count: { '/': 1000 }, filesystem_inodes_free_count: { '/': 49 } }),
    'true warning',
  ],
  ['a writable filesystem is fine', 'FilesystemReadOnly', facts({ filesystem_read_only_flag: { '/': 0 } }), 'false'],
  [
    'a read-only filesystem is an error',
    'FilesystemReadOnly',
    facts({ filesystem_read_only_flag: { '/': 1 } }),
    'true error',
  ],
  [
    'a failed agent store is an error',
    'AgentStorageFailed',
    facts({ agent_storage_failed_flag: { '': 1 } }),
    'true error',
  ],
  ['three boots within 15 min are not a loop', 'BootLoop', facts({}, [1, 2, 3]), 'false'],
  ['four boots within 15 min are a loop', 'BootLoop', facts({}, [1, 2, 3, 4]), 'true error'],
  ['no fact at all is unknown, never fine', 'MemoryLow', facts({}), 'unknown'],
  ['no boot seen is unknown, never fine', 'BootLoop', facts({}), 'unknown'],
])('%s', ([, type, view, want]) => {
  const { last } = story(type, [[0, view]]);
  const status = last === undefined ? 'none' : last.status;
  expect(last?.status === 'true' ? `${status} ${last.severity}` : status).toBe(want);
});

test('trouble ends at its own limit, so that a value on the edge does not flicker', () => {
  const { told } = story('DiskSpaceLow', [
    [0, disk(99)],
    [30_000, disk(101)],
    [60_000, disk(119)],
    [90_000, disk(120)],
    [120_000, disk(110)],
  ]);
  expect(told).toEqual(['0s raised true warning', '90s cleared false warning']);
});

test('graver trouble is news, milder trouble is only written down', () => {
  const { told } = story('DiskSpaceLow', [
    [0, disk(99)],
    [30_000, disk(29)],
    [60_000, disk(39)],
    [90_000, disk(40)],
  ]);
  expect(told).toEqual(['0s raised true warning', '30s raised true error', '90s changed true warning']);
});

test('messages name the place and carry numbers with units', () => {
  const { last } = story('DiskSpaceLow', [[0, disk(94)]]);
  expect(last?.message).toBe('/ has 94.0 MiB free of 1000.0 MiB (9.4 %)');
});

test('text of a node is inert inside a message', () => {
  const collector = facts({
    collector_state: { 'sm\u001bart': 3 },
    collector_error_text: { 'sm\u001bart': 'no\nway' },
  });
  const { last } = story('CollectorFailing', [
    [0, collector],
    [MINUTE, collector],
  ]);
  expect(last?.message).toBe('collector sm\\u{1b}art fails: no\\u{a}way');
});

const memory = (percent: number): FactsView =>
  facts({ memory_total_bytes: { '': 1_000 * MIB }, memory_available_bytes: { '': percent * 10 * MIB } });

test('trouble that must hold for 2 min is said at 2 min and not a moment before', () => {
  const before = story('MemoryLow', [
    [0, memory(9)],
    [2 * MINUTE - 1, memory(9)],
  ]);
  expect(before.told).toEqual([]);
  expect(before.last?.status).toBe('false');
  expect(before.recheckAtMs).toBe(2 * MINUTE);
  expect(
    story('MemoryLow', [
      [0, memory(9)],
      [2 * MINUTE, memory(9)],
    ]).told,
  ).toEqual(['120s raised true warning']);
});

test('trouble that pauses starts its wait anew', () => {
  const { told } = story('MemoryLow', [
    [0, memory(9)],
    [MINUTE, memory(11)],
    [2 * MINUTE, memory(9)],
    [3 * MINUTE, memory(9)],
  ]);
  expect(told).toEqual([]);
});

test('the age of a trouble survives repeated judgement and a time without data', () => {
  const { told, last } = story('DiskSpaceLow', [
    [0, disk(50)],
    [30_000, disk(51)],
    [60_000, facts({})],
    [90_000, disk(52)],
  ]);
  expect(told).toEqual(['0s raised true warning', '60s changed unknown warning', '90s changed true warning']);
  expect(last?.sinceMs).toBe(WALL_MS);
});

test('an instance that is reported no more is unknown for an hour, then its trouble is cleared and forgotten', () => {
  const { told, last, recheckAtMs } = story('DiskSpaceLow', [
    [0, disk(50)],
    [30_000, facts({})],
  ]);
  expect(last?.status).toBe('unknown');
  expect(recheckAtMs).toBe(30_000 + FORGET_AFTER_MS);
  expect(told).toHaveLength(2);
  const later = story('DiskSpaceLow', [
    [0, disk(50)],
    [30_000, facts({})],
    [30_000 + FORGET_AFTER_MS, facts({})],
  ]);
  expect(later.conditions).toEqual([]);
  expect(later.told.at(-1)).toBe('3630s cleared unknown warning');
});

test('an instance that is reported in part stays unknown, however long', () => {
  const partly = disk(50, { filesystem_size_bytes: {} });
  const { told, last, recheckAtMs } = story('DiskSpaceLow', [
    [0, disk(50)],
    [30_000, partly],
    [30_000 + 2 * FORGET_AFTER_MS, partly],
  ]);
  expect(told).toEqual(['0s raised true warning', '30s changed unknown warning']);
  expect(last?.status).toBe('unknown');
  expect(recheckAtMs).toBeUndefined();
});

const kills = (count: number): FactsView => facts({ memory_oom_kills_count: { '': count } });

test('the first sight of a counter is no increase', () => {
  expect(story('OutOfMemoryKills', [[0, kills(7)]]).last?.status).toBe('false');
});

test('one kill raises, and a quiet window clears by time alone', () => {
  const chapters = [
    [0, kills(7)],
    [30_000, kills(8)],
    [5 * MINUTE, kills(8)],
    [10 * MINUTE, kills(8)],
  ] as const;
  expect(story('OutOfMemoryKills', chapters.slice(0, 2)).recheckAtMs).toBe(5 * MINUTE);
  expect(story('OutOfMemoryKills', chapters).told).toEqual(['30s raised true error', '600s cleared false error']);
});

test('a kill at the very end of a window is not forgotten a moment later', () => {
  const chapters = [
    [0, kills(7)],
    [299_000, kills(8)],
    [300_000, kills(8)],
    [599_999, kills(8)],
  ] as const;
  expect(story('OutOfMemoryKills', chapters).told).toEqual(['299s raised true error']);
});

test('a burst after a long quiet time counts in full', () => {
  expect(
    story('OutOfMemoryKills', [
      [0, kills(7)],
      [600 * MINUTE, kills(8)],
    ]).told,
  ).toEqual(['36000s raised true error']);
});

test('a reset of a counter hides nothing: what it counts from zero is an increase', () => {
  expect(
    story('OutOfMemoryKills', [
      [0, kills(7)],
      [30_000, kills(0)],
    ]).told,
  ).toEqual([]);
  expect(
    story('OutOfMemoryKills', [
      [0, kills(7)],
      [30_000, kills(1)],
    ]).told,
  ).toEqual(['30s raised true error']);
});

const errors = (received: number, sent: number): FactsView =>
  facts({ network_receive_errors_count: { eth0: received }, network_transmit_errors_count: { eth0: sent } });

test('errors of both directions count together, and the limit is reached at 50', () => {
  expect(
    story('NetworkErrors', [
      [0, errors(100, 100)],
      [30_000, errors(125, 124)],
    ]).told,
  ).toEqual([]);
  expect(
    story('NetworkErrors', [
      [0, errors(100, 100)],
      [30_000, errors(125, 125)],
    ]).told,
  ).toEqual(['30s raised true warning']);
});

test('the same errors spread over a longer time are no trouble', () => {
  const { told } = story('NetworkErrors', [
    [0, errors(0, 0)],
    [2 * MINUTE, errors(40, 0)],
    [4 * MINUTE, errors(45, 0)],
    [7 * MINUTE, errors(80, 0)],
  ]);
  expect(told).toEqual([]);
});

test('a stored trouble goes on where it was: unknown until there is data, then true with its old age, without news', () => {
  const id = nodeId('n-0000000000001');
  const raised = story('DiskSpaceLow', [[0, disk(50)]]).last;
  if (raised === undefined) throw new Error('not raised');
  const loaded = judgedOf(conditionOf(id, raised), CONDITION_RULES);
  if (loaded === undefined) throw new Error('not known');
  expect(loaded.status).toBe('unknown');
  const { told, last } = story('DiskSpaceLow', [[5_000, disk(50)]], [loaded]);
  expect(told).toEqual(['5s changed true warning']);
  expect(last?.sinceMs).toBe(WALL_MS);
});

test('a stored increase is held for one window, because the observer did not see the counter before', () => {
  const raised = story('OutOfMemoryKills', [
    [0, kills(7)],
    [30_000, kills(8)],
  ]).last;
  if (raised === undefined) throw new Error('not raised');
  const loaded = judgedOf(conditionOf(nodeId('n-0000000000001'), raised), CONDITION_RULES);
  if (loaded === undefined) throw new Error('not known');
  const { told } = story(
    'OutOfMemoryKills',
    [
      [0, kills(8)],
      [5 * MINUTE, kills(8)],
      [10 * MINUTE - 1, kills(8)],
      [10 * MINUTE, kills(8)],
    ],
    [loaded],
  );
  expect(told).toEqual(['0s changed true error', '600s cleared false error']);
});

test('a type that no rule knows any more is not loaded', () => {
  const stored = conditionOf(nodeId('n-0000000000001'), {
    ...(story('DiskSpaceLow', [[0, disk(50)]]).last ?? fail()),
  });
  expect(judgedOf({ ...stored, type: 'GoneInThisRelease' }, CONDITION_RULES)).toBeUndefined();
});

function fail(): never {
  throw new Error('not raised');
}

test('rules that are not asked leave their conditions as they are', () => {
  const view = facts({ memory_oom_kills_count: { '': 0 } });
  const all = judgeConditions(CONDITION_RULES, disk(50), [], 0, WALL_MS);
  const some = judgeConditions([rule('OutOfMemoryKills')], view, all.conditions, 30_000, WALL_MS + 30_000);
  const others = ({ rule: { type } }: JudgedCondition): boolean => type !== 'OutOfMemoryKills';
  expect(some.conditions.filter(others)).toEqual(all.conditions.filter(others));
  expect(some.conditions.find((condition) => !others(condition))?.status).toBe('false');
});

const anyFacts = fc
  .record({
    free: fc.option(fc.integer({ min: 0, max: 1_000 })),
    memory: fc.option(fc.integer({ min: 0, max: 100 })),
    kills: fc.option(fc.integer({ min: 0, max: 5 })),
    state: fc.option(fc.integer({ min: 1, max: 4 })),
    lines: fc.option(fc.dictionary(fc.constantFrom('card-timeout', 'undervoltage', 'kernel-oops'), fc.nat(4))),
    reason: fc.option(fc.integer({ min: 1, max: 5 })),
    bootsAtMs: fc.array(fc.integer({ min: -30 * 60 * MINUTE, max: 0 }), { maxLength: 2 }),
    backupDays: fc.option(fc.integer({ min: -2, max: 9 })),
    soc: fc.option(fc.constantFrom('BCM2711', 'another')),
    degrees: fc.option(fc.integer({ min: 70, max: 109 })),
  })
  .map(({ free, memory: percent, kills: count, state, ...more }): FactsView => {
    const { lines, reason, bootsAtMs, backupDays, soc, degrees } = more;
    const told: Told = {
      ...(lines === null ? {} : { kernel_log_lines_count: { '': 9 }, kernel_log_matches_count: lines }),
      ...(reason === null ? {} : { boot_reason_state: { '': reason } }),
      ...(backupDays === null ? {} : { backup_finished_unix_s: { home: WALL_MS / 1_000 - backupDays * 86_400 } }),
      ...(soc === null ? {} : { board_soc_text: { '': soc } }),
      ...(degrees === null ? {} : { temperature_millidegrees: { 'cpu-thermal': degrees * 1_000 } }),
      ...(free === null ? {} : { filesystem_size_bytes: { '/': 1_000 }, filesystem_available_bytes: { '/': free } }),
      ...(percent === null ? {} : { memory_total_bytes: { '': 100 }, memory_available_bytes: { '': percent } }),
      ...(count === null ? {} : { memory_oom_kills_count: { '': count } }),
      ...(state === null ? {} : { collector_state: { disk: state } }),
    };
    return facts(told, bootsAtMs);
  });

test('property: raised and cleared alternate, judging twice says nothing new, and no data is never called fine', () => {
  const chapters = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * MINUTE }), anyFacts), { maxLength: 20 });
  fc.assert(
    fc.property(chapters, (steps) => {
      let conditions: readonly JudgedCondition[] = [];
      const raised = new Set<string>();
      let nowMs = 0;
      for (const [passedMs, view] of steps) {
        nowMs += passedMs;
        const judgement = judgeConditions(CONDITION_RULES, view, conditions, nowMs, WALL_MS + nowMs);
        for (const { kind, condition } of judgement.transitions) {
          const key = `${condition.rule.type} ${condition.instance}`;
          if (kind === 'cleared') expect(raised.delete(key)).toBe(true);
          if (kind === 'raised') raised.add(key);
          if (kind === 'changed') expect(raised.has(key)).toBe(true);
        }
        const again = judgeConditions(CONDITION_RULES, view, judgement.conditions, nowMs, WALL_MS + nowMs);
        expect(again.transitions).toEqual([]);
        expect(again.conditions).toBe(judgement.conditions);
        if (judgement.recheckAtMs !== undefined) expect(judgement.recheckAtMs).toBeGreaterThan(nowMs);
        for (const {
          rule: { type },
          status,
        } of judgement.conditions) {
          if (type === 'MemoryLow' && view.number('memory_available_bytes', '') === undefined)
            expect(status).toBe('unknown');
        }
        conditions = judgement.conditions;
      }
    }),
  );
});
