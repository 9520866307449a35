/** Rows of healing, to records and back; see the head of rows.ts for why they come back as their types. */

import type { Hold } from '../domain/healing/desired.js';
import type { Allocation } from '../domain/topology/allocate.js';
import type { Topology } from '../domain/topology/records.js';
import type { ActionRecord } from '../usecases/healing/ports.js';
import { parsed, written } from './rows.js';
import type { AllocationRow, HealingActionRow, HoldRow } from './schema.js';

export interface TopologyItemRow {
  readonly kind: string;
  readonly name: string;
  readonly place: number;
  readonly record: string;
}

/** One row for each thing of a topology, in the order in which it was written down. */
export function topologyRows(topology: Topology): readonly TopologyItemRow[] {
  const rowsOf = <One>(kind: keyof Topology, list: readonly One[], nameOf: (one: One) => string): TopologyItemRow[] =>
    list.map((one, place) => ({ kind, name: nameOf(one), place, record: JSON.stringify(one) }));
  const byName = ({ name }: { readonly name: string }): string => name;
  return [
    ...rowsOf('sites', topology.sites, byName),
    ...rowsOf('racks', topology.racks, byName),
    ...rowsOf('shelves', topology.shelves, byName),
    ...rowsOf('psus', topology.psus, byName),
    ...rowsOf('switches', topology.switches, byName),
    ...rowsOf('fileservers', topology.fileservers, byName),
    ...rowsOf('nodes', topology.nodes, byName),
    ...rowsOf('spares', topology.spares, ({ board }) => board.serial),
    ...rowsOf('pools', topology.pools, (pool) => JSON.stringify(pool)),
  ];
}

/** @param rows of one topology, by place */
export function topologyOf(rows: readonly TopologyItemRow[]): Topology {
  const all = (kind: keyof Topology): never[] =>
    rows.flatMap((row) => (row.kind === kind ? [parsed<never>(row.record)] : [])); // of the type that was written
  return {
    sites: all('sites'),
    racks: all('racks'),
    shelves: all('shelves'),
    psus: all('psus'),
    switches: all('switches'),
    fileservers: all('fileservers'),
    nodes: all('nodes'),
    spares: all('spares'),
    pools: all('pools'),
  };
}

export function allocationOf(row: AllocationRow): Allocation {
  return {
    pool: row.pool,
    index: row.number,
    owner: row.owner,
    takenAtMs: row.taken_at_ms,
    freedAtMs: row.freed_at_ms ?? undefined,
  };
}

export function allocationRow({ pool, index, owner, takenAtMs, freedAtMs }: Allocation): AllocationRow {
  return { pool, number: index, owner, taken_at_ms: takenAtMs, freed_at_ms: freedAtMs ?? null };
}

export function holdOf({ id, kind, scope, owner, reason, since_ms, until_ms }: HoldRow): Hold {
  return { id, kind: written<Hold['kind']>(kind), scope, owner, reason, sinceMs: since_ms, untilMs: until_ms };
}

export function holdRow({ id, kind, scope, owner, reason, sinceMs, untilMs }: Hold): HoldRow {
  return { id, kind, scope, owner, reason, since_ms: sinceMs, until_ms: untilMs };
}

export function actionOf(row: HealingActionRow): ActionRecord {
  return {
    id: row.id,
    name: row.name,
    rung: written<ActionRecord['rung']>(row.rung),
    row: row.evidence_row,
    isCycle: row.is_cycle === 1,
    spare: row.spare ?? undefined,
    plannedAtMs: row.planned_at_ms,
    state: written<ActionRecord['state']>(row.state),
    atMs: row.at_ms,
    changed: row.changed === 1,
    commandId: row.command_id,
    detail: row.detail,
  };
}

export function actionRow(action: ActionRecord): HealingActionRow {
  return {
    id: action.id,
    name: action.name,
    rung: action.rung,
    evidence_row: action.row,
    is_cycle: action.isCycle ? 1 : 0,
    spare: action.spare ?? null,
    planned_at_ms: action.plannedAtMs,
    state: action.state,
    at_ms: action.atMs,
    changed: action.changed ? 1 : 0,
    command_id: action.commandId,
    detail: action.detail,
  };
}
