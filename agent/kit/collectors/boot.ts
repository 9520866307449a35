import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { KernelFiles } from '../host/ports.js';
import { Samples } from './sample.js';

/** UUID that the kernel makes up at every boot; `undefined` when /proc does not show it. Source: proc_sys_kernel(5). */
export function readBootId(kernel: KernelFiles): string | undefined {
  const text = kernel.readText('/proc/sys/kernel/random/boot_id');
  return text !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/.test(text) ? text.trimEnd() : undefined;
}

/** Which boot this is, and when in it the agent started. Both are known to the agent: nothing is read again. */
export function makeBootCollector(probe: AgentProbe): Collector {
  return {
    name: 'boot',
    intervalMs: 3_600_000,
    timeoutMs: 5_000,
    collect() {
      if (probe.bootId === '') return noData('no boot id in /proc');
      const samples = new Samples();
      samples.text('boot_id_text', probe.bootId);
      samples.number('boot_agent_started_ms', probe.agentStartedMs);
      return ok(samples.list);
    },
  };
}
