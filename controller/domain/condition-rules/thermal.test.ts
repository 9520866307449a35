import { describeRules } from '../testing/describe-rules.js';
import { onAPi, type RuleRows } from '../testing/rule-rows.js';
import type { Told } from '../testing/told.js';
import { THERMAL_RULES } from './thermal.js';

const hot = (now: number, critical: number): Told => ({
  temperature_millidegrees: { 'cpu-thermal': now },
  temperature_critical_millidegrees: { 'cpu-thermal': critical },
});

const ROWS: RuleRows = {
  'less than 5 degrees below the critical point are an error': {
    type: 'TemperatureCritical',
    told: hot(105_001, 110_000),
    want: 'error',
    says: 'cpu-thermal has 105.0 °C; at 110.0 °C the kernel switches it off',
  },
  '5 degrees below the critical point are not': {
    type: 'TemperatureCritical',
    told: hot(105_000, 110_000),
    want: 'fine',
  },
  'a Pi at 85 °C is an error': { type: 'TemperatureHigh', told: onAPi(hot(85_000, 110_000)), want: 'error' },
  'a Pi just below 85 °C is a warning': {
    type: 'TemperatureHigh',
    told: onAPi(hot(84_250, 110_000)),
    want: 'warning',
    says: 'cpu-thermal has 84.3 °C',
  },
  'a Pi at 80 °C is a warning': { type: 'TemperatureHigh', told: onAPi(hot(80_000, 110_000)), want: 'warning' },
  'a Pi just below 80 °C is fine': { type: 'TemperatureHigh', told: onAPi(hot(79_999, 110_000)), want: 'fine' },
  'a PC may be hotter': { type: 'TemperatureHigh', told: hot(95_000, 110_000), want: 'nothing' },
};

describeRules(THERMAL_RULES, ROWS);
