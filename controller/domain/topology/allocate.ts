/** Hands out of pools, all or none, and takes back; what was given back rests before anybody else gets it. */

import { type Pool, renderAllocation, usableCount } from './pool.js';

export interface Allocation {
  readonly pool: string;
  readonly index: number;
  /** "port sw-1/12" or "node pi-07": who has it. */
  readonly owner: string;
  readonly takenAtMs: number;
  /** `undefined` = in use. */
  readonly freedAtMs: number | undefined;
}

/** What somebody wants: one of a pool. */
export interface Want {
  readonly pool: string;
  readonly owner: string;
}

export type Leased =
  | { readonly kind: 'leased'; readonly allocations: readonly Allocation[] }
  /** Nothing was taken. */
  | { readonly kind: 'exhausted'; readonly pool: string; readonly usedCount: number; readonly usableCount: number };

/** An address that was somebody's may still be in caches, leases and heads for this long. */
export const QUARANTINE_MS = 24 * 3_600_000;

function isResting(allocation: Allocation, nowMs: number): boolean {
  return allocation.freedAtMs !== undefined && nowMs < allocation.freedAtMs + QUARANTINE_MS;
}

function isHeld(allocation: Allocation, nowMs: number): boolean {
  return allocation.freedAtMs === undefined || isResting(allocation, nowMs);
}

/**
 * The lowest free index of each pool, for all wants together or for none. An owner who has one of a pool keeps it: asking
 * twice gives the same answer and takes nothing. Returns only what is new.
 */
export function lease(
  pools: readonly Pool[],
  book: readonly Allocation[],
  wants: readonly Want[],
  nowMs: number,
): Leased {
  const fresh: Allocation[] = [];
  const shelves = shelvesOf(pools, book, nowMs);
  for (const { pool: name, owner } of wants) {
    const shelf = shelves.get(name);
    if (shelf?.owners.has(owner)) continue;
    const index = shelf === undefined ? undefined : lowestFree(shelf);
    if (shelf === undefined || index === undefined) {
      return {
        kind: 'exhausted',
        pool: name,
        usedCount: shelf?.held.size ?? 0,
        usableCount: shelf === undefined ? 0 : usableCount(shelf.pool),
      };
    }
    shelf.held.add(index);
    shelf.owners.add(owner);
    fresh.push({ pool: name, index, owner, takenAtMs: nowMs, freedAtMs: undefined });
  }
  return { kind: 'leased', allocations: fresh };
}

interface Shelf {
  readonly pool: Pool;
  readonly held: Set<number>;
  /** Who has one of it now. */
  readonly owners: Set<string>;
  /** Nothing below is free. */
  nextIndex: number;
}

function shelvesOf(pools: readonly Pool[], book: readonly Allocation[], nowMs: number): ReadonlyMap<string, Shelf> {
  const shelves = new Map<string, Shelf>(
    pools.map((pool) => [pool.name, { pool, held: new Set(), owners: new Set(), nextIndex: 0 }]),
  );
  for (const one of book) {
    const shelf = shelves.get(one.pool);
    if (shelf === undefined || !isHeld(one, nowMs)) continue;
    shelf.held.add(one.index);
    if (one.freedAtMs === undefined) shelf.owners.add(one.owner);
  }
  return shelves;
}

function lowestFree(shelf: Shelf): number | undefined {
  const { pool, held } = shelf;
  for (let index = shelf.nextIndex; index < pool.count; index++) {
    if (held.has(index) || pool.reserved.has(index)) continue;
    shelf.nextIndex = index;
    return index;
  }
  return undefined;
}

/** The book without what the owner had: it rests from now on. */
export function release(book: readonly Allocation[], owner: string, nowMs: number): readonly Allocation[] {
  return book.map((one) => (one.owner === owner && one.freedAtMs === undefined ? { ...one, freedAtMs: nowMs } : one));
}

/** Where a port's VLAN and storage block come from. */
export function portWants(plug: string, vlanPoolName: string, storagePoolName: string): readonly Want[] {
  const owner = `port ${plug}`;
  return [
    { pool: vlanPoolName, owner },
    { pool: storagePoolName, owner },
  ];
}

/** Where a node's public address and routed prefix come from; its export follows from its port's storage block. */
export function nodeWants(node: string, publicPoolName: string, routedPoolName: string): readonly Want[] {
  const owner = `node ${node}`;
  return [
    { pool: publicPoolName, owner },
    { pool: routedPoolName, owner },
  ];
}

/** "/export/10.46.189.2": a root is exported under the one address that may mount it. */
export function exportPath(piAddress: string): string {
  return `/export/${piAddress}`;
}

const DAY_MS = 86_400_000;
const FORECAST_WINDOW_MS = 30 * DAY_MS;
const NEARLY_FULL_RATIO = 0.8;

export interface PoolForecast {
  readonly pool: string;
  readonly usedCount: number;
  readonly usableCount: number;
  /** Net growth of the last 30 days. */
  readonly growthPerDay: number;
  /** `undefined` = not at this rate. */
  readonly exhaustedInDays: number | undefined;
  readonly isNearlyFull: boolean;
}

/** How full a pool is, and when it will be if the last 30 days go on. */
export function forecast(pool: Pool, book: readonly Allocation[], nowMs: number): PoolForecast {
  const mine = book.filter((one) => one.pool === pool.name);
  const usedCount = mine.filter((one) => isHeld(one, nowMs)).length;
  const isRecent = (atMs: number | undefined): boolean => atMs !== undefined && atMs > nowMs - FORECAST_WINDOW_MS;
  const taken = mine.filter(({ takenAtMs }) => isRecent(takenAtMs)).length;
  const freed = mine.filter(({ freedAtMs }) => isRecent(freedAtMs)).length;
  const growthPerDay = (taken - freed) / (FORECAST_WINDOW_MS / DAY_MS);
  const usable = usableCount(pool);
  return {
    pool: pool.name,
    usedCount,
    usableCount: usable,
    growthPerDay,
    exhaustedInDays: growthPerDay > 0 ? (usable - usedCount) / growthPerDay : undefined,
    isNearlyFull: usedCount >= NEARLY_FULL_RATIO * usable,
  };
}

/**
 * What the book holds that it should not: kept for somebody who is gone, handed out twice, reserved, or outside of its pool.
 * @param owners everybody who may hold something
 */
export function leakScan(
  pools: readonly Pool[],
  book: readonly Allocation[],
  owners: ReadonlySet<string>,
): readonly string[] {
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const holders = new Map<string, string>();
  const leaks: string[] = [];
  for (const { pool: name, index, owner, freedAtMs } of book) {
    if (freedAtMs !== undefined) continue;
    const pool = byName.get(name);
    if (pool === undefined) {
      leaks.push(`${owner} holds ${index} of ${name}, a pool that is not there`);
      continue;
    }
    const what = `${name} ${renderAllocation(pool, index)}`;
    if (!owners.has(owner)) leaks.push(`${what} is kept for ${owner}, which is gone`);
    if (index < 0 || index >= pool.count || pool.reserved.has(index)) leaks.push(`${what} is not for ${owner} to have`);
    const other = holders.get(`${name} ${index}`);
    if (other !== undefined) leaks.push(`${what} belongs to ${other} and to ${owner}`);
    holders.set(`${name} ${index}`, owner);
  }
  return leaks;
}
