import { type Prefix6, renderPrefix6 } from './prefix.js';

/** How packets queue towards sites, as `tc -batch` takes it: all of it replaced at once. Source: tc-htb(8), tc-u32(8). */

/** A site whose uplink somebody has told of. */
export interface ShapedSite {
  /** Its /56. */
  readonly prefix: Prefix6;
  /** What its uplink carries towards it. */
  readonly downBitsPerS: number;
}

/** A queue is only where it can be put in order while the next one, at the provider's, stays empty. */
const SHARE = 0.95;
/** Of a packet in the tunnel: IPv4, UDP, OpenVPN. */
const TUNNEL_BYTES = 52;
/** Payloads below it are what somebody waits for: commands, acknowledgements, keystrokes. A power of two, as a mask wants it. */
const SMALL_BYTES = 1_024;
/** What one class sends before the other has its turn. */
const QUANTUM_BYTES = 3_000;
/** Full packets that wait; more of them only wait longer. */
const QUEUE_PACKETS = 32;

/**
 * For each site one class as wide as its line, and in it what is small before what is large. Packets of sites that nobody told
 * of go as they come. The first line takes away what was there; it fails where nothing was.
 */
export function renderShaping(device: string, sites: readonly ShapedSite[]): string {
  const lines = [`qdisc del dev ${device} root`];
  if (sites.length > 0) lines.push(`qdisc add dev ${device} root handle 1: htb default 0`);
  for (const { prefix, downBitsPerS } of sites) lines.push(...siteLines(device, prefix, downBitsPerS));
  return `${lines.join('\n')}\n`;
}

function siteLines(device: string, prefix: Prefix6, downBitsPerS: number): readonly string[] {
  const index = Number((prefix.base >> 72n) & 0xffn); // of the /56 in its /48
  const of = (part: number): string => `1:${(index * 256 + part).toString(16)}`;
  const line = Math.max(8_000, Math.floor(downBitsPerS * SHARE));
  const rate = (bitsPerS: number): string =>
    `rate ${bitsPerS}bit ceil ${line}bit burst 3k cburst 3k quantum ${QUANTUM_BYTES} overhead ${TUNNEL_BYTES}`;
  const half = Math.floor(line / 2);
  const match = `match ip6 dst ${renderPrefix6(prefix)}`;
  const small = `match u16 0x0000 0x${(0x1_0000 - SMALL_BYTES).toString(16)} at 4`; // length of the payload in IPv6's header
  const filter = `filter add dev ${device} parent 1: protocol ipv6 prio`;
  return [
    `class add dev ${device} parent 1: classid ${of(0)} htb ${rate(line)}`,
    `class add dev ${device} parent ${of(0)} classid ${of(1)} htb ${rate(half)} prio 0`,
    `class add dev ${device} parent ${of(0)} classid ${of(2)} htb ${rate(half)} prio 1`,
    `qdisc add dev ${device} parent ${of(2)} pfifo limit ${QUEUE_PACKETS}`,
    `${filter} 1 u32 ${match} ${small} flowid ${of(1)}`,
    `${filter} 2 u32 ${match} flowid ${of(2)}`,
  ];
}
