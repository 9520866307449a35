import type { FleetEvent } from '../domain/event.js';
import type { FleetChange } from './api.js';
import type { Counters } from './counters.js';
import { eventView, nodeView } from './fleet-view.js';
import type { NodeEntry, NodeTable } from './node-table.js';
import type { World } from './ports.js';

/** A node is told at most once in this time, however much happens to it. */
const COALESCE_MS = 250;
/** A report that changes nothing but the time it was seen is told at most once in this time. */
const MERE_REPORT_MS = 5_000;

export type FleetListener = (change: FleetChange) => void;

/** Tells listeners what changed. Nothing is built while nobody listens; a listener that fails harms nobody else. */
export class FleetWatch {
  readonly #nodes: NodeTable;
  readonly #world: World;
  readonly #counters: Counters;
  readonly #listeners = new Set<FleetListener>();
  readonly #changed = new Set<NodeEntry>();
  #cancelFlush: (() => void) | undefined;
  #version = 0;
  #versionOfReportsAtMs = -Infinity;

  constructor(nodes: NodeTable, world: World, counters: Counters) {
    this.#nodes = nodes;
    this.#world = world;
    this.#counters = counters;
  }

  get listenersCount(): number {
    return this.#listeners.size;
  }

  /**
   * Goes up with everything that a list of nodes shows, by mere reports at most once in five seconds: whoever saw this
   * version has seen the fleet as it is, but for when nodes were last heard.
   */
  get version(): number {
    return this.#version;
  }

  watch(listener: FleetListener): () => void {
    const own: FleetListener = (change) => listener(change); // the same function may listen twice
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Something that people see of this node changed. */
  nodeChanged(entry: NodeEntry): void {
    this.#version += 1;
    entry.shown = undefined;
    if (this.#listeners.size === 0) return;
    this.#changed.add(entry);
    this.#cancelFlush ??= this.#world.timers.after(COALESCE_MS, () => this.#flush());
  }

  /** A report came in; it is told now and then, so that "last seen" stays true. */
  nodeReported(entry: NodeEntry): void {
    const nowMs = this.#world.clock.monotonicMs();
    entry.shown = undefined;
    if (nowMs - this.#versionOfReportsAtMs >= MERE_REPORT_MS) {
      this.#versionOfReportsAtMs = nowMs;
      this.#version += 1;
    }
    if (this.#listeners.size === 0) return;
    if (nowMs - entry.lastShownAtMonotonicMs < MERE_REPORT_MS) return;
    this.nodeChanged(entry);
  }

  eventCommitted(event: FleetEvent): void {
    if (this.#listeners.size === 0) return;
    const view = eventView(event, (id) => this.#nodes.get(id)?.node.name);
    this.#tell({ kind: 'event', event: view });
  }

  stop(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#listeners.clear();
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    const nowMs = this.#world.clock.monotonicMs();
    for (const entry of changed) {
      entry.lastShownAtMonotonicMs = nowMs;
      this.#tell({ kind: 'node', node: nodeView(entry) });
    }
  }

  #tell(change: FleetChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (thrown) {
        this.#counters.add('listener_failures_total');
        this.#world.log.warn({ err: thrown }, 'a listener failed');
      }
    }
  }
}
