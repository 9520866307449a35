/**
 * Two tables of nftables that count and do nothing else: no rule has a verdict, every chain accepts. They are looked at and made
 * by name, so that no other table is read or touched. Pure. Sources: nft(8), libnftables-json(5).
 */

import type { TrafficCount } from '../host/traffic.js';

/** Who asks the NFS server (family ip), and what switches say (family netdev). */
export const NFS_TABLE = { family: 'ip', name: 'bramble_nfs', sets: ['asked', 'answered'] } as const;
export const LINK_TABLE = { family: 'netdev', name: 'bramble_link', sets: ['bpdus', 'neighbours'] } as const;
export type CountingTable = typeof NFS_TABLE | typeof LINK_TABLE;

/** What was not seen for so long is forgotten by the kernel; how much of it is left tells when something was seen last. */
const KEPT_S = 7 * 86_400;
/** Addresses at most: who makes up more is not counted. */
const CLIENTS_MAX = 1_024;

const set = (name: string, type: string, size: number): string =>
  `  set ${name} { type ${type}; size ${size}; flags dynamic,timeout; timeout ${KEPT_S}s; counter; }`;

/**
 * An acknowledgement without data is at most 80 bytes long (IPv4, TCP with all its options); the smallest call of NFS is longer. Behind
 * the filters of others (priority 10): what they drop has asked nobody.
 */
function renderNfsTable(): string {
  const counting = (words: string): string => `tcp ${words} 2049 meta length > 80`;
  return [
    `table ${NFS_TABLE.family} ${NFS_TABLE.name} {`,
    set('asked', 'ipv4_addr', CLIENTS_MAX),
    set('answered', 'ipv4_addr', CLIENTS_MAX),
    '  chain requests {',
    '    type filter hook input priority 10; policy accept;',
    `    ${counting('dport')} update @asked { ip saddr counter }`,
    '  }',
    '  chain answers {',
    '    type filter hook output priority 10; policy accept;',
    `    ${counting('sport')} update @answered { ip daddr counter }`,
    '  }',
    '}\n',
  ].join('\n');
}

/** Of these interfaces; `stale` names the chains of interfaces before. What was counted stays. */
function renderLinkTable(interfaces: readonly string[], stale: readonly string[]): string {
  const table = `${LINK_TABLE.family} ${LINK_TABLE.name}`;
  return [
    ...stale.map((chain) => `delete chain ${table} ${chain}`),
    `table ${table} {`,
    set('bpdus', 'ifname', 2 * CLIENTS_MAX),
    set('neighbours', 'ifname . ether_addr', CLIENTS_MAX),
    ...interfaces.flatMap((name, at) => [
      `  chain on_${at} {`,
      `    type filter hook ingress device "${name}" priority 10; policy accept;`,
      // IEEE 802.1D, and what Cisco sends for each VLAN (PVST+).
      '    ether daddr { 01:80:c2:00:00:00, 01:00:0c:cc:cc:cd } update @bpdus { iifname counter }',
      '    ether type 0x88cc update @neighbours { iifname . ether saddr counter }',
      '  }',
    ]),
    '}\n',
  ].join('\n');
}

/** What to have nft do so that requests are counted; `undefined` = they are. Half a table is made anew. */
export function planNfsTable(before: SeenTable | undefined): string | undefined {
  if (before === undefined) return renderNfsTable();
  const isWhole = hasSets(before, NFS_TABLE) && before.chains.has('requests') && before.chains.has('answers');
  return isWhole ? undefined : `delete table ${NFS_TABLE.family} ${NFS_TABLE.name}\n${renderNfsTable()}`;
}

/** The same for frames of these interfaces. */
export function planLinkTable(before: SeenTable | undefined, interfaces: readonly string[]): string | undefined {
  if (before === undefined) return renderLinkTable(interfaces, []);
  if (!hasSets(before, LINK_TABLE)) {
    return `delete table ${LINK_TABLE.family} ${LINK_TABLE.name}\n${renderLinkTable(interfaces, [])}`;
  }
  const isSame = [...before.chains.values()].toSorted().join() === interfaces.toSorted().join();
  return isSame ? undefined : renderLinkTable(interfaces, [...before.chains.keys()]);
}

const hasSets = ({ sets }: SeenTable, table: CountingTable): boolean => table.sets.every((name) => sets.has(name));

/** What one element of a set counted. */
export interface CountedElement {
  /** One word, or those of a pair. */
  readonly key: readonly string[];
  readonly count: TrafficCount;
}

/** A table as the kernel has it. */
export interface SeenTable {
  readonly sets: ReadonlyMap<string, readonly CountedElement[]>;
  /** Interface of each chain; empty where it has none, or has none any more. */
  readonly chains: ReadonlyMap<string, string>;
}

/** `undefined` for what is no answer of nft. */
export function parseTable(json: string): SeenTable | undefined {
  const sets = new Map<string, readonly CountedElement[]>();
  const chains = new Map<string, string>();
  for (const item of itemsOf(json) ?? []) {
    const { set: aSet, chain } = item;
    if (isObject(aSet) && typeof aSet['name'] === 'string') {
      const elements = Array.isArray(aSet['elem']) ? aSet['elem'] : [];
      sets.set(
        aSet['name'],
        elements.flatMap((each) => elementOf(each) ?? []),
      );
    }
    if (isObject(chain) && typeof chain['name'] === 'string') chains.set(chain['name'], deviceOf(chain['dev']));
  }
  return sets.size === 0 && chains.size === 0 ? undefined : { sets, chains };
}

function itemsOf(json: string): readonly Readonly<Record<string, unknown>>[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const list = isObject(value) ? value['nftables'] : undefined;
    return Array.isArray(list) ? list.filter(isObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Newer versions list the devices of a chain. */
function deviceOf(device: unknown): string {
  const first: unknown = Array.isArray(device) ? device[0] : device;
  return typeof first === 'string' ? first : '';
}

function elementOf(item: unknown): CountedElement | undefined {
  const elem = isObject(item) ? item['elem'] : undefined;
  if (!isObject(elem) || !isObject(elem['counter'])) return undefined;
  const { packets, bytes } = elem['counter'];
  const { expires, val } = elem;
  const words: unknown = isObject(val) ? val['concat'] : [val];
  if (!Array.isArray(words) || typeof packets !== 'number' || typeof bytes !== 'number') return undefined;
  const idleS = typeof expires === 'number' ? Math.max(0, KEPT_S - expires) : 0;
  return { key: words.map(String), count: { packets, bytes, idleS } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
