import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';

export const NEIGHBOURS = '/proc/net/arp';
const ARP = /^(\d{1,3}(?:\.\d{1,3}){3})\s+0x\S+\s+0x([0-9a-f]+)\s+(\S+)\s+\S+\s+(\S+)$/;
/** ATF_COM: the hardware address is known. Source: arp(7). */
const COMPLETE = 0x2;
/** Interfaces of a VLAN, such as "eth0.10": whatever else has neighbours is no Pi's cable. */
export const VLAN = /^([\w-]+)\.\d{1,4}$/;

export interface Peer {
  readonly address: string;
  /** Lower-case hex with colons; empty while it does not answer. */
  readonly mac: string;
  readonly interfaceName: string;
}

/** Who is on the VLANs, as the kernel remembers it. Source: /proc/net/arp, net/ipv4/arp.c arp_format_neigh_entry(). */
export function parsePeers(text: string): readonly Peer[] {
  return text.split('\n').flatMap((line) => {
    const [, address = '', flags = '', mac = '', interfaceName = ''] = ARP.exec(line.trimEnd()) ?? [];
    if (!VLAN.test(interfaceName)) return [];
    const isKnown = (Number.parseInt(flags, 16) & COMPLETE) !== 0 && mac !== '00:00:00:00:00:00';
    return [{ address, mac: isKnown ? mac.toLowerCase() : '', interfaceName }];
  });
}

/** Reachability per VLAN, as the kernel's own table of neighbours has it: nothing is sent for it. */
export function makeVlanPeersCollector(): Collector {
  return {
    name: 'vlan-peers',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const peers = parsePeers(kernel.readText(NEIGHBOURS) ?? '');
      if (peers.length === 0) return noData('no VLAN has a neighbour');
      const samples = new Samples();
      for (const { address, mac } of peers) samples.text('vlan_peer_mac_text', mac, address);
      for (const interfaceName of new Set(peers.map((peer) => peer.interfaceName))) {
        const isAnswered = peers.some((peer) => peer.interfaceName === interfaceName && peer.mac !== '');
        samples.number('vlan_peer_state', isAnswered ? 1 : 2, interfaceName);
      }
      return ok(samples.list);
    },
  };
}
