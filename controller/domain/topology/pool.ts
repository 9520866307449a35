/** Address pools: VLAN ids, storage blocks of four addresses, public IPv6 addresses, routed /64 prefixes. Pure arithmetic. */

import { BrambleError } from '../../../proto/contract/errors.js';
import { parsePrefix6, renderAddress6 } from '../../../proto/contract/overlay/prefix.js';

/** A numbered row of equal things, of which some are reserved. */
export interface Pool {
  /** "vlan sw-domain-1", "storage fs-1": unique. */
  readonly name: string;
  readonly kind: 'vlan' | 'storage' | 'public6' | 'routed6' | 'site6';
  /** vlan: the first id. storage: the first IPv4 address as a number. public6, routed6, site6: the prefix as a number. */
  readonly base: bigint;
  readonly count: number;
  /** Indexes that are never handed out: transit and management VLANs, the gateway's address. */
  readonly reserved: ReadonlySet<number>;
}

const VLAN_MAX = 4094;
const V4_BITS = 32n;

/** VLAN ids first..last but for the reserved ones. Ids are unique within one layer 2 domain, never globally. */
export function vlanPool(name: string, first: number, last: number, reservedIds: readonly number[]): Pool {
  if (first < 1 || last > VLAN_MAX || first > last) {
    throw new BrambleError('invalid-argument', `${name}: VLAN ids ${first}..${last} are not within 1..${VLAN_MAX}`);
  }
  const reserved = new Set(reservedIds.map((id) => id - first));
  return { name, kind: 'vlan', base: BigInt(first), count: last - first + 1, reserved };
}

/** A /30 per port: network, fileserver, Pi, broadcast. @param prefix "10.46.188.0/23" */
export function storagePool(name: string, prefix: string): Pool {
  const { base, bits } = parsePrefix4(prefix);
  if (bits > 30) throw new BrambleError('invalid-argument', `${name}: ${prefix} has no room for a /30`);
  return { name, kind: 'storage', base, count: 2 ** (30 - bits), reserved: new Set() };
}

/** Host addresses in the /64 that a site's nodes share; 0 is the subnet-router anycast address, 1 the gateway. */
export function publicPool(name: string, prefix: string, count: number): Pool {
  return { name, kind: 'public6', base: basePrefix6(prefix, 64), count, reserved: new Set([0, 1]) };
}

/** A /64 per node out of a site's prefix; the first is the site's own. @param prefix "2001:db8:0:100::/56" */
export function routedPool(name: string, prefix: string): Pool {
  const bits = Number(prefix.split('/')[1]);
  if (!(bits >= 32 && bits < 64)) throw new BrambleError('invalid-argument', `${name}: ${prefix} holds no /64`);
  const count = Math.min(2 ** (64 - bits), 65_536);
  return { name, kind: 'routed6', base: basePrefix6(prefix, bits), count, reserved: new Set([0]) };
}

/** A /56 per site out of an overlay's /48; the first is the overlay's own. */
export function sitePool(name: string, prefix: string): Pool {
  return { name, kind: 'site6', base: basePrefix6(prefix, 48), count: 256, reserved: new Set([0]) };
}

/** How many may be handed out at all. */
export function usableCount({ count, reserved }: Pool): number {
  return count - [...reserved].filter((index) => index >= 0 && index < count).length;
}

export interface StorageBlock {
  readonly network: string;
  readonly fileserver: string;
  readonly pi: string;
  readonly broadcast: string;
  /** 255.255.255.252 */
  readonly mask: string;
}

/** The block of four that a port's Pi has to itself: index k is base + 4k. */
export function storageBlock({ base }: Pool, index: number): StorageBlock {
  const at = (offset: number): string => renderV4(base + 4n * BigInt(index) + BigInt(offset));
  return { network: at(0), fileserver: at(1), pi: at(2), broadcast: at(3), mask: '255.255.255.252' };
}

/** What an index of a pool is called: "138", "10.46.189.0/30", "2001:db8::2/64", "2001:db8:0:102::/64". */
export function renderAllocation(pool: Pool, index: number): string {
  switch (pool.kind) {
    case 'vlan':
      return String(pool.base + BigInt(index));
    case 'storage':
      return `${storageBlock(pool, index).network}/30`;
    case 'public6':
      return `${renderAddress6(pool.base + BigInt(index))}/64`;
    case 'routed6':
      return `${renderAddress6(pool.base + (BigInt(index) << 64n))}/64`;
    case 'site6':
      return `${renderAddress6(pool.base + (BigInt(index) << 72n))}/56`;
  }
}

function parsePrefix4(prefix: string): { readonly base: bigint; readonly bits: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(prefix);
  const parts = (match?.slice(1, 5) ?? []).map(Number);
  const bits = Number(match?.[5]);
  if (match === null || parts.some((part) => part > 255) || bits > 32) throw notPrefix(prefix);
  const base = parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const host = (1n << (V4_BITS - BigInt(bits))) - 1n;
  if ((base & host) !== 0n) throw notPrefix(prefix);
  return { base, bits };
}

function basePrefix6(prefix: string, wantedBits: number): bigint {
  const { base, bits } = parsePrefix6(prefix);
  if (bits !== wantedBits) throw notPrefix(prefix);
  return base;
}

function notPrefix(text: string): BrambleError {
  return new BrambleError('invalid-argument', `not a prefix: ${text}`, {
    hint: 'such as 10.46.188.0/23 or 2001:db8:0:100::/56, with nothing set beyond its length',
  });
}

function renderV4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');
}
