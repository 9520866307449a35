/** What one pass leaves to the next: plain data, so that it can be stored, replayed and compared. */

import type { FleetMap } from '../topology/fleet-map.js';
import type { ExplainRecord } from './explain.js';
import type { HealState } from './heal-state.js';
import type { Rung } from './ladder.js';

/** A node that is not simply healthy. */
export interface NodeHeal {
  readonly state: HealState;
  readonly sinceMs: number;
  /** The shared cause that holds it. */
  readonly cause: string | undefined;
  /** When the incident began. */
  readonly troubleSinceMs: number;
  /** Rungs of this incident that were tried. */
  readonly tried: readonly Rung[];
  /** Whether R3 found something to repair in this incident. */
  readonly pathRepaired: boolean;
  /** Of the action under way, or the last one. */
  readonly actionId: string | undefined;
  readonly actionRung: Rung | 'admit' | undefined;
  readonly actionEndedAtMs: number | undefined;
  /** Since when it shows no trouble; `undefined` = it does. */
  readonly wellSinceMs: number | undefined;
  readonly probationMs: number;
  /** Boots tried again outside of the ladder. */
  readonly retries: number;
}

/** Of a node whose incident begins now. */
export function newHeal(state: HealState, nowMs: number, { probationMs }: { readonly probationMs: number }): NodeHeal {
  return {
    state,
    sinceMs: nowMs,
    cause: undefined,
    troubleSinceMs: nowMs,
    tried: [],
    pathRepaired: false,
    actionId: undefined,
    actionRung: undefined,
    actionEndedAtMs: undefined,
    wellSinceMs: undefined,
    probationMs,
    retries: 0,
  };
}

/** What a node's past weighs. */
export interface NodeHistory {
  /** Incidents, each counting half after every half-life. */
  readonly score: number;
  readonly atMs: number;
  /** When its disruptive actions of the last 24 h were started. */
  readonly disruptedAtMs: readonly number[];
}

/** A shared cause that holds nodes. */
export interface Incident {
  /** "switch:sw-1", "change:42" */
  readonly cause: string;
  readonly rowId: string;
  readonly sinceMs: number;
  readonly lastSeenMs: number;
  /** Nodes that were tried as a probe. */
  readonly canaries: readonly number[];
}

export interface AdmissionState {
  readonly bootsLimit: number;
  readonly successes: number;
  readonly lastStartMs: number;
}

export interface HealMemory {
  /** By node index. */
  readonly nodes: ReadonlyMap<number, NodeHeal>;
  readonly histories: ReadonlyMap<number, NodeHistory>;
  readonly incidents: ReadonlyMap<string, Incident>;
  /** Domain -> when it was last above the limit. */
  readonly storms: ReadonlyMap<string, { readonly sinceMs: number; readonly aboveAtMs: number }>;
  /** When disruptive actions of the last hour were started. */
  readonly startedAtMs: readonly number[];
  readonly destroyedAtMs: readonly number[];
  /** By fileserver name. */
  readonly admission: ReadonlyMap<string, AdmissionState>;
  /** Changes that were asked to be taken back. */
  readonly reverted: ReadonlySet<string>;
  /** The latest record of every node that has one. */
  readonly records: ReadonlyMap<number, ExplainRecord>;
  readonly nextAction: number;
}

export function emptyMemory(): HealMemory {
  return {
    nodes: new Map(),
    histories: new Map(),
    incidents: new Map(),
    storms: new Map(),
    startedAtMs: [],
    destroyedAtMs: [],
    admission: new Map(),
    reverted: new Set(),
    records: new Map(),
    nextAction: 1,
  };
}

/** The score as it is now: half of it is forgotten every half-life. */
export function scoreAt(history: NodeHistory | undefined, nowMs: number, halfLifeMs: number): number {
  return history === undefined ? 0 : history.score * 0.5 ** ((nowMs - history.atMs) / halfLifeMs);
}

/** The same memory by the indexes of another map: what is not there any more is forgotten. */
export function remapMemory(memory: HealMemory, from: FleetMap, to: FleetMap): HealMemory {
  const indexOf = (index: number): number | undefined => {
    const name = from.nodes[index]?.record.name;
    return name === undefined ? undefined : to.nodeByName.get(name)?.index;
  };
  const remapped = <Value>(values: ReadonlyMap<number, Value>): ReadonlyMap<number, Value> =>
    new Map(
      [...values].flatMap(([index, value]): readonly (readonly [number, Value])[] => {
        const now = indexOf(index);
        return now === undefined ? [] : [[now, value]];
      }),
    );
  const incidents = [...memory.incidents].map(([name, incident]): [string, Incident] => [
    name,
    { ...incident, canaries: incident.canaries.flatMap((index) => indexOf(index) ?? []) },
  ]);
  return {
    ...memory,
    nodes: remapped(memory.nodes),
    histories: remapped(memory.histories),
    records: remapped(memory.records),
    incidents: new Map(incidents),
  };
}
