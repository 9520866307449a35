import type { ActionSight } from '../../domain/healing/action.js';
import type { Hold } from '../../domain/healing/desired.js';
import type { ExplainRecord } from '../../domain/healing/explain.js';
import type { NodeHeal, NodeHistory } from '../../domain/healing/memory.js';
import type { Allocation } from '../../domain/topology/allocate.js';
import type { Topology } from '../../domain/topology/records.js';

/** What is stored of healing. All times are of the wall clock: what is kept outlives the process that wrote it. */
export interface HealingReader {
  /** As somebody wrote it down; `undefined` = nobody did. */
  topology(): Promise<Topology | undefined>;
  /** What pools have handed out, and what rests. */
  allocations(): Promise<readonly Allocation[]>;
  /** Newest first. */
  policies(limit: number): Promise<readonly PolicyRecord[]>;
  holds(): Promise<readonly Hold[]>;
  /** Nodes that are not simply healthy, or have a past. */
  healedNodes(): Promise<readonly HealedNode[]>;
  /** Those without an end. */
  openActions(): Promise<readonly ActionRecord[]>;
  /** Newest first; `beforeId`: those that are older than this one. */
  explainRecords(query: ExplainQuery): Promise<readonly StoredExplain[]>;
}

export interface HealingWriter extends HealingReader {
  /** Replaces all of it. */
  putTopology(topology: Topology): Promise<void>;
  /** @throws BrambleError `already-exists` when somebody else has it */
  putAllocation(allocation: Allocation): Promise<void>;
  addPolicy(policy: PolicyRecord): Promise<void>;
  putHold(hold: Hold): Promise<void>;
  /** One that is not there is success. */
  removeHold(id: string): Promise<void>;
  /** Removed when there is nothing to remember. */
  putHealedNode(node: HealedNode): Promise<void>;
  putAction(action: ActionRecord): Promise<void>;
  addExplainRecord(record: ExplainRecord): Promise<void>;
}

export interface PolicyRecord {
  /** Goes up with every one that is put in force. */
  readonly revision: number;
  /** YAML, as it was given. */
  readonly text: string;
  readonly atMs: number;
  readonly actor: string;
}

export interface HealedNode {
  readonly name: string;
  readonly heal: NodeHeal | undefined;
  readonly history: NodeHistory | undefined;
}

export interface ActionRecord extends Omit<ActionSight, 'node'> {
  /** The order that carries it out; empty before it is given. */
  readonly commandId: string;
  /** For people: what was found, or what went wrong. */
  readonly detail: string;
}

export interface ExplainQuery {
  readonly node?: string | undefined;
  readonly limit: number;
  readonly beforeId?: number | undefined;
}

export interface StoredExplain {
  readonly id: number;
  readonly record: ExplainRecord;
}
