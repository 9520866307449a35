import type { Collector } from '../../agent/kit/collect/collector.js';
import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import { makeDiskCollector } from '../../agent/kit/collectors/disk.js';
import { hostCollectors } from '../../agent/kit/collectors/index.js';
import type { CollectorWishes } from '../../agent/kit/program/agent-program.js';
import { makeBtrfsCollector } from './btrfs.js';
import { makeThinPoolCollector } from './lvm-thin.js';
import { makeRaidCollector } from './raid.js';
import { makeRaidEventsCollector } from './raid-events.js';
import { makeSmartCollector } from './smart.js';

/** What a fileserver has to say: one line per collector. */
export function fileserverCollectors(
  probe: AgentProbe,
  { otherRoot }: Pick<CollectorWishes, 'otherRoot'> = {},
): readonly Collector[] {
  return [
    ...hostCollectors(probe, otherRoot),
    makeDiskCollector(),
    makeRaidCollector(),
    makeBtrfsCollector(),
    // A helper speaks of the system that it runs on, never of another root.
    ...(otherRoot === undefined ? [makeRaidEventsCollector(), makeSmartCollector(), makeThinPoolCollector()] : []),
  ];
}
