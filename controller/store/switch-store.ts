import type { NodeId } from '../../proto/contract/ids.js';
import { isOver, type PortChange } from '../domain/switch/port-change.js';
import type { KeptPlan, SwitchReader, SwitchWriter } from '../usecases/switches/ports.js';
import type { Query } from './query.js';
import { parsed, written } from './rows.js';
import type { SwitchPlanRow } from './schema.js';

const OPEN_MAX = 1_000;
const LIST_MAX = 1_000;
/** Changes that ended, and plans of one switch, that can be looked at and gone back to. */
const ENDED_KEPT = 2_000;
const PLANS_KEPT = 200;

/** Changes of ports, and the plans that were kept. */
export class SqlSwitchReader implements SwitchReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async change(id: string): Promise<PortChange | undefined> {
    const row = await this.query.selectFrom('port_change').select('record').where('id', '=', id).executeTakeFirst();
    return row && parsed<PortChange>(row.record);
  }

  async openChanges(): Promise<readonly PortChange[]> {
    const rows = this.query.selectFrom('port_change').select('record').where('is_open', '=', 1).orderBy('id');
    return (await rows.limit(OPEN_MAX).execute()).map(({ record }) => parsed<PortChange>(record));
  }

  async changes(limit: number): Promise<readonly PortChange[]> {
    const rows = this.query.selectFrom('port_change').select('record').orderBy('id', 'desc');
    return (await rows.limit(Math.min(limit, LIST_MAX)).execute()).map(({ record }) => parsed<PortChange>(record));
  }

  async keptPlan(id: NodeId): Promise<KeptPlan | undefined> {
    return (await this.keptPlans(id, 1))[0];
  }

  async keptPlans(id: NodeId, limit: number): Promise<readonly KeptPlan[]> {
    const rows = this.query.selectFrom('switch_plan').selectAll().where('node_id', '=', id).orderBy('revision', 'desc');
    return (await rows.limit(Math.min(limit, PLANS_KEPT)).execute()).map(planOf);
  }
}

export class SqlSwitchWriter extends SqlSwitchReader implements SwitchWriter {
  async putChange(change: PortChange): Promise<void> {
    const values = { is_open: isOver(change) ? 0 : 1, record: JSON.stringify(change) };
    const insert = this.query.insertInto('port_change').values({ id: change.id, ...values });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(values)).execute();
    // UUIDv7: the order of ids is the order of time.
    const kept = this.query.selectFrom('port_change').select('id').where('is_open', '=', 0).orderBy('id', 'desc');
    const oldest = await kept.offset(ENDED_KEPT).limit(1).executeTakeFirst();
    if (oldest === undefined) return;
    await this.query.deleteFrom('port_change').where('is_open', '=', 0).where('id', '<=', oldest.id).execute();
  }

  async addKeptPlan(plan: KeptPlan): Promise<void> {
    await this.query.insertInto('switch_plan').values(planRow(plan)).execute();
    const old = this.query.deleteFrom('switch_plan').where('node_id', '=', plan.nodeId);
    await old.where('revision', '<=', plan.revision - PLANS_KEPT).execute();
  }
}

function planOf(row: SwitchPlanRow): KeptPlan {
  const { node_id, change_id, at_ms, ...rest } = row;
  return { ...rest, nodeId: written<NodeId>(node_id), changeId: change_id, atMs: at_ms };
}

function planRow({ nodeId, changeId, atMs, ...rest }: KeptPlan): SwitchPlanRow {
  return { ...rest, node_id: nodeId, change_id: changeId, at_ms: atMs };
}
