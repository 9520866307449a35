import type { NodeId } from '../../../proto/contract/ids.js';
import type { Rollout } from '../../domain/switch/rollout.js';

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
  rollout(id: string): Promise<Rollout | undefined>;
  /** Those without an end, oldest first. */
  openRollouts(): Promise<readonly Rollout[]>;
  /** Newest first. */
  rollouts(limit: number): Promise<readonly Rollout[]>;
  /** The newest of a switch; `undefined` = none was kept. */
  keptPlan(id: NodeId): Promise<KeptPlan | undefined>;
  /** Newest first. */
  keptPlans(id: NodeId, limit: number): Promise<readonly KeptPlan[]>;
}

export interface SwitchWriter extends SwitchReader {
  /** Replaces that of the same id; the oldest ends of many are removed. */
  putRollout(rollout: Rollout): Promise<void>;
  /** The oldest of many are removed. */
  addKeptPlan(plan: KeptPlan): Promise<void>;
}
