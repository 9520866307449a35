import { FACTS, type FactName } from '../../proto/contract/facts.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { type HistoryPoint, type HistorySeries, packHistory, unpackSeries } from '../domain/history.js';
import type { FactChange } from './agent-messages.js';
import type { HistorySegment, Log, Store } from './ports.js';
import { repackHistory } from './repack-history.js';
import { SampleJournal } from './sample-journal.js';

/** Time between two writes of one node: what a crash may lose of its history. */
export const CHUNK_MS = 300_000;
/** Nodes packed and written in one transaction; packing them takes this thread some milliseconds. */
const NODES_PER_WRITE = 32;
/** A journal beyond this is written at once; beyond the second, when the store does not take it, its rows are dropped. */
const JOURNAL_BYTES = 16 * 1024;
const JOURNAL_BYTES_MAX = 32 * 1024;
const JOURNAL_ROWS = 2_000;
/** Read in one go, so that a month of history does not hold this thread. */
const READ_SPAN_MS = 6 * 3_600_000;
/** Nothing is kept longer. */
const SPAN_MS_MAX = 400 * 86_400_000;

interface NodeHistory {
  readonly nodeId: NodeId;
  readonly phaseMs: number;
  readonly journal: SampleJournal;
  /** When the journal is to be written; set by its first row. */
  dueAtMs: number;
  /** Packed, and on its way to the store until it is committed. */
  pending: HistorySegment | undefined;
}

/**
 * Keeps the samples of all nodes: in memory for at most five minutes, then packed in the store. A crash loses those five
 * minutes at most; nothing else depends on them, since conditions and events are committed when they happen.
 */
export class HistoryRecorder {
  readonly #store: Store;
  readonly #log: Log;
  readonly #counts = { rows: 0, rowsDropped: 0, valuesLeftOut: 0, segments: 0, bytes: 0, failures: 0, unreadable: 0 };
  readonly #nodes = new Map<NodeId, NodeHistory>();
  #flushing: Promise<number> | undefined;
  #isStoreFailing = false;

  constructor(deps: { readonly store: Store; readonly log: Log }) {
    this.#store = deps.store;
    this.#log = deps.log;
  }

  /**
   * Takes a report in. Hot: thousands of calls a second.
   * @param atMs wall clock of the controller
   * @param full what is not among the changes has no data from now on
   */
  record(nodeId: NodeId, atMs: number, full: boolean, changes: readonly FactChange[]): void {
    const node = this.#nodes.get(nodeId) ?? this.#newNode(nodeId);
    const { journal } = node;
    if (journal.sizeBytes > JOURNAL_BYTES_MAX) {
      this.#counts.rowsDropped += journal.rowsCount;
      journal.restart();
    }
    if (journal.rowsCount === 0) node.dueAtMs = nextBoundary(atMs, node.phaseMs);
    this.#counts.valuesLeftOut += journal.add(atMs, full, changes);
    this.#counts.rows += 1;
  }

