import type { EventView, NodeView } from '../../proto/contract/api/fleet.js';

/** Events kept on the page; the API has the others. */
export const EVENTS_KEPT = 100;

export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'reconnecting'; readonly sinceMs: number };

/** What the page knows. Changed by {@link reduce} only. */
export interface FleetModel {
  readonly nodes: ReadonlyMap<string, NodeView>;
  /** Their ids by site and name, as people count: sorted when a node comes or is renamed, and not for every change. */
  readonly order: readonly string[];
  /** Nodes of a new connection that has not said everything yet; `undefined` when none is coming in. */
  readonly incoming: readonly NodeView[] | undefined;
  /** Newest first. */
  readonly events: readonly EventView[];
  readonly link: Link;
  /** The controller's wall clock minus ours, ms. */
  readonly clockOffsetMs: number;
  /** False until the controller has told everything once. */
  readonly loaded: boolean;
}

export type FleetMessage =
  | { readonly kind: 'opened' }
  | { readonly kind: 'nodes'; readonly nodes: readonly NodeView[] }
  | { readonly kind: 'changed'; readonly nodes: readonly NodeView[] }
  | { readonly kind: 'events'; readonly events: readonly EventView[] }
  | { readonly kind: 'live'; readonly controllerMs: number; readonly nowMs: number }
  | { readonly kind: 'lost'; readonly nowMs: number };

export const EMPTY_FLEET: FleetModel = {
  nodes: new Map(),
  order: [],
  incoming: undefined,
  events: [],
  link: { kind: 'connecting' },
  clockOffsetMs: 0,
  loaded: false,
};

/**
 * The next state of the page. A new connection tells every node first; until it has, the page goes on showing what it
 * knew, so that a reconnect neither flickers nor keeps nodes that are gone.
 */
export function reduce(model: FleetModel, message: FleetMessage): FleetModel {
  switch (message.kind) {
    case 'opened':
      return { ...model, incoming: [] };
    case 'nodes':
      return { ...model, incoming: [...(model.incoming ?? []), ...message.nodes] };
    case 'changed':
      return model.incoming === undefined
        ? { ...model, ...withNodes(model, message.nodes) }
        : { ...model, incoming: [...model.incoming, ...message.nodes] };
    case 'events':
      return { ...model, events: withEvents(model.events, message.events) };
    case 'live':
      return {
        ...model,
        ...(model.incoming === undefined ? {} : withNodes({ nodes: new Map(), order: [] }, model.incoming)),
        incoming: undefined,
        link: { kind: 'live' },
        clockOffsetMs: message.controllerMs - message.nowMs,
        loaded: true,
      };
    case 'lost':
      // The first loss counts: the time since then is what the page does not know.
      if (model.link.kind === 'reconnecting') return { ...model, incoming: undefined };
      return { ...model, incoming: undefined, link: { kind: 'reconnecting', sinceMs: message.nowMs } };
  }
}

type Nodes = Pick<FleetModel, 'nodes' | 'order'>;

function withNodes({ nodes, order }: Nodes, more: readonly NodeView[]): Nodes {
  const next = new Map(nodes);
  let isMoved = false;
  for (const node of more) {
    const before = next.get(node.id);
    if (before?.site !== node.site || before.name !== node.name) isMoved = true;
    next.set(node.id, node);
  }
  return { nodes: next, order: isMoved ? ordered(next) : order };
}

/** What others depend on stands before them. */
const KIND_ORDER: readonly NodeView['kind'][] = ['fileserver', 'switch', 'pi'];

function ordered(nodes: ReadonlyMap<string, NodeView>): readonly string[] {
  const bySite = new Map<string, NodeView[]>();
  for (const node of nodes.values()) {
    const site = bySite.get(node.site);
    if (site === undefined) bySite.set(node.site, [node]);
    else site.push(node);
  }
  // A collator made for this one sort: "pi-2" stands before "pi-10".
  const { compare } = new Intl.Collator('en', { numeric: true });
  const sites = [...bySite].sort(([a], [b]) => compare(a, b));
  const byKind = (a: NodeView, b: NodeView): number => KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind);
  return sites.flatMap(([, of]) => of.sort((a, b) => byKind(a, b) || compare(a.name, b.name)).map(({ id }) => id));
}

function withEvents(events: readonly EventView[], more: readonly EventView[]): readonly EventView[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  for (const event of more) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, EVENTS_KEPT);
}
