/** What one pass works on: the inputs, what was counted of them, and what it has decided so far. */

import type { MappedNode } from '../topology/fleet-map.js';
import { type Action, type ActionSight, isOver } from './action.js';
import { type Attribution, attribute } from './attribution.js';
import { type Census, takeCensus } from './census.js';
import type { Desired, Hold } from './desired.js';
import { isInRom } from './evidence.js';
import type { ExplainRecord } from './explain.js';
import { LADDER, type Rung } from './ladder.js';
import type { AdmissionState, HealMemory, Incident, NodeHeal, NodeHistory } from './memory.js';
import type { Observed } from './observed.js';
import type { HealingPolicy } from './policy.js';

type Mutable<M> = M extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never;

/** The memory, while a pass writes it. */
interface Draft {
  readonly nodes: Mutable<HealMemory['nodes']>;
  readonly histories: Map<number, NodeHistory>;
  readonly incidents: Map<string, Incident>;
  readonly storms: Mutable<HealMemory['storms']>;
  readonly admission: Map<string, AdmissionState>;
  readonly reverted: Set<string>;
  readonly records: Map<number, ExplainRecord>;
  startedAtMs: readonly number[];
  destroyedAtMs: readonly number[];
  nextAction: number;
}

/** How much is going on in each domain, this pass's own starts included. */
export interface Traffic {
  /** By element index: nodes that are acted on or not back yet. */
  readonly inFlight: Map<number, number>;
  readonly destructiveInFlight: Map<number, number>;
  /** By element index of a fileserver: boards that a ROM or a loader has in hand. */
  readonly booting: Map<number, number>;
  /** By node index: what is not finished. */
  readonly open: Map<number, ActionSight>;
  /** Spares that are spoken for. */
  readonly spares: Set<string>;
}

export interface Pass {
  readonly observed: Observed;
  readonly desired: Desired;
  readonly policy: HealingPolicy;
  readonly nowMs: number;
  readonly census: Census;
  readonly attribution: Attribution;
  readonly traffic: Traffic;
  readonly draft: Draft;
  /** Holds in force, by scope. */
  readonly holds: ReadonlyMap<string, Hold>;
  /** Domains in a storm: element index -> what was counted. */
  readonly stormy: Map<
    number,
    { readonly unhealthy: number; readonly limit: number; readonly members: readonly string[] }
  >;
  readonly actionById: ReadonlyMap<string, ActionSight>;
  readonly starts: Action[];
  readonly cancels: string[];
  readonly reverts: string[];
  readonly records: ExplainRecord[];
}

const [HOUR_MS] = [3_600_000];

export function openPass(observed: Observed, desired: Desired, policy: HealingPolicy, nowMs: number): Pass {
  const { memory } = observed;
  const census = takeCensus(observed, desired);
  const isRecent = (atMs: number): boolean => nowMs - atMs < HOUR_MS;
  return {
    observed,
    desired,
    policy,
    nowMs,
    census,
    attribution: attribute(observed, desired, policy, census, nowMs),
    traffic: trafficOf(observed, desired),
    draft: {
      nodes: new Map(memory.nodes),
      histories: new Map(memory.histories),
      incidents: new Map(memory.incidents),
      storms: new Map(memory.storms),
      admission: new Map(memory.admission),
      reverted: new Set(memory.reverted),
      records: new Map(memory.records),
      startedAtMs: memory.startedAtMs.filter(isRecent),
      destroyedAtMs: memory.destroyedAtMs.filter(isRecent),
      nextAction: memory.nextAction,
    },
    holds: new Map(desired.holds.filter(({ untilMs }) => nowMs < untilMs).map((hold) => [hold.scope, hold])),
    stormy: new Map(),
    actionById: new Map(observed.actions.map((action) => [action.id, action])),
    starts: [],
    cancels: [],
    reverts: [],
    records: [],
  };
}

function trafficOf(observed: Observed, { map }: Desired): Traffic {
  const traffic: Traffic = {
    inFlight: new Map(),
    destructiveInFlight: new Map(),
    booting: new Map(),
    open: new Map(),
    spares: new Set(),
  };
  const busy = new Set<number>();
  for (const action of observed.actions) {
    if (isOver(action.state)) continue;
    const node = map.nodes[action.node];
    if (node === undefined) continue;
    busy.add(action.node);
    countAction(traffic, node, action);
  }
  for (const [index, heal] of observed.memory.nodes) {
    const node = map.nodes[index];
    if (node === undefined || busy.has(index) || heal.state !== 'verifying' || heal.wellSinceMs !== undefined) continue;
    const rung = heal.actionRung;
    if (rung !== undefined && rung !== 'admit' && LADDER[rung].isDisruptive) countInFlight(traffic, node, rung);
  }
  for (const node of map.nodes) {
    const sight = observed.nodes[node.index];
    if (sight !== undefined && node.fileserver >= 0 && !busy.has(node.index) && isInRom(sight))
      add(traffic.booting, node.fileserver);
  }
  return traffic;
}

/** Counts an action that is under way, or that this pass starts. */
export function countAction(traffic: Traffic, node: MappedNode, action: Action | ActionSight): void {
  traffic.open.set(
    node.index,
    'state' in action ? action : { ...action, state: 'queued', atMs: action.plannedAtMs, changed: false },
  );
  if (action.spare !== undefined) traffic.spares.add(action.spare);
  const { rung } = action;
  if ((rung === 'admit' || LADDER[rung].boots) && node.fileserver >= 0) add(traffic.booting, node.fileserver);
  if (rung !== 'admit' && LADDER[rung].isDisruptive) countInFlight(traffic, node, rung);
}

function countInFlight(traffic: Traffic, node: MappedNode, rung: Rung): void {
  for (const element of node.elements) {
    add(traffic.inFlight, element);
    if (LADDER[rung].isDestructive) add(traffic.destructiveInFlight, element);
  }
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The hold that covers a node, its own first, then the smallest element's. */
export function holdOn(pass: Pass, node: MappedNode): Hold | undefined {
  if (pass.holds.size === 0) return undefined;
  const own = pass.holds.get(node.record.name);
  if (own !== undefined) return own;
  for (const element of node.elements) {
    const hold = pass.holds.get(pass.desired.map.elements[element]?.name ?? '');
    if (hold !== undefined) return hold;
  }
  return undefined;
}

export function isWell(pass: Pass, index: number): boolean {
  const sight = pass.observed.nodes[index];
  return sight?.agent === 'fresh' && sight.symptom === undefined;
}

export function setNode(pass: Pass, index: number, heal: NodeHeal | undefined): void {
  if (heal === undefined) pass.draft.nodes.delete(index);
  else pass.draft.nodes.set(index, heal);
}