  /** Writes the nodes whose five minutes are over; returns how many were written. Trouble is logged and tried again. */
  async flushDue(nowMs: number): Promise<number> {
    if (this.#flushing !== undefined) return 0;
    return await this.#flush((node) => isDue(node, nowMs));
  }

  /** Writes everything, for an orderly end; returns how many segments were written. Gives up when the store fails. */
  async flushAll(): Promise<number> {
    await this.#flushing;
    let writtenCount = 0;
    // Twice for a node whose earlier segment still waited: its journal goes next.
    for (let count = 1; count > 0; writtenCount += count) {
      count = await this.#flush(({ journal, pending }) => journal.rowsCount > 0 || pending !== undefined);
    }
    return writtenCount;
  }

  /** Merges the chunks of finished hours; see repack-history.ts. @throws BrambleError of the store */
  async repack(nowMs: number): Promise<number> {
    return await repackHistory({ store: this.#store, log: this.#log }, nowMs);
  }

  /** The points of one series in [fromMs, toMs), oldest first: what is stored and what is still in memory. */
  async series(
    nodeId: NodeId,
    fact: FactName,
    instance: string,
    fromMs: number,
    toMs: number,
  ): Promise<readonly HistoryPoint[]> {
    const wanted = { factId: FACTS[fact].id, instance };
    const points = this.#pointsInMemory(nodeId, wanted); // first: what is committed meanwhile is seen twice, not never
    const startMs = Math.max(fromMs, toMs - SPAN_MS_MAX);
    for (let from = startMs; from < toMs; from += READ_SPAN_MS) {
      const segments = await this.#store.reader.history(nodeId, from, Math.min(from + READ_SPAN_MS, toMs));
      for (const segment of segments) {
        for (const point of this.#pointsOf(segment, wanted)) points.set(point.atMs, point);
      }
    }
    const within = [...points.values()].filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    return within.sort((a, b) => a.atMs - b.atMs);
  }

  /** Flat numbers for /metrics. */
  counters(): Record<string, number> {
    let journalBytes = 0;
    for (const { journal } of this.#nodes.values()) journalBytes += journal.sizeBytes;
    return {
      history_rows_total: this.#counts.rows,
      history_rows_dropped_total: this.#counts.rowsDropped,
      history_values_left_out_total: this.#counts.valuesLeftOut,
      history_segments_written_total: this.#counts.segments,
      history_bytes_written_total: this.#counts.bytes,
      history_write_failures_total: this.#counts.failures,
      history_unreadable_segments_total: this.#counts.unreadable,
      history_nodes: this.#nodes.size,
      history_journal_bytes: journalBytes,
    };
  }

  #newNode(nodeId: NodeId): NodeHistory {
    const node: NodeHistory = {
      nodeId,
      phaseMs: phaseOf(nodeId),
      journal: new SampleJournal(),
      dueAtMs: 0,
      pending: undefined,
    };
    this.#nodes.set(nodeId, node);
    return node;
  }

  async #flush(isWanted: (node: NodeHistory) => boolean): Promise<number> {
    this.#flushing = this.#write([...this.#nodes.values()].filter(isWanted));
    try {
      return await this.#flushing;
    } finally {
      this.#flushing = undefined;
    }
  }

  async #write(due: readonly NodeHistory[]): Promise<number> {
    for (let start = 0; start < due.length; start += NODES_PER_WRITE) {
      const batch = due.slice(start, start + NODES_PER_WRITE);
      for (const node of batch) this.#pack(node);
      try {
        const segments = batch.flatMap(({ pending }) => pending ?? []);
        await this.#store.transact((writer) => Promise.all(segments.map((segment) => writer.addHistory(segment))));
      } catch (thrown) {
        this.#counts.failures += 1;
        if (!this.#isStoreFailing) this.#log.warn({ err: thrown }, 'history waits: it could not be written');
        this.#isStoreFailing = true;
        return start;
      }
      this.#isStoreFailing = false;
      for (const node of batch) this.#written(node);
    }
    return due.length;
  }

  /** While an earlier pack still waits for the store, the journal goes on growing instead. */
  #pack(node: NodeHistory): void {
    if (node.pending !== undefined || node.journal.rowsCount === 0) return;
    const table = node.journal.table();
    let fromMs = Infinity;
    let toMs = -Infinity;
    for (const atMs of table.atMs) {
      if (atMs < fromMs) fromMs = atMs;
      if (atMs >= toMs) toMs = atMs + 1;
    }
    node.pending = { nodeId: node.nodeId, fromMs, toMs, packed: packHistory(table) };
    node.journal.restart();
  }

  #written(node: NodeHistory): void {
    if (node.pending === undefined) return;
    this.#counts.segments += 1;
    this.#counts.bytes += node.pending.packed.length;
    node.pending = undefined;
  }

  /** A damaged segment is a gap and a line in the log; the rest can still be seen. */
  #pointsOf({ nodeId, fromMs, packed }: HistorySegment, wanted: HistorySeries): readonly HistoryPoint[] {
    try {
      return unpackSeries(packed, wanted);
    } catch (thrown) {
      this.#counts.unreadable += 1;
      this.#log.error({ err: thrown, nodeId, fromMs }, 'a segment of history is damaged');
      return [];
    }
  }

  #pointsInMemory(nodeId: NodeId, wanted: HistorySeries): Map<number, HistoryPoint> {
    const points = new Map<number, HistoryPoint>();
    const node = this.#nodes.get(nodeId);
    if (node === undefined) return points;
    if (node.pending !== undefined) {
      for (const point of unpackSeries(node.pending.packed, wanted)) points.set(point.atMs, point);
    }
    const { atMs: times, columns } = node.journal.table();
    const column = columns.find(({ factId, instance }) => factId === wanted.factId && instance === wanted.instance);
    column?.values.forEach((value, row) => {
      const atMs = times[row];
      if (value !== undefined && atMs !== undefined) points.set(atMs, { atMs, value });
    });
    return points;
  }
}

function isDue({ journal, dueAtMs, pending }: NodeHistory, nowMs: number): boolean {
  if (pending !== undefined) return true;
  if (journal.rowsCount === 0) return false;
  const clockWasSetBack = nowMs < journal.firstAtMs - CHUNK_MS;
  const isLarge = journal.sizeBytes > JOURNAL_BYTES || journal.rowsCount >= JOURNAL_ROWS;
  return nowMs >= dueAtMs || isLarge || clockWasSetBack;
}

function nextBoundary(atMs: number, phaseMs: number): number {
  return Math.floor((atMs - phaseMs) / CHUNK_MS) * CHUNK_MS + phaseMs + CHUNK_MS;
}

/** Spreads the writes of the fleet over the five minutes. FNV-1a; see domain/history.ts. */
function phaseOf(nodeId: NodeId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < nodeId.length; i++) hash = Math.imul(hash ^ nodeId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % CHUNK_MS;
}
