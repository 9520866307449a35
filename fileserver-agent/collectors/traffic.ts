import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';
import { TRAFFIC_INTERFACES_MAX, type Traffic } from '../../agent/kit/host/traffic.js';
import { orNothing } from './helper-answer.js';
import { VLAN } from './vlan-peers.js';

/** Asking starts programs; what is told of it is exact to the second all the same. */
const INTERVAL_MS = 30_000;

/** VLANs, and the interfaces that carry them. */
export function watchedInterfaces(kernel: Pick<KernelFiles, 'list'>): readonly string[] {
  const all = kernel.list('/sys/class/net') ?? [];
  const vlans = all.filter((name) => VLAN.test(name));
  const trunks = new Set(vlans.map((name) => VLAN.exec(name)?.[1]));
  return [...all.filter((name) => trunks.has(name)), ...vlans].slice(0, TRAFFIC_INTERFACES_MAX);
}

/**
 * What each client asks of the NFS server, and what switches say on the way to the boards, as the kernel counts it for the
 * helper: a server of NFS version 3 keeps no account of its clients.
 */
export function makeTrafficCollector(): Collector {
  return {
    name: 'traffic',
    intervalMs: INTERVAL_MS,
    timeoutMs: 80_000,
    async collect({ kernel, machine, clock }, signal) {
      const answer = await orNothing(machine.traffic(watchedInterfaces(kernel), signal));
      if ('nothing' in answer) return noData(answer.nothing);
      return ok(samplesOf(answer.found, clock.nowMs()));
    },
  };
}

function samplesOf({ clients, bpdus, neighbours }: Traffic, nowMs: number): Samples['list'] {
  const samples = new Samples();
  const agoUnixS = (idleS: number): number => Math.round(nowMs / 1_000) - idleS;
  for (const { address, asked, answered } of clients) {
    samples.number('nfs_client_asked_count', asked.packets, address);
    samples.number('nfs_client_asked_bytes', asked.bytes, address);
    samples.number('nfs_client_asked_unix_s', agoUnixS(asked.idleS), address);
    samples.number('nfs_client_answered_count', answered?.packets, address);
    samples.number('nfs_client_answered_bytes', answered?.bytes, address);
  }
  for (const { interfaceName, seen } of bpdus) {
    samples.number('stp_bpdus_count', seen.packets, interfaceName);
    samples.flag('trunk_flag', !VLAN.test(interfaceName), interfaceName);
  }
  for (const { interfaceName, mac, seen } of newestOfEach(neighbours)) {
    samples.text('lldp_neighbour_text', mac, interfaceName);
    samples.number('lldp_seen_unix_s', agoUnixS(seen.idleS), interfaceName);
  }
  return samples.list;
}

/** A port has one neighbour; one that was replaced is remembered for days. */
function newestOfEach(neighbours: Traffic['neighbours']): Traffic['neighbours'] {
  return neighbours.filter(
    (each) =>
      !neighbours.some((other) => other.interfaceName === each.interfaceName && other.seen.idleS < each.seen.idleS),
  );
}
