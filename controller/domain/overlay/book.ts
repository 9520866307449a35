/** Who has which prefix of the overlay: a /56 for each site, a /64 of it for each node. Pure. */

import type { NodeId, SiteId } from '../../../proto/contract/ids.js';
import {
  type ClientMode,
  nodePrefix,
  type OverlayClient,
  sitePrefix,
} from '../../../proto/contract/overlay/network.js';
import { type Prefix6, renderPrefix6 } from '../../../proto/contract/overlay/prefix.js';
import { type Allocation, lease, release } from '../topology/allocate.js';
import { type Pool, routedPool, sitePool } from '../topology/pool.js';

/** A node that is to have an address. */
export interface OverlayNode {
  readonly id: NodeId;
  readonly site: SiteId;
}

/** A node with a tunnel of its own, as it is kept. */
export interface TunnelRecord {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  readonly mode: ClientMode;
  /** DER SubjectPublicKeyInfo of the tunnel's key, which never leaves the node. */
  readonly spkiDer: Uint8Array;
  /** Lower-case hex, of its newest certificate. */
  readonly certificateSerial: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A certificate of a tunnel; a node has several while one takes over from another. */
export interface TunnelCertificate {
  readonly certificateSerial: string;
  readonly nodeId: NodeId;
  readonly expiresAtMs: number;
  /** `undefined` = it opens its tunnel. */
  readonly revokedAtMs: number | undefined;
}

const SITES = 'overlay sites';

export type Allotment =
  | { readonly kind: 'allotted'; readonly fresh: readonly Allocation[] }
  | { readonly kind: 'exhausted'; readonly pool: string; readonly usableCount: number };

/**
 * Prefixes for all of these nodes and their sites, or for none. Who has one keeps it. Sites without nodes get none: there
 * may be more names of sites than prefixes.
 */
export function allot(
  overlay: Prefix6,
  book: readonly Allocation[],
  nodes: readonly OverlayNode[],
  nowMs: number,
): Allotment {
  const byPool = groupBy(book, ({ pool }) => pool);
  const bySite = groupBy(nodes, ({ site }) => site);
  const siteWants = [...bySite.keys()].map((site) => ({ pool: SITES, owner: siteOwner(site) }));
  const sites = lease([sitePool(SITES, renderPrefix6(overlay))], byPool.get(SITES) ?? [], siteWants, nowMs);
  if (sites.kind === 'exhausted') return sites;
  const fresh = [...sites.allocations];
  const indexes = siteIndexes([...(byPool.get(SITES) ?? []), ...fresh]);
  for (const [site, those] of bySite) {
    const pool = poolOf(overlay, site, indexes.get(site) ?? 0);
    const wants = those.map(({ id }) => ({ pool: pool.name, owner: nodeOwner(id) }));
    const leased = lease([pool], byPool.get(pool.name) ?? [], wants, nowMs);
    if (leased.kind === 'exhausted') return leased;
    fresh.push(...leased.allocations);
  }
  return { kind: 'allotted', fresh };
}

/** The book without what the node had. Its site keeps its own: other nodes' addresses are below it. */
export function giveBack(book: readonly Allocation[], node: NodeId, nowMs: number): readonly Allocation[] {
  return release(book, nodeOwner(node), nowMs);
}

/** Prefixes by who has them now. */
export interface Places {
  readonly sites: ReadonlyMap<SiteId, Prefix6>;
  readonly nodes: ReadonlyMap<NodeId, Prefix6>;
}

export function placesOf(overlay: Prefix6, book: readonly Allocation[]): Places {
  const indexes = siteIndexes(book);
  const sites = new Map(Array.from(indexes, ([site, index]) => [site, sitePrefix(overlay, index)] as const));
  const nodes = new Map<NodeId, Prefix6>();
  for (const { pool, index, owner, freedAtMs } of book) {
    if (pool === SITES || freedAtMs !== undefined) continue;
    const site = sites.get(pool.slice(SITE_POOL.length) as SiteId); // only poolOf() makes these names
    if (site !== undefined) nodes.set(owner.slice(NODE_OWNER.length) as NodeId, nodePrefix(site, index)); // as above
  }
  return { sites, nodes };
}

/** What a gateway has to know of a client; `undefined` while it has no prefix. */
export function clientOf(
  { nodeId, site, mode }: Omit<TunnelRecord, 'spkiDer'>,
  places: Places,
): OverlayClient | undefined {
  const prefix = mode === 'gateway' ? places.sites.get(site) : places.nodes.get(nodeId);
  return prefix === undefined ? undefined : { nodeId, mode, prefix };
}

const SITE_POOL = 'overlay site ';
const SITE_OWNER = 'site ';
const NODE_OWNER = 'node ';

function siteOwner(site: SiteId): string {
  return SITE_OWNER + site;
}

function nodeOwner(node: NodeId): string {
  return NODE_OWNER + node;
}

/** Number 0 is the site gateway's. */
function poolOf(overlay: Prefix6, site: SiteId, index: number): Pool {
  return routedPool(SITE_POOL + site, renderPrefix6(sitePrefix(overlay, index)));
}

function siteIndexes(book: readonly Allocation[]): ReadonlyMap<SiteId, number> {
  const held = book.filter(({ pool, freedAtMs }) => pool === SITES && freedAtMs === undefined);
  return new Map(held.map(({ owner, index }) => [owner.slice(SITE_OWNER.length) as SiteId, index])); // siteOwner() made it
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
