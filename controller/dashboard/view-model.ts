import type { EventView, NodeState, NodeView } from '../../proto/contract/api/fleet.js';
import { renderCount, renderDuration } from '../../proto/contract/words.js';
import { type Filter, NO_FILTER } from './address.js';
import type { FleetModel, Link } from './fleet-model.js';
import { makeNodeFilter } from './node-filter.js';
import { STATE_ORDER, STATES } from './states.js';

/** What the page shows, as final text: nothing that draws it needs a clock or a threshold. */
export interface PageView {
  readonly title: string;
  readonly link: { readonly text: string; readonly tone: 'live' | 'wait' | 'lost' };
  readonly headline: string;
  readonly tone: 'attention' | 'good' | 'plain';
  readonly counts: readonly StateCount[];
  readonly isEmpty: boolean;
  /** Sites with a node that passes the filter; those that need attention first. */
  readonly sites: readonly SiteView[];
  readonly filter: Filter;
  /** How many nodes the filter lets through, in words; empty without a filter. */
  readonly matching: string;
  readonly events: readonly EventRowView[];
}

export interface StateCount {
  readonly state: NodeState;
  readonly count: number;
}

export interface SiteView {
  readonly site: string;
  /** Of the nodes that pass the filter. */
  readonly counts: readonly StateCount[];
  readonly count: number;
  readonly isOpen: boolean;
  /** Trouble first; none of a site that is closed. */
  readonly nodes: readonly NodeRowView[];
  /** Nodes beyond those in `nodes`; 0 for a site that is closed. */
  readonly hidden: number;
}

/** What the reader has chosen to see. */
export interface Look {
  readonly filter: Filter;
  readonly closedSites: ReadonlySet<string>;
  /** Rows asked for beyond the usual ones, by site. */
  readonly moreRows: ReadonlyMap<string, number>;
}

export const PLAIN_LOOK: Look = { filter: NO_FILTER, closedSites: new Set(), moreRows: new Map() };

export interface NodeRowView {
  readonly id: string;
  readonly name: string;
  readonly state: NodeState;
  /** "model", with the kind of what is no Pi before it. */
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

/** Rows drawn at once, shared by the sites; more when they are asked for. */
const ROWS_MAX = 200;
/** A site shows at least so many, however many sites there are. */
const ROWS_MIN = 5;
/** How many rows more one asks for. */
export const ROWS_STEP = 200;
const EVENTS_SHOWN_MAX = 50;
const DAY_MS = 86_400_000;

/** @param nowMs our wall clock */
export function pageView(model: FleetModel, nowMs: number, look: Look = PLAIN_LOOK): PageView {
  const controllerMs = nowMs + model.clockOffsetMs;
  const nodes = [...model.nodes.values()];
  const counts = countStates(nodes);
  const attention = attentionOf(counts);
  const { filter } = look;
  const sites = siteViews(model, look, controllerMs);
  const matching = sites.reduce((sum, { count }) => sum + count, 0);
  const isFiltered = filter.text !== '' || filter.states.length > 0;
  return {
    title: attention === 0 ? 'Bramble' : `(${attention}) Bramble`,
    link: linkView(model.link),
    headline: model.loaded ? headline(counts, attention) : 'Loading the fleet',
    tone: attention > 0 ? 'attention' : countOf(counts, 'ready') > 0 ? 'good' : 'plain',
    counts,
    isEmpty: model.loaded && nodes.length === 0,
    sites,
    filter,
    matching: isFiltered && model.loaded ? `${matching} of ${renderCount(nodes.length, 'node')}` : '',
    events: model.events.slice(0, EVENTS_SHOWN_MAX).map((event) => eventRow(event, controllerMs)),
  };
}

/** Walks over the nodes once, in their order, and sorts nothing: a fleet may have ten thousand. */
function siteViews(model: FleetModel, look: Look, controllerMs: number): readonly SiteView[] {
  const passes = makeNodeFilter(look.filter);
  const bySite = new Map<string, NodeView[]>();
  for (const id of model.order) {
    const node = model.nodes.get(id);
    if (node === undefined || !passes(node)) continue;
    const site = bySite.get(node.site);
    if (site === undefined) bySite.set(node.site, [node]);
    else site.push(node);
  }
  const usual = Math.max(ROWS_MIN, Math.floor(ROWS_MAX / Math.max(1, bySite.size)));
  const views = [...bySite].map(([site, nodes]) => {
    const rowsMax = usual + (look.moreRows.get(site) ?? 0);
    return siteView({ site, nodes, rowsMax, isOpen: !look.closedSites.has(site) }, controllerMs);
  });
  const isTroubled = ({ counts }: SiteView): boolean => attentionOf(counts) > 0;
  return [...views.filter(isTroubled), ...views.filter((view) => !isTroubled(view))];
}

function siteView(
  of: {
    readonly site: string;
    readonly nodes: readonly NodeView[];
    readonly rowsMax: number;
    readonly isOpen: boolean;
  },
  controllerMs: number,
): SiteView {
  const { site, nodes, rowsMax, isOpen } = of;
  const byState = new Map<NodeState, NodeView[]>(STATE_ORDER.map((state) => [state, []]));
  for (const node of nodes) byState.get(node.state)?.push(node);
  const shown: NodeView[] = [];
  for (const group of byState.values()) shown.push(...group.slice(0, isOpen ? rowsMax - shown.length : 0));
  return {
    site,
    isOpen,
    counts: countStates(nodes),
    count: nodes.length,
    nodes: shown.map((node) => nodeRow(node, controllerMs)),
    hidden: isOpen ? nodes.length - shown.length : 0,
  };
}

function countStates(nodes: readonly NodeView[]): readonly StateCount[] {
  const counts = new Map<NodeState, number>();
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
  return STATE_ORDER.flatMap((state) => {
    const count = counts.get(state);
    return count === undefined ? [] : [{ state, count }];
  });
}

function countOf(counts: readonly StateCount[], state: NodeState): number {
  return counts.find((each) => each.state === state)?.count ?? 0;
}

function attentionOf(counts: readonly StateCount[]): number {
  return counts.reduce((sum, { state, count }) => sum + (STATES[state].needsAttention ? count : 0), 0);
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

function headline(counts: readonly StateCount[], attention: number): string {
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return 'No node has joined yet';
  const inService = all - countOf(counts, 'revoked');
  if (attention > 0) {
    const verb = attention === 1 ? 'needs' : 'need';
    return `${attention} of ${inService} nodes ${verb} attention`;
  }
  const waiting = inService - countOf(counts, 'ready');
  if (waiting > 0) return `Waiting for word from ${waiting} of ${inService} nodes`;
  if (inService === 0) return 'No node is in service';
  if (inService === 1) return 'The one node is ready';
  return `All ${inService} nodes are ready`;
}

function nodeRow(node: NodeView, controllerMs: number): NodeRowView {
  const troubles = troublesOf(node, controllerMs);
  return {
    id: node.id,
    name: node.name,
    state: node.state,
    // Every Pi names itself as one.
    where: [node.kind === 'pi' && node.model !== '' ? '' : node.kind, node.model]
      .filter((text) => text !== '')
      .join(' · '),
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
