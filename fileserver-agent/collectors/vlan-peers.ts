import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';

const ARP = /^(\d{1,3}(?:\.\d{1,3}){3})\s+0x\S+\s+0x([0-9a-f]+)\s+(\S+)\s+\S+\s+(\S+)$/;
/** ATF_COM: the hardware address is known. Source: arp(7). */
const COMPLETE = 0x2;
/** Interfaces of a VLAN, such as "eth0.10": whatever else has neighbours is no Pi's cable. */
export const VLAN = /^([\w-]+)\.\d{1,4}$/;

/** Per VLAN whether anybody on it answers. Source: /proc/net/arp, net/ipv4/arp.c arp_format_neigh_entry(). */
export function parsePeers(text: string): ReadonlyMap<string, boolean> {
  const peers = new Map<string, boolean>();
  for (const line of text.split('\n')) {
    const match = ARP.exec(line.trimEnd());
    const interfaceName = match?.[4] ?? '';
    if (match === null || !VLAN.test(interfaceName)) continue;
    const isKnown = (Number.parseInt(match[2] ?? '0', 16) & COMPLETE) !== 0 && match[3] !== '00:00:00:00:00:00';
    peers.set(interfaceName, isKnown || peers.get(interfaceName) === true);
  }
  return peers;
}

/** Reachability per VLAN, as the kernel's own table of neighbours has it: nothing is sent for it. */
export function makeVlanPeersCollector(): Collector {
  return {
    name: 'vlan-peers',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const peers = parsePeers(kernel.readText('/proc/net/arp') ?? '');
      if (peers.size === 0) return noData('no VLAN has a neighbour');
      const samples = new Samples();
      for (const [interfaceName, isKnown] of peers) samples.number('vlan_peer_state', isKnown ? 1 : 2, interfaceName);
      return ok(samples.list);
    },
  };
}
