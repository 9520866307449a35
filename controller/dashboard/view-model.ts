import type { EventView, NodeState, NodeView } from '../../proto/contract/api/fleet.js';
import { renderDuration } from '../../proto/contract/words.js';
import type { FleetModel, Link } from './fleet-model.js';
import { STATE_ORDER, STATES } from './states.js';

/** What the page shows, as final text: nothing that draws it needs a clock or a threshold. */
export interface PageView {
  readonly title: string;
  readonly link: { readonly text: string; readonly tone: 'live' | 'wait' | 'lost' };
  readonly headline: string;
  readonly tone: 'attention' | 'good' | 'plain';
  readonly counts: readonly { readonly state: NodeState; readonly count: number }[];
  readonly isEmpty: boolean;
  readonly nodes: readonly NodeRowView[];
  /** Nodes beyond those in `nodes`. */
  readonly nodesHidden: number;
  readonly events: readonly EventRowView[];
}

export interface NodeRowView {
  readonly id: string;
  readonly name: string;
  readonly state: NodeState;
  /** "site · kind · model" */
  readonly where: string;
  readonly seen: string;
  /** Absent when the troubles say it all. */
  readonly why: string | undefined;
  readonly troubles: readonly TroubleView[];
}

export interface TroubleView {
  readonly severity: 'info' | 'warning' | 'error' | 'unknown';
  readonly message: string;
  readonly since: string;
  readonly remedy: string;
}

export interface EventRowView {
  readonly id: number;
  readonly time: string;
  /** ISO 8601, for machines. */
  readonly timeIso: string;
  readonly severity: 'info' | 'warning' | 'error';
  readonly nodeId: string | undefined;
  readonly nodeName: string;
  readonly reason: string;
  readonly message: string;
}

/** Rows drawn at once; the `bramble` command lists all. */
const NODES_SHOWN_MAX = 500;
const EVENTS_SHOWN_MAX = 50;
const DAY_MS = 86_400_000;

const collator = new Intl.Collator('en', { numeric: true });

/** @param nowMs our wall clock */
export function pageView(model: FleetModel, nowMs: number): PageView {
  const controllerMs = nowMs + model.clockOffsetMs;
  const nodes = [...model.nodes.values()].sort(
    (a, b) =>
      STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) ||
      collator.compare(a.site, b.site) ||
      collator.compare(a.name, b.name),
  );
  const attention = nodes.filter((node) => STATES[node.state].needsAttention).length;
  return {
    title: attention === 0 ? 'Bramble' : `(${attention}) Bramble`,
    link: linkView(model.link),
    headline: model.loaded ? headline(nodes, attention) : 'Loading the fleet',
    tone: attention > 0 ? 'attention' : nodes.some((node) => node.state === 'ready') ? 'good' : 'plain',
    counts: STATE_ORDER.map((state) => ({ state, count: nodes.filter((node) => node.state === state).length })).filter(
      ({ count }) => count > 0,
    ),
    isEmpty: model.loaded && nodes.length === 0,
    nodes: nodes.slice(0, NODES_SHOWN_MAX).map((node) => nodeRow(node, controllerMs)),
    nodesHidden: Math.max(0, nodes.length - NODES_SHOWN_MAX),
    events: model.events.slice(0, EVENTS_SHOWN_MAX).map((event) => eventRow(event, controllerMs)),
  };
}

function linkView(link: Link): PageView['link'] {
  switch (link.kind) {
    case 'connecting':
      return { text: 'Connecting', tone: 'wait' };
    case 'live':
      return { text: 'Live', tone: 'live' };
    case 'reconnecting':
      // No age in it: it is read out whenever it changes.
      return { text: `Reconnecting since ${clockTime(link.sinceMs)}: what you see may be old`, tone: 'lost' };
  }
}

function headline(nodes: readonly NodeView[], attention: number): string {
  if (nodes.length === 0) return 'No node has joined yet';
  const inService = nodes.filter((node) => node.state !== 'revoked');
  const ready = inService.filter((node) => node.state === 'ready').length;
  if (attention > 0) {
    const verb = attention === 1 ? 'needs' : 'need';
    return `${attention} of ${inService.length} nodes ${verb} attention`;
  }
  const waiting = inService.length - ready;
  if (waiting > 0) return `Waiting for word from ${waiting} of ${inService.length} nodes`;
  if (inService.length === 0) return 'No node is in service';
  if (inService.length === 1) return 'The one node is ready';
  return `All ${inService.length} nodes are ready`;
}

function nodeRow(node: NodeView, controllerMs: number): NodeRowView {
  const troubles = troublesOf(node, controllerMs);
  return {
    id: node.id,
    name: node.name,
    state: node.state,
    where: [node.site, node.kind, node.model].filter((text) => text !== '').join(' · '),
    seen: ago(node.lastSeenMs, controllerMs),
    why: whyBeside(node, troubles),
    troubles,
  };
}

/** The sentence behind the state; absent where the troubles below it say the same. */
export function whyBeside(node: NodeView, troubles: readonly TroubleView[]): string | undefined {
  const saysTheSame = node.state === 'troubled' || troubles.some((trouble) => trouble.message === node.why);
  return troubles.length > 0 && saysTheSame ? undefined : node.why;
}

const SEVERITY_ORDER = ['error', 'warning', 'info', 'unknown'] as const;

/**
 * The troubles of a node as the fleet's list gives it: what holds, and what held when contact or data was lost. (The
 * detail of a node lists checks that never found anything, too.)
 */
export function troublesOf(node: NodeView, controllerMs: number): readonly TroubleView[] {
  return node.conditions
    .filter((condition) => condition.status !== 'false')
    .map((condition) => ({
      severity: condition.status === 'true' ? condition.severity : ('unknown' as const),
      message: condition.message,
      since: `for ${renderDuration(Math.max(0, controllerMs - condition.sinceMs))}`,
      remedy: condition.remedy,
    }))
    .sort((a, b) => SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity));
}

export function ago(atMs: number | undefined, controllerMs: number): string {
  if (atMs === undefined) return 'never';
  const ms = controllerMs - atMs;
  return ms < 1_500 ? 'just now' : `${renderDuration(ms)} ago`;
}

export function eventRow(event: EventView, controllerMs: number): EventRowView {
  const isToday = Math.abs(controllerMs - event.atMs) < DAY_MS / 2;
  return {
    id: event.id,
    time: isToday ? clockTime(event.atMs) : `${dayOf(event.atMs)} ${clockTime(event.atMs)}`,
    timeIso: new Date(event.atMs).toISOString(),
    severity: event.severity,
    nodeId: event.nodeId,
    nodeName: event.nodeName ?? event.nodeId ?? '',
    reason: words(event.reason),
    message: event.message,
  };
}

/** "ConditionRaised" -> "Condition raised". */
export function words(camelCase: string): string {
  const spaced = camelCase.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ');
  return spaced.charAt(0) + spaced.slice(1).toLowerCase();
}

function clockTime(atMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(atMs);
}

function dayOf(atMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(atMs);
}
