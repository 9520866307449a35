import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import type { KernelFiles } from '../host/ports.js';
import { type InterfaceCounters, parseNetDev } from './interface-counters.js';
import { isReported, type Link, readLink, readSpeed, type Speed } from './interface-link.js';
import { isTunnel, tunnelState } from './interface-tunnel.js';
import type { ProcessView } from './process-view.js';
import { Samples } from './sample.js';

/** Bound on the interfaces of one report; the widest switches have 52 ports. */
export const INTERFACES_MAX = 64;

/** What kind an interface is, and speeds that nobody announced, are looked at this often, ms. */
const SURVEY_MS = 300_000;

/** A tunnel may lose its address without a word from its link: looked at when the link changed, and this often, ms. */
const TUNNEL_CHECK_MS = 60_000;

interface Known {
  readonly name: string;
  /** Speed and duplex cost a question to the hardware: asked when the link changed, and at every survey. */
  speed: Speed;
  link: Link | undefined;
  /** `undefined` for what is no tunnel. */
  readonly tunnel: { checkedMs: number; state: number | undefined } | undefined;
}

/** Links and counters of physical and tunnel interfaces. Not of bridges, VLANs and container ends. */
export function makeNetworkCollector(view: ProcessView): Collector {
  let known: ReadonlyMap<string, Known> = new Map();
  let namesSurveyed = '';
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'network',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      const table = view.readText(kernel, 'net/dev');
      if (table === undefined) return noData('no net/dev in /proc');
      const counters = parseNetDev(table);
      const names = counters.map(({ name }) => name).join(' ');
      if (names !== namesSurveyed || clock.monotonicMs() - surveyedMs >= SURVEY_MS) {
        known = survey(kernel, counters);
        namesSurveyed = names;
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      for (const counter of counters) {
        const entry = known.get(counter.name);
        if (entry === undefined) continue;
        const link = follow(kernel, entry);
        if (entry.tunnel !== undefined && clock.monotonicMs() - entry.tunnel.checkedMs >= TUNNEL_CHECK_MS) {
          entry.tunnel.state = tunnelState(kernel, view, entry.name, link);
          entry.tunnel.checkedMs = clock.monotonicMs();
        }
        addInterface(samples, entry, link, counter);
      }
      return samples.list.length === 0 ? noData('no physical or tunnel interface') : ok(samples.list);
    },
  };
}

function survey(kernel: KernelFiles, counters: readonly InterfaceCounters[]): ReadonlyMap<string, Known> {
  const reported = counters.filter(({ name }) => isReported(kernel, name)).slice(0, INTERFACES_MAX);
  return new Map(reported.map(({ name }) => [name, newcomer(kernel, name)]));
}

function newcomer(kernel: KernelFiles, name: string): Known {
  const tunnel = isTunnel(kernel, name) ? { checkedMs: Number.NEGATIVE_INFINITY, state: undefined } : undefined;
  return { name, speed: {}, link: undefined, tunnel };
}

/** The link as it is now; what depends on it is asked again when it has changed. */
function follow(kernel: KernelFiles, known: Known): Link {
  const link = readLink(kernel, known.name);
  const isSame =
    link.operationalState === known.link?.operationalState && link.carrierChanges === known.link?.carrierChanges;
  if (isSame) return link;
  known.speed = readSpeed(kernel, known.name);
  known.link = link;
  if (known.tunnel !== undefined) known.tunnel.checkedMs = Number.NEGATIVE_INFINITY;
  return link;
}

function addInterface(samples: Samples, known: Known, link: Link, counters: InterfaceCounters): void {
  const { name } = known;
  samples.number('network_operational_state', link.operationalState, name);
  samples.number('network_speed_mbps', known.speed.mbps, name);
  samples.number('network_duplex_state', known.speed.duplexState, name);
  samples.number('network_received_bytes', counters.receivedBytes, name);
  samples.number('network_transmitted_bytes', counters.transmittedBytes, name);
  samples.number('network_receive_errors_count', counters.receiveErrors, name);
  samples.number('network_transmit_errors_count', counters.transmitErrors, name);
  samples.number('network_receive_drops_count', counters.receiveDrops, name);
  samples.number('network_transmit_drops_count', counters.transmitDrops, name);
  samples.number('network_carrier_changes_count', link.carrierChanges, name);
  samples.number('network_tunnel_state', known.tunnel?.state, name);
}
