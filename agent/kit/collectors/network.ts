import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import type { KernelFiles } from '../host/ports.js';
import { type InterfaceCounters, parseNetDev } from './interface-counters.js';
import { isReported, readLink, readSpeed, type Speed } from './interface-link.js';
import type { ProcessView } from './process-view.js';
import { Samples } from './sample.js';

/** Bound on the interfaces of one report; the widest switches have 52 ports. */
export const INTERFACES_MAX = 64;

/** What kind an interface is, and speeds that nobody announced, are looked at this often, ms. */
const SURVEY_MS = 300_000;

interface Known {
  readonly name: string;
  /** Speed and duplex cost a question to the hardware: asked when the link changed, and at every survey. */
  speed: Speed;
  link: string;
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
        if (entry !== undefined) addInterface(samples, kernel, entry, counter);
      }
      return samples.list.length === 0 ? noData('no physical or tunnel interface') : ok(samples.list);
    },
  };
}

function survey(kernel: KernelFiles, counters: readonly InterfaceCounters[]): ReadonlyMap<string, Known> {
  const reported = counters.filter(({ name }) => isReported(kernel, name)).slice(0, INTERFACES_MAX);
  return new Map(reported.map(({ name }) => [name, { name, speed: {}, link: '' }]));
}

function addInterface(samples: Samples, kernel: KernelFiles, known: Known, counters: InterfaceCounters): void {
  const { name } = known;
  const link = readLink(kernel, name);
  const linkNow = `${link.operationalState} ${link.carrierChanges}`;
  if (linkNow !== known.link) {
    known.speed = readSpeed(kernel, name);
    known.link = linkNow;
  }
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
}
