import type { Collector } from '../../kit/collect/collector.js';
import type { AgentProbe } from '../../kit/collect/probe.js';
import { hostCollectors, type OtherRoot } from '../../kit/collectors/index.js';

/** What a Pi has to say: one line per collector. */
export function piCollectors(probe: AgentProbe, otherRoot?: OtherRoot): readonly Collector[] {
  return [...hostCollectors(probe, otherRoot)];
}
