/** What a switch tells of each of its ports, out of its facts. */

import type { NodeSight } from '../../../domain/healing/observed.js';
import type { NodeEntry } from '../../node-table.js';

/** As network_operational_state carries it: RFC 2863. */
const UP = 6;
const ADMIN = { on: 1, off: 2 } as const;
/** Words of a port that is refused power, or that took too much. Source: Cumulus Linux user guide, Power over Ethernet. */
const FAULTS = /fault|denied|overload|short/;
/** What a boot ROM draws while nothing else runs. */
const LOW_MAX_MILLIWATTS = 1_500;
const NOTHING_MAX_MILLIWATTS = 100;
/** So many ups and downs within the window are a cable. */
const FLAPS_MIN = 6;
const FLAP_WINDOW_MS = 600_000;
/** Power is looked at once a minute and told with the next report. */
const MEASURED_BEFORE_MS = 60_000;

interface PortFacts {
  admin: number | undefined;
  poeAdmin: number | undefined;
  poeStatus: string | undefined;
  milliwatts: number | undefined;
  operational: number | undefined;
  carrierChanges: number | undefined;
  /** A count from before, and when it was so; the window begins anew when it is over. */
  carrierBefore: { readonly changes: number; readonly atMs: number } | undefined;
}

interface Seen {
  readonly reportedAtMs: number;
  readonly ports: ReadonlyMap<string, PortFacts>;
}

type PortSight = Pick<NodeSight, 'link' | 'power' | 'switchSawAtMs'>;

export const UNSEEN_PORT: PortSight = {
  link: 'unobserved',
  power: 'unobserved',
  switchSawAtMs: Number.NEGATIVE_INFINITY,
};

/** Reads a switch again only when it has reported, because most passes find what the one before found. */
export class SwitchPorts {
  readonly #seen = new Map<string, Seen>();

  sight(entry: NodeEntry, interfaceName: string): PortSight {
    const reportedAtMs = entry.lastSeenAtMonotonicMs;
    if (reportedAtMs === undefined) return UNSEEN_PORT;
    let seen = this.#seen.get(entry.node.id);
    if (seen?.reportedAtMs !== reportedAtMs) {
      seen = { reportedAtMs, ports: portsOf(entry, reportedAtMs, seen?.ports) };
      this.#seen.set(entry.node.id, seen);
    }
    const port = seen.ports.get(interfaceName);
    if (port === undefined) return UNSEEN_PORT;
    return {
      link: flaps(port) ? 'flapping' : linkOf(port),
      power: powerOf(port),
      switchSawAtMs: reportedAtMs - MEASURED_BEFORE_MS,
    };
  }
}

function flaps({ carrierChanges, carrierBefore }: PortFacts): boolean {
  if (carrierChanges === undefined || carrierBefore === undefined) return false;
  return carrierChanges - carrierBefore.changes >= FLAPS_MIN;
}

function portsOf(
  { facts }: NodeEntry,
  atMs: number,
  last: ReadonlyMap<string, PortFacts> | undefined,
): ReadonlyMap<string, PortFacts> {
  const ports = new Map<string, PortFacts>();
  const at = (name: string): PortFacts => {
    const known = ports.get(name);
    if (known !== undefined) return known;
    const fresh: PortFacts = {
      admin: undefined,
      poeAdmin: undefined,
      poeStatus: undefined,
      milliwatts: undefined,
      operational: undefined,
      carrierChanges: undefined,
      carrierBefore: undefined,
    };
    ports.set(name, fresh);
    return fresh;
  };
  facts.visit((fact, instance, value) => {
    if (fact === 'poe_status_text') at(instance).poeStatus = String(value);
    else if (typeof value !== 'number') return;
    else if (fact === 'port_admin_flag') at(instance).admin = value;
    else if (fact === 'poe_admin_state') at(instance).poeAdmin = value;
    else if (fact === 'poe_actual_watts_milli') at(instance).milliwatts = value;
    else if (fact === 'network_operational_state') at(instance).operational = value;
    else if (fact === 'network_carrier_changes_count')
      carrier(at(instance), value, last?.get(instance)?.carrierBefore, atMs);
  });
  return ports;
}

function carrier(port: PortFacts, changes: number, before: PortFacts['carrierBefore'], atMs: number): void {
  port.carrierChanges = changes;
  const isUseless = before === undefined || changes < before.changes || atMs - before.atMs > FLAP_WINDOW_MS;
  port.carrierBefore = isUseless ? { changes, atMs } : before;
}

function linkOf({ operational }: PortFacts): NodeSight['link'] {
  if (operational === undefined) return 'unobserved';
  return operational === UP ? 'up' : 'down';
}

/** A switch that does not measure tells by the link alone: what has one has power, and what has none may have. */
function powerOf(port: PortFacts): NodeSight['power'] {
  if (port.poeAdmin === ADMIN.off || port.admin === 0) return 'off';
  if (port.poeStatus !== undefined && FAULTS.test(port.poeStatus)) return 'fault';
  if (port.milliwatts === undefined) return port.operational === UP ? 'normal' : 'unobserved';
  if (port.milliwatts <= NOTHING_MAX_MILLIWATTS) return 'zero';
  return port.milliwatts <= LOW_MAX_MILLIWATTS ? 'low' : 'normal';
}
