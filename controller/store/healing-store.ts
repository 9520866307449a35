import { BrambleError } from '../../proto/contract/errors.js';
import type { Hold } from '../domain/healing/desired.js';
import type { ExplainRecord } from '../domain/healing/explain.js';
import type { NodeHeal, NodeHistory } from '../domain/healing/memory.js';
import type { Allocation } from '../domain/topology/allocate.js';
import type { Topology } from '../domain/topology/records.js';
import type {
  ActionRecord,
  ExplainQuery,
  HealedNode,
  HealingReader,
  HealingWriter,
  PolicyRecord,
  StoredExplain,
} from '../usecases/healing/ports.js';
import {
  actionOf,
  actionRow,
  allocationOf,
  allocationRow,
  holdOf,
  holdRow,
  topologyOf,
  topologyRows,
} from './healing-rows.js';
import type { Query } from './query.js';
import { noUndefined, parsed, revived } from './rows.js';

const RECORDS_MAX = 1_000;
const OPEN_ACTIONS_MAX = 10_000;
/** Policies that can be looked at and gone back to. */
const POLICIES_KEPT = 200;
const ROWS_AT_ONCE = 200;

/** Memory, holds, actions and reasons of healing, and the topology that it plans by. */
export class SqlHealingReader implements HealingReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async topology(): Promise<Topology | undefined> {
    const rows = await this.query.selectFrom('topology_item').selectAll().orderBy('kind').orderBy('place').execute();
    return rows.length === 0 ? undefined : topologyOf(rows);
  }

  async allocations(): Promise<readonly Allocation[]> {
    const rows = this.query.selectFrom('allocation').selectAll().orderBy('pool').orderBy('number');
    return (await rows.orderBy('taken_at_ms').execute()).map(allocationOf);
  }

  async policies(limit: number): Promise<readonly PolicyRecord[]> {
    const newest = this.query.selectFrom('healing_policy').selectAll().orderBy('revision', 'desc');
    const rows = await newest.limit(Math.min(limit, POLICIES_KEPT)).execute();
    return rows.map(({ revision, text, at_ms, actor }) => ({ revision, text, atMs: at_ms, actor }));
  }

  async holds(): Promise<readonly Hold[]> {
    return (await this.query.selectFrom('healing_hold').selectAll().orderBy('id').execute()).map(holdOf);
  }

  async healedNodes(): Promise<readonly HealedNode[]> {
    const rows = await this.query.selectFrom('healed_node').selectAll().orderBy('name').execute();
    return rows.map(({ name, heal, history }) => ({
      name,
      heal: heal === null ? undefined : revived<NodeHeal>(heal),
      history: history === null ? undefined : parsed<NodeHistory>(history),
    }));
  }

  async openActions(): Promise<readonly ActionRecord[]> {
    const open = this.query
      .selectFrom('healing_action')
      .selectAll()
      .where('state', 'in', ['queued', 'running', 'unknown']);
    return (await open.orderBy('id').limit(OPEN_ACTIONS_MAX).execute()).map(actionOf);
  }

  async explainRecords({ node, limit, beforeId }: ExplainQuery): Promise<readonly StoredExplain[]> {
    const all = this.query.selectFrom('explain_record').select(['id', 'record']);
    const own = node === undefined ? all : all.where('node', '=', node);
    const older = beforeId === undefined ? own : own.where('id', '<', beforeId);
    const rows = await older.orderBy('id', 'desc').limit(Math.min(limit, RECORDS_MAX)).execute();
    return rows.map(({ id, record }) => ({ id, record: revived<ExplainRecord>(record) }));
  }
}

export class SqlHealingWriter extends SqlHealingReader implements HealingWriter {
  async putTopology(topology: Topology): Promise<void> {
    const rows = topologyRows(topology);
    await this.query.deleteFrom('topology_item').execute();
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      await this.query
        .insertInto('topology_item')
        .values(rows.slice(at, at + ROWS_AT_ONCE))
        .execute();
    }
  }

  async putAllocation(allocation: Allocation): Promise<void> {
    const { pool, number, taken_at_ms, ...rest } = allocationRow(allocation);
    const holders = this.query.selectFrom('allocation').select('owner').where('pool', '=', pool);
    const holder = await holders.where('number', '=', number).where('freed_at_ms', 'is', null).executeTakeFirst();
    // Asked first: a failed insert would end the whole transaction on databases stricter than SQLite.
    if (holder !== undefined && holder.owner !== allocation.owner) {
      throw new BrambleError('already-exists', `${number} of pool "${pool}" belongs to ${holder.owner}`);
    }
    const insert = this.query.insertInto('allocation').values({ pool, number, taken_at_ms, ...rest });
    await insert
      .onConflict((conflict) => conflict.columns(['pool', 'number', 'taken_at_ms']).doUpdateSet(rest))
      .execute();
  }

  /** Keeps the newest POLICIES_KEPT. */
  async addPolicy({ revision, text, atMs, actor }: PolicyRecord): Promise<void> {
    await this.query.insertInto('healing_policy').values({ revision, text, at_ms: atMs, actor }).execute();
    await this.query
      .deleteFrom('healing_policy')
      .where('revision', '<=', revision - POLICIES_KEPT)
      .execute();
  }

  async putHold(hold: Hold): Promise<void> {
    const { id, ...rest } = holdRow(hold);
    const insert = this.query.insertInto('healing_hold').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  async removeHold(id: string): Promise<void> {
    await this.query.deleteFrom('healing_hold').where('id', '=', id).execute();
  }

  async putHealedNode({ name, heal, history }: HealedNode): Promise<void> {
    if (heal === undefined && history === undefined) {
      await this.query.deleteFrom('healed_node').where('name', '=', name).execute();
      return;
    }
    const rest = { heal: jsonOrNull(heal), history: jsonOrNull(history) };
    const insert = this.query.insertInto('healed_node').values({ name, ...rest });
    await insert.onConflict((conflict) => conflict.column('name').doUpdateSet(rest)).execute();
  }

  async putAction(action: ActionRecord): Promise<void> {
    const { id, ...rest } = actionRow(action);
    const insert = this.query.insertInto('healing_action').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  async addExplainRecord(record: ExplainRecord): Promise<void> {
    const row = { at_ms: Math.round(record.atMs), node: record.node, record: JSON.stringify(record, noUndefined) };
    await this.query.insertInto('explain_record').values(row).execute();
  }
}

function jsonOrNull(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value, noUndefined);
}
