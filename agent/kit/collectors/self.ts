import { CONFIG_STATES } from '../../../proto/contract/facts.js';
import type { Collector } from '../collect/collector.js';
import { ok } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { KernelFiles } from '../host/ports.js';
import { parseCpuMs, parseResidentBytes, parseWrittenBytes } from './own-process.js';
import { Samples } from './sample.js';

/** What the agent costs is looked at this often, ms: it changes slowly, and looking is part of it. */
const COST_SURVEY_MS = 300_000;

/** Of this process; what the kernel does not tell is absent. */
interface OwnCost {
  readonly residentBytes?: number | undefined;
  readonly cpuMs?: number | undefined;
  readonly writtenBytes?: number | undefined;
  readonly openFiles?: number | undefined;
}

/**
 * The agent's own cost and losses: nobody may have to guess whether the watcher is the problem.
 * `ownKernel` shows this process under /proc/self, whatever root the facts of the node come from.
 */
export function makeSelfCollector(probe: AgentProbe, ownKernel?: KernelFiles): Collector {
  let cost: OwnCost = {};
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'self',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - surveyedMs >= COST_SURVEY_MS) {
        cost = readOwnCost(ownKernel ?? kernel);
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      samples.number('agent_resident_bytes', cost.residentBytes);
      samples.number('agent_cpu_ms', cost.cpuMs);
      samples.number('agent_stall_ms', probe.stallMs());
      samples.number('agent_written_bytes', cost.writtenBytes);
      samples.number('agent_outbox_events_count', probe.outboxEventsCount());
      samples.number('agent_outbox_dropped_count', probe.outboxDroppedCount());
      samples.number('agent_values_refused_count', probe.valuesRefusedCount());
      samples.number('agent_open_files_count', cost.openFiles);
      const configState = probe.configState();
      samples.number('config_state', configState && CONFIG_STATES[configState]);
      samples.number('config_drifts_count', probe.configDriftsCount());
      samples.flag('agent_storage_failed_flag', probe.storageFailed());
      return ok(samples.list);
    },
  };
}

function readOwnCost(own: KernelFiles): OwnCost {
  const status = own.readText('/proc/self/status');
  const stat = own.readText('/proc/self/stat');
  const io = own.readText('/proc/self/io');
  const descriptors = own.list('/proc/self/fd');
  return {
    residentBytes: status === undefined ? undefined : parseResidentBytes(status),
    cpuMs: stat === undefined ? undefined : parseCpuMs(stat),
    writtenBytes: io === undefined ? undefined : parseWrittenBytes(io),
    openFiles: descriptors === undefined ? undefined : descriptors.length - 1, // one of them was opened to look
  };
}
