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
  /** Nodes of a new connection that has not said everything yet; `undefined` when none is coming in. */
  readonly incoming: ReadonlyMap<string, NodeView> | undefined;
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
  | { readonly kind: 'node'; readonly node: NodeView }
  | { readonly kind: 'events'; readonly events: readonly EventView[] }
  | { readonly kind: 'live'; readonly controllerMs: number; readonly nowMs: number }
  | { readonly kind: 'lost'; readonly nowMs: number };

export const EMPTY_FLEET: FleetModel = {
  nodes: new Map(),
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
      return { ...model, incoming: new Map() };
    case 'nodes':
      return { ...model, incoming: withNodes(model.incoming ?? new Map(), message.nodes) };
    case 'node':
      return model.incoming === undefined
        ? { ...model, nodes: withNodes(model.nodes, [message.node]) }
        : { ...model, incoming: withNodes(model.incoming, [message.node]) };
    case 'events':
      return { ...model, events: withEvents(model.events, message.events) };
    case 'live':
      return {
        ...model,
        nodes: model.incoming ?? model.nodes,
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

function withNodes(nodes: ReadonlyMap<string, NodeView>, more: readonly NodeView[]): ReadonlyMap<string, NodeView> {
  const next = new Map(nodes);
  for (const node of more) next.set(node.id, node);
  return next;
}

function withEvents(events: readonly EventView[], more: readonly EventView[]): readonly EventView[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  for (const event of more) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, EVENTS_KEPT);
}
