import { describeRules } from '../testing/describe-rules.js';
import { MIB, moved, node, type RuleRows } from '../testing/rule-rows.js';
import type { Told } from '../testing/told.js';
import { MEMORY_RULES } from './memory.js';

const memory = (percent: number): Told => ({
  memory_total_bytes: { '': 1_000 * MIB },
  memory_available_bytes: { '': percent * 10 * MIB },
});

const ROWS: RuleRows = {
  'a killed process is an error': {
    type: 'OutOfMemoryKills',
    ...moved('', 'memory_oom_kills_count', 7, 8),
    want: 'error',
    says: 'the kernel killed processes once within 10 min',
  },
  'no new kill is fine': {
    type: 'OutOfMemoryKills',
    ...moved('', 'memory_oom_kills_count', 7, 7),
    want: 'fine',
  },
  'under 4 % of memory is an error': { type: 'MemoryLow', told: memory(3.9), want: 'error' },
  '4 % of memory is a warning': { type: 'MemoryLow', told: memory(4), want: 'warning' },
  '10 % of memory is fine': { type: 'MemoryLow', told: memory(10), want: 'fine' },
  'waiting for memory for 60 % is an error': {
    type: 'MemoryPressure',
    told: node('pressure_memory_full_permille', 600),
    want: 'error',
  },
  'waiting for memory for 20 % is a warning': {
    type: 'MemoryPressure',
    told: node('pressure_memory_full_permille', 200),
    want: 'warning',
    says: 'nothing could run for want of memory for 20.0 % of the last minute',
  },
  'waiting for memory for less is fine': {
    type: 'MemoryPressure',
    told: node('pressure_memory_full_permille', 199),
    want: 'fine',
  },
};

describeRules(MEMORY_RULES, ROWS);
