import { expect, test } from 'vitest';
import type { Measure } from './condition-rule.js';
import { type CounterMemory, measure } from './measure.js';
import { type Told, viewOf } from './testing/told.js';

const HOUR = 3_600_000;
const WALL_MS = 1_700_000_000_000;
const NOW_MS = 50 * HOUR;

interface Case {
  readonly boots?: readonly number[];
  readonly nowMs?: number;
  readonly wallMs?: number;
  readonly counter?: CounterMemory | undefined;
}

const measured = (what: Measure, told: Told, { boots, nowMs = NOW_MS, wallMs = WALL_MS, counter }: Case = {}) =>
  measure(what, { facts: viewOf(told, boots), instance: '', counter, heldIncrease: 0, nowMs, wallMs });

const AGE = { kind: 'age', fact: 'backup_finished_unix_s' } as const;
const backup = (agoMs: number): Told => ({ backup_finished_unix_s: { '': (WALL_MS - agoMs) / 1_000 } });

test.for<[string, number, number, number]>([
  ['a moment short of an hour is no hour, for another moment', HOUR - 1_000, 0, 1_000],
  ['an hour is an hour, for an hour', HOUR, HOUR, HOUR],
  ['an age is told in whole hours', 26.5 * HOUR, 26 * HOUR, 0.5 * HOUR],
  ['what has just happened has no age', 0, 0, HOUR],
  ['what is still to come has no age', -2.5 * HOUR, 0, 0.5 * HOUR],
])('%s', ([, agoMs, valueMs, changesInMs]) => {
  expect(measured(AGE, backup(agoMs))).toMatchObject({ value: valueMs, changesAtMs: NOW_MS + changesInMs });
});

test('an age without a time is no data', () => {
  expect(measured(AGE, {}).value).toBeUndefined();
});

test('a difference needs both of its facts', () => {
  const what = {
    kind: 'difference',
    fact: 'temperature_critical_millidegrees',
    minus: 'temperature_millidegrees',
  } as const;
  const critical = { temperature_critical_millidegrees: { '': 110_000 } };
  expect(measured(what, { ...critical, temperature_millidegrees: { '': 104_000 } }).value).toBe(6_000);
  expect(measured(what, critical).value).toBeUndefined();
  expect(measured(what, { temperature_millidegrees: { '': 104_000 } }).value).toBeUndefined();
});

const SIGNS = { kind: 'signs', flags: ['power_undervoltage_flag', 'power_alarm_flag'], log: ['undervoltage'] } as const;
const LOG_READ = { kernel_log_lines_count: { '': 12 } };

test.for<[string, Told, number | undefined]>([
  ['nothing is known of any sign', {}, undefined],
  ['one sign is known and not shown', { power_alarm_flag: { '': 0 } }, 0],
  ['one of two flags is set', { power_alarm_flag: { '': 0 }, power_undervoltage_flag: { '': 1 } }, 1],
  ['the log is read and was silent', LOG_READ, 0],
  ['the log was over it', { ...LOG_READ, kernel_log_matches_count: { undervoltage: 0 } }, 0],
  ['the log tells of it', { ...LOG_READ, kernel_log_matches_count: { undervoltage: 3 } }, 1],
  [
    'flag and log agree',
    { ...LOG_READ, power_undervoltage_flag: { '': 1 }, kernel_log_matches_count: { undervoltage: 3 } },
    2,
  ],
  ['a count without a log that is read says nothing', { kernel_log_matches_count: { undervoltage: 3 } }, undefined],
])('signs: %s', ([, told, want]) => {
  expect(measured(SIGNS, told)).toMatchObject({ value: want, changesAtMs: undefined });
});

const PANIC = { kind: 'is-one-of', fact: 'boot_reason_state', values: [4], withinBootMs: 24 * HOUR } as const;

test.for<[string, readonly number[], number, number | undefined, number | undefined]>([
  ['a young boot counts until it is a day old', [NOW_MS - 23 * HOUR], 4, 1, NOW_MS + HOUR],
  ['a boot of exactly a day is over', [NOW_MS - 24 * HOUR], 4, 0, undefined],
  ['the latest boot counts', [NOW_MS - 40 * HOUR, NOW_MS], 4, 1, NOW_MS + 24 * HOUR],
  ['another reason is none', [NOW_MS], 1, 0, undefined],
  ['without a boot nobody knows', [], 4, undefined, undefined],
])('%s', ([, boots, reason, value, changesAtMs]) => {
  expect(measured(PANIC, { boot_reason_state: { '': reason } }, { boots })).toMatchObject({ value, changesAtMs });
});

const BACK = { kind: 'step-back', fact: 'card_verify_sequence_count', withinMs: HOUR } as const;
const number = (value: number): Told => ({ card_verify_sequence_count: { '': value } });

test('a number that went back counts for the window, and going on again changes nothing', () => {
  const first = measured(BACK, number(9));
  expect(first.value).toBe(0);
  const back = measured(BACK, number(7), { counter: first.counter });
  expect(back).toMatchObject({ value: 2, changesAtMs: NOW_MS + HOUR });
  const on = measured(BACK, number(8), { counter: back.counter, nowMs: NOW_MS + HOUR - 1 });
  expect(on.value).toBe(2);
  expect(measured(BACK, number(8), { counter: on.counter, nowMs: NOW_MS + HOUR }).value).toBe(0);
  expect(measured(BACK, {}, { counter: on.counter }).counter).toBe(on.counter);
});

const LINES = { kind: 'log-lines', log: ['card-timeout', 'card-reset'], withinMs: HOUR } as const;
const lines = (matches: Readonly<Record<string, number>>): Told => ({ ...LOG_READ, kernel_log_matches_count: matches });

test('lines of several rules count together, and the first match of a rule is an increase', () => {
  const first = measured(LINES, lines({}));
  expect(first.value).toBe(0);
  const second = measured(LINES, lines({ 'card-timeout': 2, 'card-reset': 1, lockup: 9 }), { counter: first.counter });
  expect(second.value).toBe(3);
});

test('a log that cannot be read is no data, and what was counted before is kept', () => {
  const first = measured(LINES, lines({ 'card-timeout': 2 }));
  const blind = measured(LINES, {}, { counter: first.counter });
  expect(blind.value).toBeUndefined();
  expect(blind.counter).toBe(first.counter);
  expect(measured(LINES, lines({ 'card-timeout': 3 }), { counter: blind.counter }).value).toBe(1);
});

test('an agent that started anew counts from 0, and its lines are new', () => {
  const before = measured(LINES, lines({ 'card-timeout': 5 }));
  expect(measured(LINES, lines({ 'card-timeout': 2 }), { counter: before.counter }).value).toBe(2);
});
