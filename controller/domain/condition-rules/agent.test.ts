import { describeRules } from '../testing/describe-rules.js';
import { MIB, moved, node, on, type RuleRows } from '../testing/rule-rows.js';
import { AGENT_RULES } from './agent.js';

const ROWS: RuleRows = {
  'an agent that cannot write is an error': {
    type: 'AgentStorageFailed',
    told: node('agent_storage_failed_flag', 1),
    want: 'error',
  },
  'an agent that can write is fine': {
    type: 'AgentStorageFailed',
    told: node('agent_storage_failed_flag', 0),
    want: 'fine',
  },
  'a collector that times out is a warning': {
    type: 'CollectorFailing',
    told: on('nfs', 'collector_state', 4),
    want: 'warning',
    says: 'collector nfs takes too long',
  },
  'a collector without data is fine': { type: 'CollectorFailing', told: on('nfs', 'collector_state', 2), want: 'fine' },
  'a dropped event is a warning': {
    type: 'OutboxDropping',
    ...moved('', 'agent_outbox_dropped_count', 0, 1),
    want: 'warning',
  },
  'no dropped event is fine': {
    type: 'OutboxDropping',
    ...moved('', 'agent_outbox_dropped_count', 1, 1),
    want: 'fine',
  },
  'a refused value is a warning': {
    type: 'AgentValuesRefused',
    ...moved('', 'agent_values_refused_count', 0, 1),
    want: 'warning',
  },
  'no refused value is fine': {
    type: 'AgentValuesRefused',
    ...moved('', 'agent_values_refused_count', 1, 1),
    want: 'fine',
  },
  'an agent of 80 MiB is a warning': {
    type: 'AgentMemoryHigh',
    told: node('agent_resident_bytes', 80 * MIB),
    want: 'warning',
    says: 'the agent uses 80.0 MiB of memory',
  },
  'an agent of less is fine': {
    type: 'AgentMemoryHigh',
    told: node('agent_resident_bytes', 80 * MIB - 1),
    want: 'fine',
  },
  'an agent that takes a twentieth of a core is a warning': {
    type: 'AgentCpuHigh',
    ...moved('', 'agent_cpu_ms', 1_000, 91_000),
    want: 'warning',
    says: 'the agent used 1 min 30 s of processor time within 30 min',
  },
  'an agent that takes less is fine': {
    type: 'AgentCpuHigh',
    ...moved('', 'agent_cpu_ms', 1_000, 90_999),
    want: 'fine',
  },
  'an agent that writes 16 MiB is a warning': {
    type: 'AgentWritesHigh',
    ...moved('', 'agent_written_bytes', 0, 16 * MIB),
    want: 'warning',
  },
  'an agent that writes less is fine': {
    type: 'AgentWritesHigh',
    ...moved('', 'agent_written_bytes', 0, 16 * MIB - 1),
    want: 'fine',
  },
  'an agent that stands still for a second is a warning': {
    type: 'AgentStalling',
    told: node('agent_stall_ms', 1_000),
    want: 'warning',
  },
  'an agent that stands still for less is fine': {
    type: 'AgentStalling',
    told: node('agent_stall_ms', 999),
    want: 'fine',
  },
  'an agent with 512 files is a warning': {
    type: 'AgentFilesHigh',
    told: node('agent_open_files_count', 512),
    want: 'warning',
  },
  'an agent with fewer is fine': { type: 'AgentFilesHigh', told: node('agent_open_files_count', 511), want: 'fine' },
};

describeRules(AGENT_RULES, ROWS);
