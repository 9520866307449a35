/** Addresses and prefixes of IPv6 as numbers. Pure arithmetic; text as in RFC 4291 in, as in RFC 5952 out. */

import { BrambleError } from '../errors.js';

export interface Prefix6 {
  /** First address. */
  readonly base: bigint;
  /** Length, 0 to 128. */
  readonly bits: number;
}

const ALL_BITS = 128;

/** @throws BrambleError `invalid-argument` when it is no prefix, or has something set beyond its length */
export function parsePrefix6(text: string): Prefix6 {
  const [address = '', length = '', more] = text.split('/');
  const base = parseAddress6(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : ALL_BITS + 1;
  if (base === undefined || more !== undefined || bits > ALL_BITS || (base & hostMask(bits)) !== 0n) {
    throw new BrambleError('invalid-argument', `not an IPv6 prefix: ${text.slice(0, 64)}`, {
      hint: 'such as 2001:db8:42::/48, with nothing set beyond its length',
    });
  }
  return { base, bits };
}

/** `undefined` for what is not an address; zones and embedded IPv4 are none here. */
export function parseAddress6(text: string): bigint | undefined {
  const [head = '', tail, more] = text.split('::');
  const groups = (part: string | undefined): readonly string[] =>
    part === undefined || part === '' ? [] : part.split(':');
  const [left, right] = [groups(head), groups(tail)];
  const missing = 8 - left.length - right.length;
  const isFormed = more === undefined && (tail === undefined ? missing === 0 : missing > 0);
  const all = [...left, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...right];
  if (!isFormed || all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}

/** Lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
export function renderAddress6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn));
  let [best, bestLength] = [-1, 1];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) [best, bestLength] = [start, end - start];
  }
  const hex = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  if (best < 0) return hex(groups);
  return `${hex(groups.slice(0, best))}::${hex(groups.slice(best + bestLength))}`;
}

export function renderPrefix6({ base, bits }: Prefix6): string {
  return `${renderAddress6(base)}/${bits}`;
}

/** The index-th prefix of a length within another one. */
export function subPrefix(within: Prefix6, bits: number, index: number): Prefix6 {
  return { base: within.base + (BigInt(index) << BigInt(ALL_BITS - bits)), bits };
}

/** The offset-th address of a prefix. */
export function addressIn(prefix: Prefix6, offset: number): string {
  return renderAddress6(prefix.base + BigInt(offset));
}

export function contains({ base, bits }: Prefix6, address: bigint): boolean {
  return (address & ~hostMask(bits)) === base;
}

function hostMask(bits: number): bigint {
  return (1n << BigInt(Math.max(0, ALL_BITS - bits))) - 1n;
}
