import { describeRules } from '../testing/describe-rules.js';
import { node, type RuleRows } from '../testing/rule-rows.js';
import type { Told } from '../testing/told.js';
import { PRESSURE_RULES } from './pressure.js';

const load = (milli: number): Told => ({ load_5m_milli: { '': milli }, cpu_cores_count: { '': 4 } });

const ROWS: RuleRows = {
  'a load of 2 per core is a warning': { type: 'LoadHigh', told: load(8_000), want: 'warning' },
  'less load is fine': { type: 'LoadHigh', told: load(7_999), want: 'fine' },
  'waiting for a processor for 80 % is a warning': {
    type: 'CpuPressure',
    told: node('pressure_cpu_some_permille', 800),
    want: 'warning',
  },
  'waiting for a processor for less is fine': {
    type: 'CpuPressure',
    told: node('pressure_cpu_some_permille', 799),
    want: 'fine',
  },
  'waiting for storage for 50 % is a warning': {
    type: 'IoPressure',
    told: node('pressure_io_full_permille', 500),
    want: 'warning',
  },
  'waiting for storage for less is fine': {
    type: 'IoPressure',
    told: node('pressure_io_full_permille', 499),
    want: 'fine',
  },
  'four blocked processes are a warning': {
    type: 'ProcessesBlocked',
    told: node('processes_blocked_count', 4),
    want: 'warning',
    says: '4 blocked processes',
  },
  'three blocked processes are fine': {
    type: 'ProcessesBlocked',
    told: node('processes_blocked_count', 3),
    want: 'fine',
  },
};

describeRules(PRESSURE_RULES, ROWS);
