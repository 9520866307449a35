import type { HealingView, NodeView } from '../../proto/contract/api/fleet.js';
import type { NodeId } from '../../proto/contract/ids.js';
import type { AuditHead } from '../domain/audit/record.js';
import type { JudgedCondition } from '../domain/conditions.js';
import type { DiskSight } from '../domain/disk-sight.js';
import type { Liveness } from '../domain/liveness.js';
import type { Maintenance } from '../domain/maintenance.js';
import type { Node } from '../domain/node.js';
import { type NodeSettings, noSettings } from '../domain/node-settings.js';
import type { ProcessIdentity } from '../domain/takeover.js';
import type { AgentConnection, DesiredStateTry, FactChange, GoodbyeReason } from './agent-messages.js';
import { FactTable } from './fact-table.js';

/** The live stream of a node, for those who send on it or end it. */
export interface LiveSession {
  readonly connection: AgentConnection;
  readonly identity: ProcessIdentity;
  readonly supportedActions: readonly string[];
  /** Wall clock. */
  readonly connectedAtMs: number;
  readonly isOver: boolean;
  close(reason: GoodbyeReason, detail: string): void;
  /** Asks who is there; `undefined` = nobody within the limit, or the stream ended. */
  probe(): Promise<ProcessIdentity | undefined>;
}

/**
 * What this process knows of one node. Everything but `node` and raised conditions lives in memory only and is learnt
 * anew from the next hello and the next full report. Times named Monotonic are on the controller's monotonic clock.
 */
export class NodeEntry {
  /** As it is stored. */
  node: Node;
  /** As it is stored: what people set. */
  settings: NodeSettings;
  /** In force, of the node or of its site. */
  maintenance: Maintenance | undefined;
  /** What people were last shown; whoever changes something that shows forgets it. */
  shown: NodeView | undefined;
  readonly facts = new FactTable();
  /** Facts that the controller has found out by itself; a full report, which replaces all others, does not take them away. */
  derived: readonly FactChange[] = [];
  conditions: readonly JudgedCondition[] = [];
  conditionsRecheckAtMonotonicMs = Infinity;

  liveness: Liveness = 'unobserved';
  /** 0 = look at the next sweep. */
  livenessRecheckAtMonotonicMs = 0;
  reportIntervalMs: number;
  graceUntilMonotonicMs: number;
  lastSeenAtMonotonicMs: number | undefined;
  /** Wall clock, for display. */
  lastSeenAtMs: number | undefined;
  /** Set by a goodbye, gone with the next report. */
  excusedUntilMonotonicMs: number | undefined;
  goodbye: string | undefined;
  /** Wall clock: since when its silence is on record; `undefined` = it is not silent. */
  silentSinceMs: number | undefined;

  /** Where it stands with healing; `undefined` = it is simply healthy, or nobody looks. */
  healing: HealingView | undefined;

  /** What fileservers tell of it while it is silent. */
  diskSight: DiskSight | undefined;

  session: LiveSession | undefined;
  /** Of the last hello that was let in; empty before the first. */
  bootId = '';
  bootedAtMs: number | undefined;
  /** The same moment, where no step of a clock moves it. */
  bootedAtMonotonicMs: number | undefined;
  agentVersion = '';
  desiredRevisionReached = 0;
  /** How the newest revision went that it tried; `undefined` = it has not told. */
  desiredTry: DesiredStateTry | undefined;
  /** What its agent remembers of the audit log. */
  auditHeads: readonly AuditHead[] = [];
  /** A report was taken in since this process started. */
  hasReported = false;
  /** When watchers were last told of a mere report. */
  lastShownAtMonotonicMs = -Infinity;

  constructor(node: Node, terms: ObservationTerms) {
    this.node = node;
    this.settings = noSettings(node.id);
    this.reportIntervalMs = terms.reportIntervalMs;
    this.graceUntilMonotonicMs = terms.graceUntilMonotonicMs;
  }
}

export interface ObservationTerms {
  readonly reportIntervalMs: number;
  /** Until when never having heard of the node means nothing. */
  readonly graceUntilMonotonicMs: number;
}

/** Every node of the fleet, in memory by design. */
export class NodeTable {
  readonly #entries = new Map<NodeId, NodeEntry>();
  /** By id: the order of lists. */
  readonly #sorted: NodeEntry[] = [];
  /** Few, and asked for often. A node's kind is for ever. */
  readonly #observers: NodeEntry[] = [];
  #changes = 0;

  get count(): number {
    return this.#entries.size;
  }

  get(id: NodeId): NodeEntry | undefined {
    return this.#entries.get(id);
  }

  all(): IterableIterator<NodeEntry> {
    return this.#entries.values();
  }

  /** How often a node was put in, new or not: while it stays, every node is as it was. */
  get changes(): number {
    return this.#changes;
  }

  /** Fileservers and switches: those that tell of other nodes. */
  observers(): readonly NodeEntry[] {
    return this.#observers;
  }

  /** Takes over what is stored of a node; `terms` count for a node that was not here before. */
  put(node: Node, terms: ObservationTerms): NodeEntry {
    const known = this.#entries.get(node.id);
    this.#changes += 1;
    if (known !== undefined) {
      known.node = node;
      return known;
    }
    const entry = new NodeEntry(node, terms);
    this.#entries.set(node.id, entry);
    if (node.kind !== 'pi') this.#observers.push(entry);
    this.#sorted.splice(this.#placeAfter(node.id), 0, entry);
    return entry;
  }

  /** Those whose id comes after this one, by id; all of them for `undefined`. */
  *after(id: string | undefined): IterableIterator<NodeEntry> {
    for (let place = id === undefined ? 0 : this.#placeAfter(id); ; place++) {
      const entry = this.#sorted[place];
      if (entry === undefined) return;
      yield entry;
    }
  }

  /** Where the first id after this one is, or would be. */
  #placeAfter(id: string): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#sorted[middle];
      if (entry !== undefined && entry.node.id <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
