import type { Collector } from '../../agent/kit/collect/collector.js';
import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import { makeDiskCollector } from '../../agent/kit/collectors/disk.js';
import { hostCollectors } from '../../agent/kit/collectors/index.js';
import type { CollectorWishes } from '../../agent/kit/program/agent-program.js';
import { makeRaidCollector } from './raid.js';

/** What a fileserver has to say: one line per collector. */
export function fileserverCollectors(
  probe: AgentProbe,
  { otherRoot }: Pick<CollectorWishes, 'otherRoot'> = {},
): readonly Collector[] {
  return [...hostCollectors(probe, otherRoot), makeDiskCollector(), makeRaidCollector()];
}
