import type { NodeId } from '../../proto/contract/ids.js';
import { CONDITION_RULES } from '../domain/condition-rules/index.js';
import { makeRuleIndex } from '../domain/rule-index.js';
import type { AgentReport, FactChange } from './agent-messages.js';
import type { Counters } from './counters.js';
import type { NodeEntry } from './node-table.js';
import type { NodeObserver } from './observe-nodes.js';
import type { World } from './ports.js';

/** Where samples go to be kept. */
export interface HistorySink {
  /** `atMs`: the controller's wall clock. Hot: thousands of calls a second. */
  record(nodeId: NodeId, atMs: number, full: boolean, changes: readonly FactChange[]): void;
}

/** Takes reports in: facts in memory, conditions judged by the rules whose facts changed, samples to history. */
export class ReportIngest {
  readonly #observer: NodeObserver;
  readonly #history: HistorySink;
  readonly #world: World;
  readonly #counters: Counters;
  readonly #rulesTouchedBy = makeRuleIndex(CONDITION_RULES);
  readonly #onReported: (entry: NodeEntry) => void;

  constructor(deps: {
    readonly observer: NodeObserver;
    readonly history: HistorySink;
    readonly world: World;
    readonly counters: Counters;
    readonly onReported: (entry: NodeEntry) => void;
  }) {
    this.#observer = deps.observer;
    this.#history = deps.history;
    this.#world = deps.world;
    this.#counters = deps.counters;
    this.#onReported = deps.onReported;
  }

  ingest(entry: NodeEntry, report: AgentReport): void {
    const { full, changes } = report;
    const refusedCount = entry.facts.apply(changes, full);
    if (full && entry.derived.length > 0) entry.facts.apply(entry.derived, false);
    if (refusedCount > 0) this.#counters.add('values_refused_total', refusedCount);
    this.#counters.add('reports_total');
    this.#observer.seen(entry);
    const rules = full ? CONDITION_RULES : this.#rulesTouchedBy(changes);
    if (rules.length > 0) this.#observer.judge(entry, rules);
    this.#onReported(entry);
    this.#history.record(entry.node.id, this.#world.clock.nowMs(), full, changes);
  }
}
