/** Who in a topology has a right to which numbers, and what changes when the topology does. */

import { BrambleError } from '../../../proto/contract/errors.js';
import {
  type Allocation,
  exportPath,
  forecast,
  leakScan,
  lease,
  nodeWants,
  type PoolForecast,
  portWants,
  type Want,
} from './allocate.js';
import { plugName } from './check.js';
import {
  type Pool,
  publicPool,
  renderAllocation,
  routedPool,
  type StorageBlock,
  storageBlock,
  storagePool,
  vlanPool,
} from './pool.js';
import type { NodeRecord, PoolRecord, SwitchRecord, Topology } from './records.js';

function poolName(record: PoolRecord): string {
  switch (record.kind) {
    case 'vlan':
      return `vlan ${record.domain}`;
    case 'storage':
      return `storage ${record.fileserver}`;
    case 'public6':
      return `public ${record.site}`;
    case 'routed6':
      return `routed ${record.site}`;
  }
}

function poolOf(record: PoolRecord): Pool {
  const name = poolName(record);
  switch (record.kind) {
    case 'vlan':
      return vlanPool(name, record.first, record.last, record.reserved);
    case 'storage':
      return storagePool(name, record.prefix);
    case 'public6':
      return publicPool(name, record.prefix, record.count);
    case 'routed6':
      return routedPool(name, record.prefix);
  }
}

/** @throws BrambleError `invalid-argument` for a range that is none, and for two pools of one name */
export function poolsOf({ pools }: Topology): readonly Pool[] {
  const made = pools.map(poolOf);
  const twin = made.find(({ name }, at) => made.findIndex((other) => other.name === name) !== at);
  if (twin !== undefined) throw new BrambleError('invalid-argument', `topology: there are two pools "${twin.name}"`);
  return made;
}

/** What every port for a node and every node has, as far as there are pools for it. */
export function wantsOf(topology: Topology): readonly Want[] {
  const names = new Set(topology.pools.map(poolName));
  const known = ({ pool }: Want): boolean => names.has(pool);
  const ports = topology.switches.flatMap((one) => {
    const storage = `storage ${fileserverBehind(topology, one) ?? ''}`;
    const own = one.ports.filter(({ role }) => role === 'node');
    return own.flatMap(({ port }) =>
      portWants(plugName({ switch: one.name, port }), `vlan ${one.vlanDomain}`, storage),
    );
  });
  const nodes = topology.nodes.flatMap(({ name, site }) => nodeWants(name, `public ${site}`, `routed ${site}`));
  return [...ports, ...nodes].filter(known);
}

/** The fileserver whose Pis are plugged in there: the one that hangs off this switch, else the first of its site. */
function fileserverBehind(topology: Topology, { name, rack }: SwitchRecord): string | undefined {
  const siteOf = new Map(topology.racks.map((one) => [one.name, one.site]));
  const own = topology.fileservers.find((one) => one.switch === name);
  return (own ?? topology.fileservers.find((one) => siteOf.get(one.rack) === siteOf.get(rack)))?.name;
}

export interface AddressChange {
  /** Newly handed out. */
  readonly taken: readonly Allocation[];
  /** Whose owner is not there any more; they rest from now on. */
  readonly freed: readonly Allocation[];
}

/**
 * What must be handed out and taken back so that everybody in the topology has what is theirs; all or nothing.
 * @throws BrambleError `failed-precondition` when a pool has no more, or does not cover what is in use
 */
export function addressChange(topology: Topology, book: readonly Allocation[], nowMs: number): AddressChange {
  const wants = wantsOf(topology);
  const wanted = new Set(wants.map(({ pool, owner }) => `${pool} ${owner}`));
  const freed = book
    .filter(({ freedAtMs, pool, owner }) => freedAtMs === undefined && !wanted.has(`${pool} ${owner}`))
    .map((one) => ({ ...one, freedAtMs: nowMs }));
  const gone = new Set(freed.map(({ pool, index }) => `${pool} ${index}`));
  const kept = book.filter((one) => one.freedAtMs !== undefined || !gone.has(`${one.pool} ${one.index}`));
  const pools = poolsOf(topology);
  const [lost] = leakScan(pools, kept, new Set(wants.map(({ owner }) => owner)));
  if (lost !== undefined) {
    throw new BrambleError('failed-precondition', `a pool does not cover what is in use: ${lost}`, {
      hint: 'a pool may grow; to make one smaller or move it, first take away whoever holds its numbers',
    });
  }
  const leased = lease(pools, [...kept, ...freed], wants, nowMs);
  if (leased.kind === 'leased') return { taken: leased.allocations, freed };
  throw new BrambleError(
    'failed-precondition',
    `pool "${leased.pool}" has no more: ${leased.usedCount} of ${leased.usableCount} are in use or rest`,
    { hint: 'make the pool larger; what was given back rests for a day' },
  );
}

/** Where a node's port puts it, and what is its own; what no pool gives is absent. */
export interface NodeAddresses {
  readonly node: string;
  readonly vlan?: number;
  readonly storage?: StorageBlock;
  /** Where its root is exported from, for its address alone. */
  readonly exportPath?: string;
  readonly public6?: string;
  readonly routed6?: string;
}

export interface AddressReport {
  readonly nodes: readonly NodeAddresses[];
  readonly pools: readonly PoolForecast[];
  /** Sentences; empty = nothing is amiss. */
  readonly leaks: readonly string[];
}

export function addressReport(topology: Topology, book: readonly Allocation[], nowMs: number): AddressReport {
  const pools = poolsOf(topology);
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const held = new Map<string, Allocation[]>();
  for (const one of book) {
    if (one.freedAtMs !== undefined) continue;
    const list = held.get(one.owner);
    if (list === undefined) held.set(one.owner, [one]);
    else list.push(one);
  }
  return {
    nodes: topology.nodes.map((record) => addressesOf(record, byName, held)),
    pools: pools.map((pool) => forecast(pool, book, nowMs)),
    leaks: leakScan(pools, book, new Set(wantsOf(topology).map(({ owner }) => owner))),
  };
}

function addressesOf(
  { name, plug }: NodeRecord,
  pools: ReadonlyMap<string, Pool>,
  held: ReadonlyMap<string, readonly Allocation[]>,
): NodeAddresses {
  const own = [...(held.get(`node ${name}`) ?? [])];
  if (plug !== undefined) own.push(...(held.get(`port ${plugName(plug)}`) ?? []));
  let addresses: NodeAddresses = { node: name };
  for (const { pool: poolKey, index } of own) {
    const pool = pools.get(poolKey);
    if (pool === undefined) continue;
    const text = renderAllocation(pool, index);
    if (pool.kind === 'vlan') addresses = { ...addresses, vlan: Number(text) };
    else if (pool.kind === 'public6') addresses = { ...addresses, public6: text };
    else if (pool.kind === 'routed6') addresses = { ...addresses, routed6: text };
    else {
      const storage = storageBlock(pool, index);
      addresses = { ...addresses, storage, exportPath: exportPath(storage.pi) };
    }
  }
  return addresses;
}
