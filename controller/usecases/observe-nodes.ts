import type { ConditionRule } from '../domain/condition-rule.js';
import { CONDITION_RULES } from '../domain/condition-rules/index.js';
import { judgeConditions } from '../domain/conditions.js';
import { goodbyeExcuseMs, judgeLiveness, type Liveness } from '../domain/liveness.js';
import type { AgentHello, GoodbyeReason } from './agent-messages.js';
import type { Counters } from './counters.js';
import type { NodeEntry, NodeTable } from './node-table.js';
import type { World } from './ports.js';
import type { Transitions } from './transitions.js';

/** Keeps liveness and conditions of all nodes right, as reports come and as time passes. */
export class NodeObserver {
  readonly #nodes: NodeTable;
  readonly #world: World;
  readonly #transitions: Transitions;
  readonly #counters: Counters;
  readonly #onChanged: (entry: NodeEntry) => void;

  constructor(deps: {
    readonly nodes: NodeTable;
    readonly world: World;
    readonly transitions: Transitions;
    readonly counters: Counters;
    readonly onChanged: (entry: NodeEntry) => void;
  }) {
    this.#nodes = deps.nodes;
    this.#world = deps.world;
    this.#transitions = deps.transitions;
    this.#counters = deps.counters;
    this.#onChanged = deps.onChanged;
  }

  /** A hello was let in. It says who speaks, not that all is well: only a report makes a node fresh. */
  greeted(entry: NodeEntry, hello: AgentHello, reportIntervalMs: number): void {
    const { nowMs, monotonicMs } = this.#now();
    if (hello.bootId !== entry.bootId) {
      entry.bootId = hello.bootId;
      entry.facts.addBoot(monotonicMs - hello.uptimeMs);
    }
    entry.bootedAtMs = nowMs - hello.uptimeMs;
    entry.bootedAtMonotonicMs = monotonicMs - hello.uptimeMs;
    entry.agentVersion = hello.agentVersion;
    entry.auditHeads = hello.auditHeads;
    entry.desiredRevisionReached = hello.desiredRevisionReached;
    entry.desiredTry = undefined; // told anew after the welcome, unless all is well
    entry.reportIntervalMs = reportIntervalMs;
    entry.livenessRecheckAtMonotonicMs = 0;
    this.#onChanged(entry);
  }

  /** A report arrived: the one sign of life that counts. */
  seen(entry: NodeEntry): void {
    const { nowMs, monotonicMs } = this.#now();
    entry.lastSeenAtMonotonicMs = monotonicMs;
    entry.lastSeenAtMs = nowMs;
    entry.excusedUntilMonotonicMs = undefined;
    entry.goodbye = undefined;
    if (!entry.hasReported) {
      entry.hasReported = true;
      this.#transitions.reporting(entry);
    }
    if (entry.liveness === 'fresh') return;
    this.#setLiveness(entry, 'fresh');
    this.judge(entry); // time has passed without judgement
  }

  saidGoodbye(entry: NodeEntry, reason: GoodbyeReason, expectedBackMs: number): void {
    entry.goodbye = reason;
    entry.excusedUntilMonotonicMs = this.#now().monotonicMs + goodbyeExcuseMs(expectedBackMs);
    this.#judgeLiveness(entry);
    this.#onChanged(entry);
  }

  /** Judges conditions by the facts at hand. */
  judge(entry: NodeEntry, rules: readonly ConditionRule[] = CONDITION_RULES): void {
    const { nowMs, monotonicMs } = this.#now();
    const judged = judgeConditions(rules, entry.facts, entry.conditions, monotonicMs, nowMs);
    entry.conditionsRecheckAtMonotonicMs = judged.recheckAtMs ?? Infinity;
    if (judged.conditions === entry.conditions) return;
    entry.conditions = judged.conditions;
    entry.shown = undefined;
    if (judged.transitions.length === 0) return;
    this.#counters.add('condition_transitions_total', judged.transitions.length);
    this.#transitions.conditions(entry, judged.transitions);
    this.#onChanged(entry);
  }

  /** Looks at every node whose verdict may have changed by time alone. */
  sweep(): void {
    const { monotonicMs } = this.#now();
    for (const entry of this.#nodes.all()) {
      if (monotonicMs >= entry.livenessRecheckAtMonotonicMs) this.#judgeLiveness(entry);
      if (monotonicMs < entry.conditionsRecheckAtMonotonicMs) continue;
      if (entry.liveness === 'fresh' || entry.liveness === 'late') this.judge(entry);
      else entry.conditionsRecheckAtMonotonicMs = Infinity; // its facts are old; its next report is judged
    }
  }

  countsByLiveness(): Readonly<Record<Liveness, number>> {
    const counts = { fresh: 0, late: 0, silent: 0, gone: 0, unobserved: 0 };
    for (const entry of this.#nodes.all()) counts[entry.liveness] += 1;
    return counts;
  }

  #judgeLiveness(entry: NodeEntry): void {
    const contact = {
      reportIntervalMs: entry.reportIntervalMs,
      lastSeenAtMs: entry.lastSeenAtMonotonicMs,
      excusedUntilMs: entry.excusedUntilMonotonicMs,
      graceUntilMs: entry.graceUntilMonotonicMs,
    };
    const { liveness, recheckAtMs } = judgeLiveness(contact, this.#now().monotonicMs);
    entry.livenessRecheckAtMonotonicMs = recheckAtMs ?? Infinity;
    if (liveness !== entry.liveness) this.#setLiveness(entry, liveness);
  }

  #setLiveness(entry: NodeEntry, liveness: Liveness): void {
    entry.liveness = liveness;
    if (liveness === 'fresh') {
      entry.livenessRecheckAtMonotonicMs = 0;
      if (entry.silentSinceMs !== undefined) this.#transitions.back(entry, entry.silentSinceMs);
      entry.silentSinceMs = undefined;
    }
    // A revoked node is silent by order; that is no news.
    if (liveness === 'silent' && entry.silentSinceMs === undefined && entry.node.lifecycle !== 'revoked') {
      entry.silentSinceMs = this.#now().nowMs;
      this.#transitions.silent(entry);
    }
    this.#onChanged(entry);
  }

  #now(): { readonly nowMs: number; readonly monotonicMs: number } {
    return { nowMs: this.#world.clock.nowMs(), monotonicMs: this.#world.clock.monotonicMs() };
  }
}
