import type { NodeState, NodeView } from '../../proto/contract/api/fleet.js';
import type { NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import { matchesSelector, type Selector } from '../../proto/contract/selector.js';
import { nodeView } from './fleet-view.js';
import type { NodeEntry, NodeTable } from './node-table.js';
import type { Paged, PageQuery } from './paging.js';

/** What is wanted of a list of nodes, or of things that belong to nodes; what is absent does not matter. */
export interface NodeFilter {
  readonly site?: SiteId | undefined;
  readonly kind?: NodeKind | undefined;
  readonly state?: NodeState | undefined;
  readonly namePrefix?: string | undefined;
  readonly selector?: Selector | undefined;
  /** Of these sites only, whatever else is asked: who asks has rights there and nowhere else. */
  readonly within?: ReadonlySet<string> | undefined;
}

/** Pages of nodes are by id and may hold the whole fleet: it is in memory. */
export type NodeQuery = NodeFilter & PageQuery<NodeId>;

export function matchesNode(filter: NodeFilter, entry: NodeEntry): boolean {
  const { site, kind, state, namePrefix, selector, within } = filter;
  const { node, settings } = entry;
  if (within !== undefined && !within.has(node.site)) return false;
  if (site !== undefined && node.site !== site) return false;
  if (kind !== undefined && node.kind !== kind) return false;
  if (namePrefix !== undefined && !node.name.startsWith(namePrefix)) return false;
  if (selector !== undefined && !matchesSelector(selector, settings.labels)) return false;
  return state === undefined || nodeView(entry).state === state;
}

/** True when the filter asks nothing. */
export function isAnyNode(filter: NodeFilter): boolean {
  const { site, kind, state, namePrefix, selector, within } = filter;
  return [site, kind, state, namePrefix, selector, within].every((part) => part === undefined);
}

export function nodePage(nodes: NodeTable, { limit, after, ...filter }: NodeQuery): Paged<NodeView, NodeId> {
  const items: NodeView[] = [];
  let last: NodeId | undefined;
  for (const entry of nodes.after(after)) {
    if (!matchesNode(filter, entry)) continue;
    if (items.length === limit) return { items, next: last };
    items.push(nodeView(entry));
    last = entry.node.id;
  }
  return { items, next: undefined };
}
