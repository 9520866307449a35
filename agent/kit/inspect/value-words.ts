import { FACTS, type FactName, isTextFact, type Sample } from '../../../proto/contract/facts.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes, renderDuration, renderPercent } from '../../../proto/contract/words.js';

/** Numbers that stand for words, as proto/bramble/agent/v1/report.proto lists them. */
const STATES: Partial<Record<FactName, readonly string[]>> = {
  network_operational_state: ['unknown', 'up', 'down', 'other'],
  network_duplex_state: ['unknown', 'full', 'half'],
};

/** Endings that are units or forms; the rest of a fact's name is what it is about. */
const UNITS = ['bytes', 'permille', 'milli', 'mbps', 'count', 'flag', 'state', 'text', 'ms', 'us'] as const;
type Unit = (typeof UNITS)[number];

export function unitOf(fact: FactName): Unit | undefined {
  return UNITS.find((unit) => fact.endsWith(`_${unit}`));
}

/** "memory_available_bytes" -> "memory available". */
export function factWords(fact: FactName): string {
  const unit = unitOf(fact);
  return (unit === undefined ? fact : fact.slice(0, -unit.length - 1)).replaceAll('_', ' ');
}

/** The value with its unit in words; text as it is, made harmless for a terminal. */
export function valueWords({ fact, value }: Sample): string {
  if (typeof value === 'string' || isTextFact(fact)) return visible(String(value));
  switch (unitOf(fact)) {
    case 'bytes':
      return renderBytes(value);
    case 'permille':
      return renderPercent(value / 1000);
    case 'milli':
      return (value / 1000).toFixed(2);
    case 'mbps':
      return `${value} Mbit/s`;
    case 'ms':
      return renderDuration(value);
    case 'us':
      return `${value} µs`;
    case 'flag':
      return value === 0 ? 'no' : 'yes';
    case 'state':
      return STATES[fact]?.[value] ?? String(value);
    default:
      return FACTS[fact].kind === 'counter' ? `${value} since start` : String(value);
  }
}
