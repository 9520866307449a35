import { BrambleError } from '../../../proto/contract/errors.js';

/** Every interface has one of its own making: that says nothing of a tunnel's configuration. Linux include/net/ipv6.h. */
const SCOPE_LINK_LOCAL = '20';

/**
 * Names of the interfaces with an IPv6 address beyond link-local, from if_inet6. Source: proc_pid_net(5); Linux
 * net/ipv6/addrconf.c, if6_seq_show().
 * @throws BrambleError `data-loss`
 */
export function parseIfInet6(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of wholeLines(text, 'if_inet6')) {
    const found = /^[\da-f]{32} [\da-f]{2,8} [\da-f]{2} ([\da-f]{2}) [\da-f]{2,8} +(\S+)$/.exec(line);
    const [, scope, name] = found ?? [];
    if (name === undefined) throw strange('if_inet6', line);
    if (scope !== SCOPE_LINK_LOCAL) names.add(name);
  }
  return names;
}

/** A line of the main IPv4 routing table, network byte order put right. */
export interface Ipv4Route {
  readonly interfaceName: string;
  readonly destination: number;
  readonly mask: number;
  /** Reached without a router: the interface itself is in that network. */
  readonly isDirect: boolean;
}

/** Linux include/uapi/linux/route.h. */
const RTF_GATEWAY = 0x2;

/**
 * Parses /proc/net/route. Its addresses are the bytes of memory, as every little-endian machine shows them. Source: Linux
 * net/ipv4/fib_trie.c, fib_route_seq_show().
 * @throws BrambleError `data-loss`
 */
export function parseRoutes(text: string): readonly Ipv4Route[] {
  const [head, ...lines] = wholeLines(text, 'route');
  if (head?.startsWith('Iface\tDestination\tGateway ') !== true) throw strange('route', head ?? '');
  return lines.map((line) => {
    const [, interfaceName, destination, flags, mask] =
      /^(\S+)\t([\dA-F]{8})\t[\dA-F]{8}\t([\dA-F]{4})\t\d+\t\d+\t-?\d+\t([\dA-F]{8})\t/.exec(line) ?? [];
    if (interfaceName === undefined || destination === undefined || mask === undefined) throw strange('route', line);
    return {
      interfaceName,
      destination: swapped(destination),
      mask: swapped(mask),
      isDirect: (Number.parseInt(flags ?? '', 16) & RTF_GATEWAY) === 0,
    };
  });
}

/**
 * IPv4 addresses of this machine, loopback apart, from fib_trie; whose they are it does not say. Source: Linux
 * net/ipv4/fib_trie.c, fib_trie_seq_show().
 * @throws BrambleError `data-loss`
 */
export function parseLocalAddresses(text: string): ReadonlySet<number> {
  const local = new Set<number>();
  let leaf: number | undefined;
  for (const line of wholeLines(text, 'fib_trie')) {
    const [, a, b, c, d] = /^ *\|-- (\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(line) ?? [];
    if (d !== undefined) leaf = ((Number(a) << 24) | (Number(b) << 16) | (Number(c) << 8) | Number(d)) >>> 0;
    else if (!/^ *(?:\+-- |\/\d)|^(?:Main|Local|Id \d+):$/.test(line)) throw strange('fib_trie', line);
    else if (leaf !== undefined && leaf >>> 24 !== 127 && /^ *\/32 host LOCAL$/.test(line)) local.add(leaf);
  }
  return local;
}

/**
 * Whether an interface has an IPv4 address, which no file says outright: an address belongs to the interface that its network
 * is directly reached through. What is left over (a single address without a network, as WireGuard's often are, or one end of a
 * line between two) is taken for the interface's own when something is routed through it; `undefined` when that is open too.
 */
export function hasIpv4(
  name: string,
  routes: readonly Ipv4Route[],
  addresses: ReadonlySet<number>,
): boolean | undefined {
  const ownerOf = (address: number): string | undefined =>
    routes
      .filter(({ isDirect, mask, destination }) => isDirect && mask !== 0 && (address & mask) >>> 0 === destination)
      .toSorted((a, b) => b.mask - a.mask)[0]?.interfaceName;
  const owners = [...addresses].map(ownerOf);
  if (owners.includes(name)) return true;
  if (!owners.includes(undefined)) return false;
  return routes.some(({ interfaceName }) => interfaceName === name) ? true : undefined;
}

function swapped(hex: string): number {
  const bytes = hex.match(/../g) ?? [];
  return Number.parseInt(bytes.toReversed().join(''), 16);
}

function wholeLines(text: string, file: string): readonly string[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new BrambleError('data-loss', `/proc/net/${file}: cut short`);
  return text.slice(0, -1).split('\n');
}

function strange(file: string, line: string): BrambleError {
  return new BrambleError(
    'data-loss',
    `/proc/net/${file}: a line of another form: ${JSON.stringify(line.slice(0, 80))}`,
  );
}
