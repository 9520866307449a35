/** What a rule measures, as one number. */

import { assertNever } from '../../proto/contract/assert.js';
import type { NumberFactName } from '../../proto/contract/facts.js';
import type { KernelLogRule } from '../../proto/contract/kernel-log.js';
import { type FactsView, isLogRead, type Measure } from './condition-rule.js';

/**
 * What must be remembered to know how much counters went up lately: the values at the start of this half of the window
 * and of the half before it. An increase so counts for half a window at least and for a whole one at most.
 */
export interface CounterMemory {
  readonly halfBeforeValue: number;
  readonly halfValue: number;
  /** Monotonic. */
  readonly halfSinceMs: number;
  readonly lastValue: number;
}

export interface Measured {
  /** `undefined` = no data. */
  readonly value: number | undefined;
  readonly counter: CounterMemory | undefined;
  /** When the number changes by time alone; monotonic. */
  readonly changesAtMs: number | undefined;
}

export interface MeasureCase {
  readonly facts: FactsView;
  readonly instance: string;
  readonly counter: CounterMemory | undefined;
  /**
   * The increase that a trouble already raised stands for: a counter that is seen for the first time after a restart of
   * the observer keeps it for one window.
   */
  readonly heldIncrease: number;
  /** Monotonic. */
  readonly nowMs: number;
  /** Wall clock of the observer. */
  readonly wallMs: number;
}

/** Measures one instance. */
export function measure(what: Measure, given: MeasureCase): Measured {
  const { facts, instance, nowMs } = given;
  switch (what.kind) {
    case 'value':
      return plain(facts.number(what.fact, instance));
    case 'magnitude': {
      const value = facts.number(what.fact, instance);
      return plain(value === undefined ? undefined : Math.abs(value));
    }
    case 'ratio': {
      const part = facts.number(what.fact, instance);
      const whole = facts.number(what.of, instance);
      return plain(part === undefined || whole === undefined || whole <= 0 ? undefined : part / whole);
    }
    case 'difference': {
      const value = facts.number(what.fact, instance);
      const minus = facts.number(what.minus, instance);
      return plain(value === undefined || minus === undefined ? undefined : value - minus);
    }
    case 'is-one-of': {
      const value = facts.number(what.fact, instance);
      const found = value === undefined ? undefined : Number(what.values.includes(value));
      return whileBootIsYoung(found, what.withinBootMs, given);
    }
    case 'signs':
      return whileBootIsYoung(countSigns(what, facts), what.withinBootMs, given);
    case 'boots':
      return measureBoots(facts.bootsAtMs, what.withinMs, nowMs);
    case 'age':
      return measureAge(facts.number(what.fact, instance), given);
    case 'increase':
      return measureIncrease(sum(what.facts, facts, instance), what.withinMs, given);
    case 'step-back':
      return measureStepBack(facts.number(what.fact, instance), what.withinMs, given);
    case 'log-lines':
      return measureIncrease(countLines(what.log, facts), what.withinMs, given);
    default:
      return assertNever(what, 'measure');
  }
}

const plain = (value: number | undefined): Measured => ({ value, counter: undefined, changesAtMs: undefined });

function sum(names: readonly NumberFactName[], facts: FactsView, instance: string): number | undefined {
  let total: number | undefined;
  for (const name of names) {
    const value = facts.number(name, instance);
    if (value !== undefined) total = (total ?? 0) + value;
  }
  return total;
}

function measureBoots(bootsAtMs: readonly number[], withinMs: number, nowMs: number): Measured {
  if (bootsAtMs.length === 0) return plain(undefined);
  const recent = bootsAtMs.filter((atMs) => nowMs - atMs < withinMs);
  const changesAtMs = recent.length === 0 ? undefined : Math.min(...recent) + withinMs;
  return { value: recent.length, counter: undefined, changesAtMs };
}

function countSigns({ flags, log }: Extract<Measure, { kind: 'signs' }>, facts: FactsView): number | undefined {
  const flagged = sum(flags, facts, '');
  if (log.length === 0 || !isLogRead(facts)) return flagged;
  let count = flagged ?? 0;
  for (const rule of log) if ((facts.number('kernel_log_matches_count', rule) ?? 0) > 0) count += 1;
  return count;
}

