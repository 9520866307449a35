import type { NodeId } from '../../../proto/contract/ids.js';
import type { PortChange } from '../../domain/switch/port-change.js';

/** The plan of a switch that was kept: what its ports are for, until the next one. */
export interface KeptPlan {
  readonly nodeId: NodeId;
  /** Counts from 1, for each switch. */
  readonly revision: number;
  /** As `renderSwitchPlan` writes it. */
  readonly plan: string;
  /** The change that brought it. */
  readonly changeId: string;
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string;
}

export interface SwitchReader {
  change(id: string): Promise<PortChange | undefined>;
  /** Those without an end, oldest first. */
  openChanges(): Promise<readonly PortChange[]>;
  /** Newest first. */
  changes(limit: number): Promise<readonly PortChange[]>;
  /** The newest of a switch; `undefined` = none was kept. */
  keptPlan(id: NodeId): Promise<KeptPlan | undefined>;
  /** Newest first. */
  keptPlans(id: NodeId, limit: number): Promise<readonly KeptPlan[]>;
}

export interface SwitchWriter extends SwitchReader {
  /** Replaces that of the same id; the oldest ends of many are removed. */
  putChange(change: PortChange): Promise<void>;
  /** The oldest of many are removed. */
  addKeptPlan(plan: KeptPlan): Promise<void>;
}
