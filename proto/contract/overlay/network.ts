import { BrambleError } from '../errors.js';
import { addressIn, contains, type Prefix6, parseAddress6, parsePrefix6, subPrefix } from './prefix.js';

/**
 * How one /48 is cut: a /56 for each site, a /64 of it for each node. Site 0 is the overlay's own: a /64 for each
 * gateway, and the last one for the machines of the operators. Of a site, /64 number 0 is its gateway's.
 */

/** /56 per site: 0 is ours, 255 are left for sites. */
export const SITES_MAX = 255;
/** /64 per node: 0 is the site gateway's, 255 are left for nodes. */
export const NODES_PER_SITE_MAX = 255;
/** Clients of one OpenVPN process. Source: openvpn(8), --max-clients, its default. */
export const CLIENTS_PER_GATEWAY_MAX = 1_024;
/** Gateways that have a /64 of their own in site 0. */
export const GATEWAYS_MAX = 16;
const OPS_INDEX = 255;
const SITE_BITS = 56;
const NODE_BITS = 64;

/** @param text "fd42:b:1::/48", unique local (RFC 4193) or global. @throws BrambleError `invalid-argument` */
export function parseOverlayPrefix(text: string): Prefix6 {
  const prefix = parsePrefix6(text);
  const isUsable = [parsePrefix6('fc00::/7'), parsePrefix6('2000::/3')].some((range) => contains(range, prefix.base));
  if (prefix.bits === 48 && isUsable) return prefix;
  throw new BrambleError('invalid-argument', `not a prefix for an overlay: ${text.slice(0, 64)}`, {
    hint: 'a /48 of your own: unique local such as fd42:b:1::/48 with random digits, or one that is routed to you',
  });
}

/** @param index 1 to SITES_MAX */
export function sitePrefix(overlay: Prefix6, index: number): Prefix6 {
  return subPrefix(overlay, SITE_BITS, within(index, 1, SITES_MAX, 'site'));
}

/** @param node 0 = the site's gateway */
export function nodePrefix(site: Prefix6, node: number): Prefix6 {
  return subPrefix(site, NODE_BITS, within(node, 0, NODES_PER_SITE_MAX, 'node'));
}

/** Where the gateway and, on the same machine, the controller are reached from inside. @param gateway from 0 */
export function transitPrefix(overlay: Prefix6, gateway: number): Prefix6 {
  return subPrefix(overlay, NODE_BITS, within(gateway, 0, GATEWAYS_MAX - 1, 'gateway'));
}

/** Machines of the operators: the only ones that may open connections to nodes. */
export function opsPrefix(overlay: Prefix6): Prefix6 {
  return subPrefix(overlay, NODE_BITS, OPS_INDEX);
}

/** Of a /64: 1 is whoever routes it, 2 is the node. */
export function routerAddress(prefix: Prefix6): string {
  return addressIn(prefix, 1);
}

export function nodeAddress(prefix: Prefix6): string {
  return addressIn(prefix, 2);
}

/** How a client uses its tunnel: for a whole site, or for itself alone. */
export type ClientMode = 'gateway' | 'standalone';

/** A node with a tunnel of its own. */
export interface OverlayClient {
  readonly nodeId: string;
  readonly mode: ClientMode;
  /** The site's /56 for a gateway, the node's /64 for one that stands alone: all that it may speak for. */
  readonly prefix: Prefix6;
}

/** The address of a client at its end of the tunnel; within what is routed to it. */
export function clientAddress({ prefix }: Pick<OverlayClient, 'prefix'>): string {
  return nodeAddress({ base: prefix.base, bits: NODE_BITS });
}

/** What its certificate is called and its file in the folder of clients. @param nodeId as nodeId() has checked it */
export function clientName(nodeId: string): string {
  return `${CLIENT_NAME_PREFIX}${nodeId}`;
}

/** Certificates of agents never have it, so that none of them opens a tunnel. */
export const CLIENT_NAME_PREFIX = 'ovpn-';
/** What gateways are called in their certificates, and clients ask for. */
export const GATEWAY_NAME = 'bramble-gateway';

/** "[fd42:b:1::1]:7443": an address where a host name and a port are wanted. */
export function inBrackets(address: string): string {
  return parseAddress6(address) === undefined ? address : `[${address}]`;
}

/** Where nodes reach the controller through their tunnel, "[address]:port". @param overlay as parseOverlayPrefix() takes it */
export function overlayEndpoint({ prefix }: { readonly prefix: string }, port: number): string {
  return `${inBrackets(routerAddress(transitPrefix(parseOverlayPrefix(prefix), 0)))}:${port}`;
}

function within(index: number, first: number, last: number, what: string): number {
  if (Number.isInteger(index) && index >= first && index <= last) return index;
  throw new BrambleError('invalid-argument', `${what} ${index} is not within ${first}..${last} of the overlay`);
}
