import type { NodeId } from '../../proto/contract/ids.js';
import { isAnyNode, matchesNode, type NodeFilter } from './node-query.js';
import type { NodeEntry } from './node-table.js';
import type { EventsOf } from './ports.js';

/** Nodes that are looked up one by one; of more, the timeline of their sites is read past those that do not match. */
const NODES_LOOKED_UP_MAX = 100;

/**
 * What to ask the timeline for, so that little of what is not wanted is read: one node, a few nodes, or whole sites.
 * What comes may be more than the filter wants, never less; `undefined` = everything.
 */
export function eventsOf(
  nodes: { readonly all: () => Iterable<NodeEntry> },
  nodeId: NodeId | undefined,
  filter: NodeFilter = {},
): EventsOf | undefined {
  if (nodeId !== undefined) return { nodes: [nodeId] };
  if (isAnyNode(filter)) return undefined;
  const { site, within, ...others } = filter;
  if (!isAnyNode(others)) {
    const ids: NodeId[] = [];
    for (const entry of nodes.all()) {
      if (matchesNode(filter, entry)) ids.push(entry.node.id);
      if (ids.length > NODES_LOOKED_UP_MAX) break;
    }
    if (ids.length <= NODES_LOOKED_UP_MAX) return { nodes: ids };
  }
  if (site !== undefined) return { sites: within === undefined || within.has(site) ? [site] : [] };
  return within === undefined ? undefined : { sites: [...within] };
}
