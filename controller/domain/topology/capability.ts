/** What a node offers to whoever places work on it, and where work of a certain size would fit. */

import type { FleetMap, MappedNode } from './fleet-map.js';
import type { PiModel } from './records.js';

export interface Capability {
  readonly architecture: 'armv6' | 'armv7' | 'armv8';
  readonly coresCount: number;
  readonly coreMHz: number;
  readonly memoryBytes: number;
  /** Of its network port; 0 = it has none. */
  readonly lanBitsPerS: number;
  /** How it can start over the network. */
  readonly netboot: 'none' | 'card' | 'rom' | 'eeprom';
}

const [MIB, GIB] = [2 ** 20, 2 ** 30];
const [MBIT, GBIT] = [1_000_000, 1_000_000_000];
const capability = (
  architecture: Capability['architecture'],
  coresCount: number,
  coreMHz: number,
  memoryBytes: number,
  lanBitsPerS: number,
  netboot: Capability['netboot'],
): Capability => ({ architecture, coresCount, coreMHz, memoryBytes, lanBitsPerS, netboot });

/**
 * Smallest memory that a model is sold with. The port of a 3B+ is gigabit behind USB 2, about 300 Mb/s. Source:
 * raspberrypi.com documentation, "Raspberry Pi computers" (processors, boot modes).
 */
export const CAPABILITIES: Readonly<Record<PiModel, Capability>> = {
  b: capability('armv6', 1, 700, 256 * MIB, 100 * MBIT, 'card'),
  'b+': capability('armv6', 1, 700, 512 * MIB, 100 * MBIT, 'card'),
  '2b': capability('armv7', 4, 900, GIB, 100 * MBIT, 'card'),
  '3b': capability('armv8', 4, 1200, GIB, 100 * MBIT, 'rom'),
  '3b+': capability('armv8', 4, 1400, GIB, 300 * MBIT, 'rom'),
  '4b': capability('armv8', 4, 1500, GIB, GBIT, 'eeprom'),
  '5': capability('armv8', 4, 2400, 2 * GIB, GBIT, 'eeprom'),
  'zero-w': capability('armv6', 1, 1000, 512 * MIB, 0, 'none'),
  'zero-2w': capability('armv8', 4, 1000, 512 * MIB, 0, 'none'),
  other: capability('armv6', 1, 0, 0, 0, 'none'),
};

/** A node's capability, and its share of its site's uplink when all there want it at once. */
export interface Offer extends Capability {
  readonly node: string;
  readonly site: string;
  readonly shelf: string;
  readonly uplinkShareBitsPerS: number;
}

export function offerOf(map: FleetMap, node: MappedNode): Offer {
  const site = map.topology.sites.find(({ name }) => name === node.record.site);
  const neighbours = map.elements[node.site]?.members.length ?? 1;
  return {
    ...CAPABILITIES[node.record.board.model],
    node: node.record.name,
    site: node.record.site,
    shelf: node.record.shelf,
    uplinkShareBitsPerS: Math.floor((site?.uplinkUpBitsPerS ?? 0) / Math.max(1, neighbours)),
  };
}

/** Least that each chosen node must offer; what is left out does not matter. */
export interface PlacementQuery {
  readonly count: number;
  readonly architectures?: readonly Capability['architecture'][];
  readonly coresMin?: number;
  readonly computeMHzMin?: number;
  readonly memoryBytesMin?: number;
  readonly lanBitsPerSMin?: number;
  readonly uplinkShareBitsPerSMin?: number;
  /** Chosen nodes lie apart as far as possible, so that one fault takes few of them. */
  readonly spreadBy?: 'site' | 'shelf';
}

export interface Placement {
  readonly nodes: readonly string[];
  /** Why the others were left out: reason -> how many. */
  readonly rejected: Readonly<Record<string, number>>;
}

const TESTS: readonly (readonly [reason: string, (offer: Offer, query: PlacementQuery) => boolean])[] = [
  ['architecture', (offer, { architectures }) => architectures?.includes(offer.architecture) ?? true],
  ['cores', (offer, { coresMin = 0 }) => offer.coresCount >= coresMin],
  ['compute', (offer, { computeMHzMin = 0 }) => offer.coresCount * offer.coreMHz >= computeMHzMin],
  ['memory', (offer, { memoryBytesMin = 0 }) => offer.memoryBytes >= memoryBytesMin],
  ['network', (offer, { lanBitsPerSMin = 0 }) => offer.lanBitsPerS >= lanBitsPerSMin],
  ['uplink', (offer, { uplinkShareBitsPerSMin = 0 }) => offer.uplinkShareBitsPerS >= uplinkShareBitsPerSMin],
];

/** The smallest nodes that suffice, spread as asked. Placing the work itself is the caller's. */
export function place(offers: readonly Offer[], query: PlacementQuery): Placement {
  const rejected: Record<string, number> = {};
  const fit = offers.filter((offer) => {
    const failed = TESTS.find(([, passes]) => !passes(offer, query));
    if (failed !== undefined) rejected[failed[0]] = (rejected[failed[0]] ?? 0) + 1;
    return failed === undefined;
  });
  const size = (offer: Offer): number => offer.coresCount * offer.coreMHz;
  const sorted = [...fit].sort((a, b) => size(a) - size(b) || (a.node < b.node ? -1 : 1));
  const taken = new Map<string, number>();
  const chosen: string[] = [];
  const group = (offer: Offer): string => (query.spreadBy === undefined ? '' : offer[query.spreadBy]);
  while (chosen.length < query.count && sorted.length > 0) {
    const fewest = Math.min(...sorted.map((offer) => taken.get(group(offer)) ?? 0));
    const at = sorted.findIndex((offer) => (taken.get(group(offer)) ?? 0) === fewest);
    for (const offer of sorted.splice(at, 1)) {
      chosen.push(offer.node);
      taken.set(group(offer), fewest + 1);
    }
  }
  return { nodes: chosen, rejected };
}
