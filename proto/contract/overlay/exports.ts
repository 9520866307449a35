import { inBrackets } from './network.js';
import { parseAddress6 } from './prefix.js';

/** What other programs want to know of the overlay's nodes, in their own files. Names are those of the fleet. */

export interface ExportedNode {
  readonly name: string;
  readonly site: string;
  /** IPv6. */
  readonly address: string;
  /** As in ssh_host_*_key.pub: "ssh-ed25519 AAAA..."; without a comment. */
  readonly hostKeys: readonly string[];
}

export const EXPORT_FORMATS = ['hosts', 'zone', 'reverse-zone', 'known-hosts', 'munin', 'munin-allow'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  /** Below which names are: "fleet.example.org". Empty = names stand alone. */
  readonly domain: string;
  /** Who may ask nodes for figures, for munin-allow. */
  readonly masters: readonly string[];
  /** Of the zone; it must grow from one to the next. */
  readonly serial: number;
  readonly nameServer: string;
}

const HEAD = 'Written by bramble overlay export.';

export function renderExport(format: ExportFormat, nodes: readonly ExportedNode[], options: ExportOptions): string {
  const sorted = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  switch (format) {
    case 'hosts':
      return lines(`# ${HEAD}`, ...sorted.map((node) => `${node.address} ${namesOf(node, options).join(' ')}`));
    case 'zone':
      return lines(...zoneHead(options), ...sorted.map(({ name, address }) => `${name} IN AAAA ${address}`));
    case 'reverse-zone':
      return lines(
        ...zoneHead(options),
        ...sorted.map((node) => `${reverseName(node.address)} IN PTR ${namesOf(node, options)[0] ?? node.name}.`),
      );
    case 'known-hosts':
      return lines(`# ${HEAD}`, ...sorted.flatMap((node) => knownHosts(node, options)));
    case 'munin':
      return lines(`# ${HEAD}`, ...sorted.flatMap(muninNode));
    case 'munin-allow':
      // munin-node matches the text of the address, which it writes without brackets. Source: munin-node.conf(5).
      return lines(`# ${HEAD}`, ...options.masters.map((address) => `cidr_allow ${address}${widthOf(address)}`));
  }
}

function namesOf({ name }: ExportedNode, { domain }: ExportOptions): readonly string[] {
  return domain === '' ? [name] : [`${name}.${domain}`, name];
}

/** One group per site. IPv6 stands in brackets, IPv4 does not. Source: munin.conf(5), 2.0. */
function muninNode({ name, site, address }: ExportedNode): readonly string[] {
  return [`[${site};${name}]`, `  address ${inBrackets(address)}`, '  use_node_name yes'];
}

/** Port 22, so that addresses stand without brackets. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
function knownHosts(node: ExportedNode, options: ExportOptions): readonly string[] {
  const hosts = [...namesOf(node, options), node.address].join(',');
  return node.hostKeys.map((key) => `${hosts} ${key}`);
}

function zoneHead({ domain, serial, nameServer }: ExportOptions): readonly string[] {
  const origin = domain === '' ? '@' : `${domain}.`;
  return [
    `; ${HEAD}`,
    '$TTL 3600',
    ...(domain === '' ? [] : [`$ORIGIN ${origin}`]),
    `@ IN SOA ${nameServer}. hostmaster.${nameServer}. ${serial} 3600 600 1209600 300`,
    `@ IN NS ${nameServer}.`,
  ];
}

/** 2001:db8::1 -> 1.0.0...8.b.d.0.1.0.0.2.ip6.arpa. Source: RFC 3596, 2.5. */
function reverseName(address: string): string {
  const digits = (parseAddress6(address) ?? 0n).toString(16).padStart(32, '0');
  return `${[...digits].toReversed().join('.')}.ip6.arpa.`;
}

function widthOf(address: string): string {
  if (address.includes('/')) return '';
  return parseAddress6(address) === undefined ? '/32' : '/128';
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
