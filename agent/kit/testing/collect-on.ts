import { assert } from '../../../proto/contract/assert.js';
import type { SimKernelFile, SimKernelFiles } from '../../sim/sim-kernel-files.js';
import type { SimKernelLog } from '../../sim/sim-kernel-log.js';
import type { Collected, Collector, CollectorHost } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { SimPrograms } from './sim-exec.js';
import { makeSimHost } from './sim-host.js';
import { SimWorld } from './sim-world.js';

/** One collector on a simulated host of these kernel files. */
export interface CollectorUnderTest {
  readonly collector: Collector;
  readonly kernel: SimKernelFiles;
  readonly kernelLog: SimKernelLog;
  /** Programs of the machine, by name. */
  readonly programs: SimPrograms;
  readonly world: SimWorld;
  run(): Promise<Collected>;
}

export function collectOn(
  collector: Collector,
  files: Readonly<Record<string, SimKernelFile>>,
  change: (host: CollectorHost) => CollectorHost = (host) => host,
): CollectorUnderTest {
  const world = new SimWorld(1);
  const sim = makeSimHost(world, 'node', { kernel: files });
  const host = change(sim);
  const { kernel, kernelLog, programs } = sim.board;
  return {
    collector,
    kernel,
    kernelLog,
    programs,
    world,
    run: async () => collector.collect(host, new AbortController().signal),
  };
}

/** Samples as a plain object: "fact" or "fact instance" -> value. */
export function values(collected: Collected): Record<string, number | string> {
  assert(collected.kind === 'ok', `no data: ${JSON.stringify(collected)}`);
  const entries = collected.samples.map(({ fact, instance, value }) => [
    instance === '' ? fact : `${fact} ${instance}`,
    value,
  ]);
  return Object.fromEntries(entries) as Record<string, number | string>;
}

/** An agent with nothing to tell about itself. */
export function quietProbe(change: Partial<AgentProbe> = {}): AgentProbe {
  return {
    outboxEventsCount: () => 0,
    outboxDroppedCount: () => 0,
    valuesRefusedCount: () => 0,
    storageFailed: () => false,
    stallMs: () => 0,
    configState: () => undefined,
    configDriftsCount: () => undefined,
    controllerOffsetMs: () => undefined,
    clockUntrusted: () => false,
    clockStepsCount: () => 0,
    reach: () => {
      throw new Error('nobody is asked here');
    },
    kernelLogMatched: () => undefined,
    remembered: () => undefined,
    remember: () => Promise.resolve(),
    tellAndRemember: () => Promise.resolve(),
    happened: () => undefined,
    agentStartedMs: 12_345,
    bootId: '00000000-0000-4000-8000-000000000000',
    ...change,
  };
}
