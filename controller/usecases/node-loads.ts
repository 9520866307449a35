import type { NodeLoad } from '../../proto/contract/api/lists.js';
import { visible } from '../../proto/contract/visible.js';
import type { FactsView } from '../domain/condition-rule.js';
import { nodeView } from './fleet-view.js';
import { matchesNode, type NodeFilter } from './node-query.js';
import type { NodeEntry } from './node-table.js';

/** Where a Pi throttles hard; only to weigh heat against load. */
const HOT_MILLIDEGREES = 85_000;

export interface LoadQuery extends NodeFilter {
  readonly limit: number;
}

type Load = Pick<NodeLoad, 'cpuBusyPermille' | 'memoryUsedPermille' | 'temperatureMillidegrees'>;

/**
 * Nodes by processor, memory and temperature, who is nearest to a limit of one of the three first. Numbers of nodes
 * without contact are old: such nodes are not among them.
 */
export function nodeLoads(entries: Iterable<NodeEntry>, { limit, ...filter }: LoadQuery): readonly NodeLoad[] {
  const weighed: { readonly entry: NodeEntry; readonly load: Load; readonly weight: number }[] = [];
  for (const entry of entries) {
    const isHeard = entry.liveness === 'fresh' || entry.liveness === 'late';
    if (!isHeard || !matchesNode(filter, entry)) continue;
    const load = loadOf(entry.facts);
    weighed.push({ entry, load, weight: weightOf(load) });
  }
  weighed.sort((a, b) => b.weight - a.weight || (a.entry.node.id < b.entry.node.id ? -1 : 1));
  return weighed.slice(0, limit).map(({ entry, load }) => {
    const { id, name, site } = entry.node;
    return { id, name: visible(name, 63), site, state: nodeView(entry).state, ...load };
  });
}

function loadOf(facts: FactsView): Load {
  const cpu = facts.number('cpu_busy_permille', '');
  const total = facts.number('memory_total_bytes', '') ?? 0;
  const available = facts.number('memory_available_bytes', '');
  const sensors = facts.instances('temperature_millidegrees');
  const temperatures = sensors.flatMap((sensor) => facts.number('temperature_millidegrees', sensor) ?? []);
  return {
    ...(cpu === undefined ? {} : { cpuBusyPermille: cpu }),
    ...(available === undefined || total <= 0
      ? {}
      : { memoryUsedPermille: Math.round(1_000 * (1 - available / total)) }),
    ...(temperatures.length === 0 ? {} : { temperatureMillidegrees: Math.max(...temperatures) }),
  };
}

/** The nearest to its limit of the three; 1 = at it. */
function weightOf({ cpuBusyPermille = 0, memoryUsedPermille = 0, temperatureMillidegrees = 0 }: Load): number {
  return Math.max(cpuBusyPermille / 1_000, memoryUsedPermille / 1_000, temperatureMillidegrees / HOT_MILLIDEGREES);
}
