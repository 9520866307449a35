/** What a switch tells of its supplies and of each of its ports, out of its facts. */

import type { NodeSight, SwitchSight } from '../../../domain/healing/observed.js';
import type { SwitchRecord } from '../../../domain/topology/records.js';
import type { NodeEntry } from '../../node-table.js';

/** As network_operational_state carries it (proto/bramble/agent/v1/report.proto): 0 = the kernel does not know. */
const [UNKNOWN, UP] = [0, 1];
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
  /** Whether the switch gives it no power for want of power; absent = it does not say. */
  isShed: boolean | undefined;
  operational: number | undefined;
  carrierChanges: number | undefined;
  /** A count from before, and when it was so; the window begins anew when it is over. */
  carrierBefore: { readonly changes: number; readonly atMs: number } | undefined;
}

interface Seen {
  readonly reportedAtMs: number;
  readonly ports: ReadonlyMap<string, PortFacts>;
  readonly supplies: Supplies;
  /** Of ports that were asked for. */
  readonly sights: Map<string, PortSight>;
}

interface Supplies {
  /** As the switch names them. */
  readonly lost: readonly string[];
  readonly power: SwitchSight['power'];
  readonly namesShed: boolean;
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
    const seen = this.#look(entry);
    const known = seen?.sights.get(interfaceName);
    if (known !== undefined) return known;
    const port = seen?.ports.get(interfaceName);
    if (seen === undefined || port === undefined) return UNSEEN_PORT;
    const sight: PortSight = {
      link: flaps(port) ? 'flapping' : linkOf(port),
      power: powerOf(port),
      switchSawAtMs: seen.reportedAtMs - MEASURED_BEFORE_MS,
    };
    seen.sights.set(interfaceName, sight);
    return sight;
  }

  supplies(entry: NodeEntry | undefined, { psus }: SwitchRecord): Omit<SwitchSight, 'agent'> {
    const supplies = entry === undefined ? undefined : this.#look(entry)?.supplies;
    if (supplies === undefined) return { psusLost: [] };
    const { lost, power, namesShed } = supplies;
    return { psusLost: lost.map((name) => recordedName(name, psus)), power, namesShed };
  }

  #look(entry: NodeEntry): Seen | undefined {
    const reportedAtMs = entry.lastSeenAtMonotonicMs;
    if (reportedAtMs === undefined) return undefined;
    const known = this.#seen.get(entry.node.id);
    if (known?.reportedAtMs === reportedAtMs) return known;
    const lost: string[] = [];
    const ports = portsOf(entry, reportedAtMs, known?.ports, lost);
    const seen = {
      reportedAtMs,
      ports,
      supplies: suppliesOf(entry, ports, lost),
      sights: new Map<string, PortSight>(),
    };
    this.#seen.set(entry.node.id, seen);
    return seen;
  }
}

function suppliesOf({ facts }: NodeEntry, ports: ReadonlyMap<string, PortFacts>, lost: readonly string[]): Supplies {
  const budgetMilliW = facts.number('poe_budget_watts_milli', '');
  const allocatedMilliW = facts.number('poe_allocated_total_watts_milli', '');
  const isTold = budgetMilliW !== undefined && allocatedMilliW !== undefined;
  return {
    lost,
    power: isTold ? { budgetMilliW, allocatedMilliW } : undefined,
    namesShed: [...ports.values()].some(({ isShed }) => isShed !== undefined),
  };
}

/**
 * A switch calls its supplies "PSU1"; people write down "sw-1-psu1", or "left" for the first. Equal names first, then the
 * ending, then the number as the place in the list; what is written down nowhere keeps the switch's own name.
 */
function recordedName(told: string, recorded: readonly string[]): string {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const same = recorded.find((name) => name === told) ?? recorded.find((name) => plain(name).endsWith(plain(told)));
  if (same !== undefined) return same;
  const number = /\d+$/.exec(told)?.[0];
  return (number === undefined ? undefined : recorded[Number(number) - 1]) ?? told;
}

function flaps({ carrierChanges, carrierBefore }: PortFacts): boolean {
  if (carrierChanges === undefined || carrierBefore === undefined) return false;
  return carrierChanges - carrierBefore.changes >= FLAPS_MIN;
}

function portsOf(
  { facts }: NodeEntry,
  atMs: number,
  last: ReadonlyMap<string, PortFacts> | undefined,
  lost: string[],
): ReadonlyMap<string, PortFacts> {
  const ports = new Map<string, PortFacts>();
  const at = (name: string): PortFacts => {
    const known = ports.get(name);
    if (known !== undefined) return known;
    const fresh: PortFacts = {
      admin: undefined,
      poeAdmin: undefined,
      poeStatus: undefined,
      isShed: undefined,
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
    else if (fact === 'psu_lost_flag') {
      if (value === 1) lost.push(instance);
    } else if (fact === 'port_admin_flag') at(instance).admin = value;
    else if (fact === 'poe_admin_state') at(instance).poeAdmin = value;
    else if (fact === 'poe_actual_watts_milli') at(instance).milliwatts = value;
    else if (fact === 'poe_shed_flag') at(instance).isShed = value === 1;
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
  if (operational === undefined || operational === UNKNOWN) return 'unobserved';
  return operational === UP ? 'up' : 'down';
}

/** A switch that does not measure tells by the link alone: what has one has power, and what has none may have. */
function powerOf(port: PortFacts): NodeSight['power'] {
  if (port.poeAdmin === ADMIN.off || port.admin === 0) return 'off';
  if (port.isShed === true) return 'shed';
  if (port.poeStatus !== undefined && FAULTS.test(port.poeStatus)) return 'fault';
  if (port.milliwatts === undefined) return port.operational === UP ? 'normal' : 'unobserved';
  if (port.milliwatts <= NOTHING_MAX_MILLIWATTS) return 'zero';
  return port.milliwatts <= LOW_MAX_MILLIWATTS ? 'low' : 'normal';
}
