import type { FleetMap } from '../topology/fleet-map.js';
import type { Rung } from './ladder.js';

/** Somebody wants healing to keep its hands off. Automatic holds end by themselves; these end by their expiry or by hand. */
export interface Hold {
  readonly id: string;
  readonly kind: 'pause' | 'maintenance' | 'drill' | 'manual';
  /** Name of an element or a node; `fleet` = everything. */
  readonly scope: string;
  readonly owner: string;
  readonly reason: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** `in-service` is what healing is for. `stopped`: switched off because somebody wanted that. */
export type Lifecycle = 'in-service' | 'pending' | 'burn-in' | 'draining' | 'stopped' | 'retired';

export interface Desired {
  readonly map: FleetMap;
  readonly holds: readonly Hold[];
  /** By node index; absent = in service. */
  readonly lifecycles: ReadonlyMap<number, Lifecycle>;
  /** Nodes that somebody repaired and that start anew. */
  readonly repaired: ReadonlySet<number>;
  /** What somebody is there to carry out; absent = all of it. A rung that nobody carries out is skipped. */
  readonly means?: ReadonlySet<Means>;
}

/** `mailbox`: repairs in place reach a node through its root while its agent is dead. */
export type Means = Rung | 'mailbox';
