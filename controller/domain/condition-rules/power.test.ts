import { describeRules } from '../testing/describe-rules.js';
import { log, node, type RuleRows } from '../testing/rule-rows.js';
import { POWER_RULES } from './power.js';

const ROWS: RuleRows = {
  'the low voltage flag is an error': {
    type: 'Undervoltage',
    told: node('power_undervoltage_flag', 1),
    want: 'error',
    says: 'the supply voltage is too low (below about 4.63 V) now',
  },
  'the alarm alone is an error too': { type: 'Undervoltage', told: node('power_alarm_flag', 1), want: 'error' },
  'the log alone is an error too': { type: 'Undervoltage', told: log({ undervoltage: 2 }), want: 'error' },
  'a log without low voltage is fine': { type: 'Undervoltage', told: log({ undervoltage: 0 }), want: 'fine' },
  'a board that says nothing of its supply has no verdict': { type: 'Undervoltage', told: {}, want: 'nothing' },
  'nine dips in an hour are a warning': {
    type: 'UndervoltageRecently',
    from: log({}),
    told: log({ 'voltage-normal': 9 }),
    want: 'warning',
    says: 'the supply voltage was too low: 9 dips within 1 h',
  },
  'ten dips in an hour are an error': {
    type: 'UndervoltageRecently',
    from: log({}),
    told: log({ 'voltage-normal': 10 }),
    want: 'error',
  },
  'no new dip is fine': {
    type: 'UndervoltageRecently',
    from: log({ 'voltage-normal': 4 }),
    told: log({ 'voltage-normal': 4 }),
    want: 'fine',
  },
  'low voltage earlier is worth knowing': {
    type: 'UndervoltageEarlier',
    told: node('power_undervoltage_since_boot_flag', 1),
    want: 'info',
    says: 'the supply voltage was too low at some time in this boot',
  },
  'no low voltage earlier is fine': {
    type: 'UndervoltageEarlier',
    told: node('power_undervoltage_since_boot_flag', 0),
    want: 'fine',
  },
  'throttling is a warning': {
    type: 'Throttled',
    told: node('power_throttled_flag', 1),
    want: 'warning',
    says: 'the firmware throttles the processor',
  },
  'no throttling is fine': { type: 'Throttled', told: node('power_throttled_flag', 0), want: 'fine' },
  'a capped frequency is a warning': {
    type: 'FrequencyCapped',
    told: node('power_frequency_capped_flag', 1),
    want: 'warning',
  },
  'a free frequency is fine': { type: 'FrequencyCapped', told: node('power_frequency_capped_flag', 0), want: 'fine' },
  'the soft limit is worth knowing': {
    type: 'SoftTemperatureLimit',
    told: node('power_soft_temperature_limit_flag', 1),
    want: 'info',
  },
  'below the soft limit is fine': {
    type: 'SoftTemperatureLimit',
    told: node('power_soft_temperature_limit_flag', 0),
    want: 'fine',
  },
  'a cap earlier is worth knowing': {
    type: 'SlowedEarlier',
    told: node('power_frequency_capped_since_boot_flag', 1),
    want: 'info',
  },
  'no throttling earlier is fine': {
    type: 'SlowedEarlier',
    told: node('power_throttled_since_boot_flag', 0),
    want: 'fine',
  },
};

describeRules(POWER_RULES, ROWS);
