import { FACTS, type FactName, isTextFact, type Sample } from '../../../proto/contract/facts.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderBytes, renderDuration, renderPercent } from '../../../proto/contract/words.js';
import { visibleTime } from '../program/visible-time.js';

/** Numbers that stand for words, as proto/bramble/agent/v1/report.proto lists them. */
const STATES: Partial<Record<FactName, readonly string[]>> = {
  network_operational_state: ['unknown', 'up', 'down', 'other'],
  network_duplex_state: ['unknown', 'full', 'half'],
  network_tunnel_state: ['unknown', 'up', 'down'],
  board_netboot_state: ['unknown', 'not possible', 'with bootcode.bin on a card', 'from ROM', 'from EEPROM'],
  clock_leap_state: ['unknown', 'none', 'a second will be inserted', 'a second will be removed'],
  boot_reason_state: [
    'unknown',
    'power on or reset',
    'orderly restart',
    'hardware watchdog',
    'kernel panic',
    'supply voltage too low',
  ],
  card_reserve_state: ['unknown', 'normal', '80 % used', '90 % used'],
  card_verify_state: ['unknown', 'kept what it acknowledged', 'lost what it had acknowledged', 'not verified yet'],
};

/** The last second that a Date can show. Source: ECMA-262, time values and time range. */
const LAST_SECOND = 8_640_000_000_000;

/** Endings that are units or forms; the rest of a fact's name is what it is about. */
const UNITS = [
  'bytes',
  'permille',
  'millidegrees',
  'milli',
  'mbps',
  'mhz',
  'rpm',
  'count',
  'flag',
  'state',
  'text',
  'unix_s',
  'ms',
  'us',
  's',
] as const;
type Unit = (typeof UNITS)[number];

export function unitOf(fact: FactName): Unit | undefined {
  return UNITS.find((unit) => fact.endsWith(`_${unit}`));
}

/** Facts whose name says more than is known: the agent has not seen what happened before it started. */
const WORDS: Partial<Record<FactName, string>> = {
  power_undervoltage_since_boot_flag: 'power undervoltage seen by this agent in this boot',
  power_frequency_capped_since_boot_flag: 'power frequency capped seen by this agent in this boot',
  power_throttled_since_boot_flag: 'power throttled seen by this agent in this boot',
  power_soft_temperature_limit_since_boot_flag: 'power soft temperature limit seen by this agent in this boot',
  power_alarm_flag: 'power alarm within the last 2 s',
};

/** "memory_available_bytes" -> "memory available". */
export function factWords(fact: FactName): string {
  const words = WORDS[fact];
  if (words !== undefined) return words;
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
    case 'millidegrees':
      return `${(value / 1000).toFixed(1)} °C`;
    case 'mbps':
      return `${value} Mbit/s`;
    case 'mhz':
      return `${value} MHz`;
    case 'rpm':
      return `${value} turns/min`;
    case 'unix_s':
      return value <= LAST_SECOND ? visibleTime(value * 1000) : String(value);
    case 's':
      return renderDuration(value * 1000);
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
