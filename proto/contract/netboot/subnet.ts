import { BrambleError } from '../errors.js';

/** A storage network of four addresses: the network's own, the fileserver, the Pi, the broadcast address. */
export interface PortSubnet {
  readonly network: string;
  readonly server: string;
  readonly board: string;
}

export const PORT_NETMASK = '255.255.255.252';
const SUBNET_ADDRESSES = 4;
const IPV4_END = 2 ** 32;

/**
 * The subnet of a board's index: four addresses each, from `base` on.
 * @throws BrambleError `invalid-argument` for a base that is no start of a /30, or an index beyond the address space
 */
export function portSubnet(base: string, index: number): PortSubnet {
  const start = parseIpv4(base);
  const first = start === undefined ? Number.NaN : start + SUBNET_ADDRESSES * index;
  if (!Number.isSafeInteger(first) || first % SUBNET_ADDRESSES !== 0 || index < 0 || first >= IPV4_END) {
    throw new BrambleError('invalid-argument', `no storage network ${index} from ${JSON.stringify(base)} on`);
  }
  return { network: ipv4(first), server: ipv4(first + 1), board: ipv4(first + 2) };
}

/** The subnet of a fileserver's own address in it; `undefined` when that is not the first one of a /30. */
export function subnetOfServer(server: string): PortSubnet | undefined {
  const address = parseIpv4(server);
  if (address === undefined || address % SUBNET_ADDRESSES !== 1) return undefined;
  return portSubnet(ipv4(address - 1), 0);
}

/** Dotted form without leading zeros; `undefined` for anything else. */
export function parseIpv4(text: string): number | undefined {
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

function ipv4(value: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');
}

/** Hexadecimal form with at most one "::"; no IPv4 inside, no zone. Source: RFC 4291, 2.2. */
export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:]{2,39}$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const isWhole = halves.length === 2 ? groups.length <= 7 : groups.length === 8;
  return isWhole && groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group));
}

/** All addresses of an IPv4 network, first and last one included, as numbers. */
export interface StorageNetwork {
  readonly first: number;
  readonly last: number;
}

/** "10.46.188.0/23"; `undefined` for anything else, such as an address inside of a network. */
export function parseNetwork(text: string): StorageNetwork | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const first = parseIpv4(address);
  if (first === undefined || length === undefined || rest.length > 0 || !/^(?:[89]|[12]\d|30)$/.test(length)) return;
  const size = 2 ** (32 - Number(length));
  return first % size === 0 ? { first, last: first + size - 1 } : undefined;
}

export function isInNetwork({ first, last }: StorageNetwork, address: string): boolean {
  const value = parseIpv4(address);
  return value !== undefined && value >= first && value <= last;
}
