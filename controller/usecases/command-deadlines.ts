import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { CommandRecord } from '../domain/command.js';
import { changesByTimeAtMs } from '../domain/command-lifecycle.js';

interface Open {
  readonly nodeId: NodeId;
  readonly dueAtMs: number;
}

/** Which commands are open, and when time alone changes them; in memory, so that a sweep costs nothing. */
export class CommandDeadlines {
  readonly #open = new Map<CommandId, Open>();
  readonly #countByNode = new Map<NodeId, number>();
  #earliestMs = Infinity;

  get count(): number {
    return this.#open.size;
  }

  openCount(nodeId: NodeId): number {
    return this.#countByNode.get(nodeId) ?? 0;
  }

  /** Takes note of a record as it is now; settled ones are let go. */
  note(record: CommandRecord): void {
    const dueAtMs = changesByTimeAtMs(record);
    if (dueAtMs === undefined) {
      this.forget(record.id);
      return;
    }
    if (!this.#open.has(record.id)) this.#count(record.nodeId, 1);
    this.#open.set(record.id, { nodeId: record.nodeId, dueAtMs });
    this.#earliestMs = Math.min(this.#earliestMs, dueAtMs);
  }

  forget(id: CommandId): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.#count(open.nodeId, -1);
  }

  /** Commands whose time has come, at most `limit`. */
  due(nowMs: number, limit: number): readonly CommandId[] {
    if (nowMs < this.#earliestMs) return [];
    const due: CommandId[] = [];
    let earliestMs = Infinity;
    for (const [id, { dueAtMs }] of this.#open) {
      if (nowMs >= dueAtMs && due.length < limit) due.push(id);
      earliestMs = Math.min(earliestMs, dueAtMs);
    }
    this.#earliestMs = earliestMs;
    return due;
  }

  #count(nodeId: NodeId, by: number): void {
    const count = this.openCount(nodeId) + by;
    if (count === 0) this.#countByNode.delete(nodeId);
    else this.#countByNode.set(nodeId, count);
  }
}
