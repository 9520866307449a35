/** Who takes part in a drill, and whether now is the time: pure. */

import type { NodeView } from '../../../proto/contract/api/fleet.js';
import type { HealingStatus } from '../../../proto/contract/api/healing.js';
import type { IncidentView } from '../../../proto/contract/api/incidents.js';
import type { TopologyDocument } from '../../../proto/contract/api/topology.js';

export type DrillKind = 'power-cycle' | 'fileserver' | 'uplink';

/** One thing that goes away and comes back, and who carries the order out. */
export interface DrillTarget {
  readonly node: NodeView;
  readonly by: NodeView;
  /** Port that gives it power; empty = it does it by itself. */
  readonly port: string;
  /** Who must be well again afterwards, itself included. */
  readonly watched: readonly NodeView[];
}

export interface SiteSeen {
  readonly site: string;
  readonly nodes: readonly NodeView[];
  readonly topology: TopologyDocument;
  readonly healing: HealingStatus;
  /** Open ones of that site, and of what spans sites. */
  readonly incidents: readonly IncidentView[];
}

const [FIRST_HOUR, LAST_HOUR] = [9, 16];
const [SUNDAY, SATURDAY] = [0, 6];
const DAY_MS = 86_400_000;

/** Whether people are there who can see to it if it goes wrong: on a working day, with hours of it left. */
export function isWorkingTime(nowMs: number, utcOffsetMin: number): boolean {
  const local = new Date(nowMs + utcOffsetMin * 60_000);
  const [day, hour] = [local.getUTCDay(), local.getUTCHours()];
  return day !== SUNDAY && day !== SATURDAY && hour >= FIRST_HOUR && hour < LAST_HOUR;
}

/** "5%" or "3": of so many, one at least and all at most; `undefined` for anything else. */
export function sampleSize(text: string, of: number): number | undefined {
  const [, digits = '', percent] = /^(\d{1,5})(%?)$/.exec(text) ?? [];
  if (digits === '' || Number(digits) === 0 || of === 0) return undefined;
  const wanted = percent === '%' ? Math.round((of * Number(digits)) / 100) : Number(digits);
  return Math.min(of, Math.max(1, wanted));
}

/** Why it must not begin: a drill on top of real trouble only hides it. */
export function obstacles({ site, nodes, healing, incidents }: SiteSeen): readonly string[] {
  const open = incidents.filter((incident) => incident.site === site || incident.site === undefined);
  const held = healing.holds.filter(({ kind, scope }) => kind === 'drill' && (scope === site || scope === 'fleet'));
  const servers = nodes.filter(({ kind, state }) => kind !== 'pi' && state !== 'ready');
  return [
    ...(nodes.length === 0 ? [`no node is known at site ${site}`] : []),
    ...open.map(({ title }) => `there is an open incident: ${title}`),
    ...servers.map(({ name, state }) => `${name} is ${state}`),
    ...held.map(({ owner }) => `a drill of ${owner} is under way there`),
    ...(healing.graceMs > 0 ? ['the controller has just started and listens first'] : []),
    ...(healing.heldBecause === undefined ? [] : ['commands are held since a restore']),
    ...(healing.actions.length > 0 ? ['healing is at work'] : []),
  ];
}

/** Everything that could take part, healthy ones only. */
export function candidates(kind: DrillKind, seen: SiteSeen): readonly DrillTarget[] {
  const { nodes, topology, site } = seen;
  const ready = nodes.filter(({ state, liveness }) => state === 'ready' && liveness === 'fresh');
  const byName = new Map(ready.map((node) => [node.name, node]));
  if (kind === 'fileserver') {
    return topology.fileservers.flatMap(({ name }) => {
      const node = byName.get(name);
      if (node === undefined) return [];
      const own = topology.nodes.filter(({ fileserver }) => fileserver === name).map((one) => byName.get(one.name));
      return [{ node, by: node, port: '', watched: [node, ...own.filter((one) => one !== undefined)] }];
    });
  }
  if (kind === 'uplink') return ready.map((node) => ({ node, by: node, port: '', watched: [node] }));
  const switches = new Map(topology.switches.map((one) => [one.name, one]));
  return topology.nodes.flatMap(({ name, plug, site: at }) => {
    const [node, by] = [byName.get(name), byName.get(plug?.switch ?? '')];
    if (node === undefined || by === undefined || plug === undefined || at !== site) return [];
    const ports = switches.get(plug.switch)?.ports ?? [];
    const port = ports.find((one) => plug.port >= one.port && plug.port <= (one.toPort ?? one.port));
    if (port === undefined || port.role !== 'node' || port.isProtected === true) return [];
    return [{ node, by, port: port.interfaceName ?? `swp${plug.port}`, watched: [node] }];
  });
}

/** Others every day, so that everybody has their turn. */
export function chooseSample(all: readonly DrillTarget[], size: number, nowMs: number): readonly DrillTarget[] {
  if (all.length === 0) return [];
  const first = (Math.floor(nowMs / DAY_MS) * size) % all.length;
  return Array.from({ length: size }, (_, index) => all[(first + index) % all.length]).filter(
    (target) => target !== undefined,
  );
}

/** Who goes at the same time. An uplink takes all of them at once: the first one alone says whether that may be tried. */
export function roundsOf(kind: DrillKind, targets: readonly DrillTarget[]): readonly (readonly DrillTarget[])[] {
  if (kind !== 'uplink') return targets.map((target) => [target]);
  return [targets.slice(0, 1), targets.slice(1)].filter((round) => round.length > 0);
}