function countLines(log: readonly KernelLogRule[], facts: FactsView): number | undefined {
  if (!isLogRead(facts)) return undefined;
  let count = 0;
  for (const rule of log) count += facts.number('kernel_log_matches_count', rule) ?? 0;
  return count;
}

/** What was found, until the boot is older than `withinBootMs`; no data while no boot was seen. */
function whileBootIsYoung(found: number | undefined, withinBootMs: number | undefined, given: MeasureCase): Measured {
  if (withinBootMs === undefined || found === undefined) return plain(found);
  const bootAtMs = given.facts.bootsAtMs.at(-1);
  if (bootAtMs === undefined) return plain(undefined);
  const endsAtMs = bootAtMs + withinBootMs;
  if (given.nowMs >= endsAtMs) return plain(0);
  return { value: found, counter: undefined, changesAtMs: found > 0 ? endsAtMs : undefined };
}

const HOUR_MS = 3_600_000;

function measureAge(unixS: number | undefined, { nowMs, wallMs }: MeasureCase): Measured {
  if (unixS === undefined) return plain(undefined);
  const ageMs = wallMs - unixS * 1_000;
  const hours = Math.floor(ageMs / HOUR_MS);
  const nextHourMs = (hours + 1) * HOUR_MS - ageMs;
  return { value: Math.max(0, hours * HOUR_MS), counter: undefined, changesAtMs: nowMs + nextHourMs };
}

/** `total`: what the counters say now; `undefined` = no data, and what is remembered of them stays. */
function measureIncrease(total: number | undefined, withinMs: number, given: MeasureCase): Measured {
  if (total === undefined) return { value: undefined, counter: given.counter, changesAtMs: undefined };
  const next = advance(total, withinMs, given);
  const value = total - next.halfBeforeValue;
  return { value, counter: next, changesAtMs: value > 0 ? next.halfSinceMs + withinMs / 2 : undefined };
}

/** Of the memory of a counter it uses the first field for how far it went back, and the time for when. */
function measureStepBack(value: number | undefined, withinMs: number, given: MeasureCase): Measured {
  const { counter, heldIncrease, nowMs } = given;
  if (value === undefined) return { value: undefined, counter, changesAtMs: undefined };
  const before = counter ?? { halfBeforeValue: heldIncrease, halfValue: 0, halfSinceMs: nowMs, lastValue: value };
  const steps = value < before.lastValue;
  const halfSinceMs = steps ? nowMs : before.halfSinceMs;
  const endsAtMs = halfSinceMs + withinMs;
  const back = steps ? before.lastValue - value : nowMs >= endsAtMs ? 0 : before.halfBeforeValue;
  const isSame = value === before.lastValue && back === before.halfBeforeValue;
  const next = isSame ? before : { halfBeforeValue: back, halfValue: 0, halfSinceMs, lastValue: value };
  return { value: back, counter: next, changesAtMs: back > 0 ? endsAtMs : undefined };
}

function advance(total: number, withinMs: number, given: MeasureCase): CounterMemory {
  const { counter, heldIncrease, nowMs } = given;
  if (counter === undefined) {
    const start = total - heldIncrease;
    return { halfBeforeValue: start, halfValue: start, halfSinceMs: nowMs, lastValue: total };
  }
  if (total === counter.lastValue && total === counter.halfBeforeValue) return counter; // quiet, however long
  // A counter that went back was reset (reboot, new interface): what it counted before still happened.
  const lost = total < counter.lastValue ? counter.lastValue : 0;
  const halfBeforeValue = counter.halfBeforeValue - lost;
  const halfValue = counter.halfValue - lost;
  const heldValue = counter.lastValue - lost; // it held until a moment ago
  const ageMs = nowMs - counter.halfSinceMs;
  if (ageMs >= withinMs) {
    return { halfBeforeValue: heldValue, halfValue: heldValue, halfSinceMs: nowMs, lastValue: total };
  }
  if (ageMs >= withinMs / 2) {
    return { halfBeforeValue: halfValue, halfValue: heldValue, halfSinceMs: nowMs, lastValue: total };
  }
  if (total === counter.lastValue) return counter;
  return { halfBeforeValue, halfValue, halfSinceMs: counter.halfSinceMs, lastValue: total };
}
