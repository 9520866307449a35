import type { Collector } from '../../agent/kit/collect/collector.js';
import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import { hostCollectors } from '../../agent/kit/collectors/index.js';
import type { CollectorWishes } from '../../agent/kit/program/agent-program.js';
import { makeBridgeCollector } from './bridge.js';
import { makeNeighborsCollector } from './lldp.js';
import { makePoeCollector } from './poe.js';
import { makePortsCollector } from './ports.js';
import { makePowerCollector } from './power.js';
import { makeSensorsCollector } from './sensors.js';
import { makeSpanningTreeCollector } from './spanning-tree.js';
import { makeSuppliesCollector } from './supplies.js';
import { makeSwitchConfigCollector } from './switch-config.js';

/** What a switch has to say: one line per collector. */
export function switchCollectors(probe: AgentProbe, { otherRoot }: CollectorWishes): readonly Collector[] {
  return [
    ...hostCollectors(probe, otherRoot),
    makePortsCollector(),
    makeSensorsCollector(),
    // Programs and a helper speak of the system that they run on, never of another root.
    ...(otherRoot === undefined
      ? [
          makeBridgeCollector(),
          makeNeighborsCollector(),
          makePoeCollector(),
          makeSpanningTreeCollector(),
          makeSuppliesCollector(),
          makePowerCollector(),
          makeSwitchConfigCollector(),
        ]
      : []),
  ];
}
