import type { Collector } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { KernelFiles } from '../host/ports.js';
import { makeBoardCollector } from './board.js';
import { makeBootCollector } from './boot.js';
import { makeClockCollector } from './clock.js';
import { makeClockServiceCollector } from './clock-service.js';
import { makeCpuCollector } from './cpu.js';
import { makeFilesystemsCollector } from './filesystems.js';
import { makeMemoryCollector } from './memory.js';
import { makeNetworkCollector } from './network.js';
import { ProcessView } from './process-view.js';
import { makeSelfCollector } from './self.js';

/** For an agent that looks at a root that is not its own (--host-root). */
export interface OtherRoot {
  /** Shows this process under /proc/self. */
  readonly ownKernel: KernelFiles;
}

/** What every Linux host has to say, whatever it is for. */
export function hostCollectors(probe: AgentProbe, otherRoot?: OtherRoot): readonly Collector[] {
  const view = new ProcessView(otherRoot !== undefined);
  return [
    makeBoardCollector(view),
    makeBootCollector(probe),
    makeCpuCollector(),
    makeMemoryCollector(),
    makeFilesystemsCollector(view),
    makeNetworkCollector(view),
    makeClockCollector(probe),
    // Programs describe the system that they run on, never another root.
    ...(otherRoot === undefined ? [makeClockServiceCollector()] : []),
    makeSelfCollector(probe, otherRoot?.ownKernel),
  ];
}
