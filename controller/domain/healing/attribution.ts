/** Finds the smallest thing that silent nodes share and that explains them, before any of them is blamed. */

import type { Liveness } from '../liveness.js';
import { type Element, elementName, type FleetMap, isCohort } from '../topology/fleet-map.js';
import { type Census, TROUBLE } from './census.js';
import { isSuspectChange } from './change.js';
import type { Desired } from './desired.js';
import { matches } from './evidence.js';
import { ELEMENT_ROWS, type ElementRow, type ElementSigns } from './evidence-table.js';
import type { Observed } from './observed.js';
import type { HealingPolicy } from './policy.js';

export interface Cause {
  /** "switch:sw-1", "change:42" */
  readonly name: string;
  readonly rowId: string;
  readonly verdict: string;
  /** A witness saw it; else only the numbers speak for it. */
  readonly isWitnessed: boolean;
  /** Element index; -1 = a change. */
  readonly element: number;
}

/** Rows that explain dark ports, and nothing else. */
const DARK_ONLY: ReadonlySet<string> = new Set(['poe-shed', 'power-short']);
/** Sites that went dark within this of one another went together. */
const TOGETHER_MS = 300_000;

export interface Attribution {
  /** By node index. */
  readonly causes: ReadonlyMap<number, Cause>;
  readonly found: readonly Cause[];
}

export function attribute(
  observed: Observed,
  desired: Desired,
  policy: HealingPolicy,
  census: Census,
  nowMs: number,
): Attribution {
  const causes = new Map<number, Cause>();
  const found: Cause[] = [];
  if (census.troubled.length === 0) return { causes, found };
  const { map } = desired;
  const blame = (cause: Cause, members: readonly number[], takesSymptoms: boolean): void => {
    found.push(cause);
    for (const index of members) {
      const trouble = census.trouble[index];
      const isIts = trouble === TROUBLE.silent || (takesSymptoms && trouble === TROUBLE.symptom);
      if (isIts && !causes.has(index)) causes.set(index, cause);
    }
  };
  const seen = witnessedCauses(observed, map, policy, census);
  const isEverywhere = manySites(observed, map, seen, nowMs);
  if (isEverywhere) {
    blame(fleetCause(map), map.elements[map.fleet]?.members ?? [], true);
    return { causes, found };
  }
  for (const cause of seen) {
    const element = map.elements[cause.element];
    const members = element?.members ?? [];
    // Who hangs under power at a switch that has shed others hangs for a reason of its own.
    const blamed = DARK_ONLY.has(cause.rowId) ? members.filter((index) => isDark(observed, map, index)) : members;
    blame(cause, blamed, element?.kind === 'fileserver');
  }
  for (const { cause, members } of changeCauses(observed, map, policy, census, nowMs)) blame(cause, members, false);
  for (const cause of correlated(map, policy, census, causes))
    blame(cause, map.elements[cause.element]?.members ?? [], false);
  return { causes, found };
}

function fleetCause(map: FleetMap): Cause {
  return {
    name: 'fleet:fleet',
    rowId: 'many-sites',
    verdict: 'many sites went dark together: the overlay or the controller is to blame',
    isWitnessed: true,
    element: map.fleet,
  };
}

function witnessedCauses(observed: Observed, map: FleetMap, policy: HealingPolicy, census: Census): readonly Cause[] {
  const causes: Cause[] = [];
  for (const row of ELEMENT_ROWS) {
    for (const index of map.ofKind[row.element]) {
      const element = map.elements[index];
      if (element === undefined || (census.silent[index] ?? 0) === 0) continue;
      if (!matches(row.when, elementSigns(observed, map, policy, census, element))) continue;
      causes.push(causeOf(row, element));
    }
  }
  return causes;
}

function causeOf(row: ElementRow, element: Element): Cause {
  return { name: elementName(element), rowId: row.id, verdict: row.verdict, isWitnessed: true, element: element.index };
}

function manySites(observed: Observed, map: FleetMap, seen: readonly Cause[], nowMs: number): boolean {
  const dark = seen.filter(({ rowId }) => rowId === 'site-dark' || rowId === 'tunnel-down');
  const darkNames = new Set(dark.map(({ name }) => name));
  if (darkNames.size < 2 || 2 * darkNames.size < map.ofKind.site.length) return false;
  // While it lasts it stays; else the sites must have gone at the same time.
  if (observed.memory.incidents.has('fleet:fleet')) return true;
  const recent = [...darkNames].filter((name) => {
    const known = observed.memory.incidents.get(name);
    return known === undefined || nowMs - known.sinceMs <= TOGETHER_MS;
  });
  return recent.length >= 2 && 2 * recent.length >= map.ofKind.site.length;
}

/** What a witness of an element says of it. */
export function elementSigns(
  observed: Observed,
  map: FleetMap,
  policy: HealingPolicy,
  census: Census,
  element: Element,
): ElementSigns {
  const { fileservers = [], switches = [] } = map.witnesses[element.index] ?? {};
  const site = element.kind === 'site' ? element.name : (map.elements[element.site]?.name ?? '');
  return {
    tunnel: observed.sites.get(site)?.tunnel ?? 'none',
    fileserverAgent: summed(fileservers.map((name) => observed.fileservers.get(name)?.agent ?? 'unobserved')),
    switchAgent: summed(switches.map((name) => observed.switches.get(name)?.agent ?? 'unobserved')),
    service: fileservers.length === 1 ? (observed.fileservers.get(fileservers[0] ?? '')?.service ?? 'none') : 'none',
    supply: supplyOf(observed, map, switches, element),
    ports: portsOf(observed, map, census, element),
    silent: isMany(policy, census, element) ? 'many' : 'few',
  };
}

function summed(agents: readonly Liveness[]): ElementSigns['fileserverAgent'] {
  if (agents.length === 0) return 'none';
  if (agents.some((agent) => agent === 'fresh' || agent === 'late')) return 'fresh';
  return agents.every((agent) => agent === 'silent' || agent === 'gone') ? 'silent' : 'unobserved';
}

/** A supply that was written down is blamed itself; its switch, when nobody wrote down what feeds it. */
function supplyOf(
  observed: Observed,
  map: FleetMap,
  switches: readonly string[],
  { kind, name }: Element,
): ElementSigns['supply'] {
  const sights = switches.flatMap((one) => observed.switches.get(one) ?? []);
  if (kind === 'switch') {
    const isKnown = (psu: string): boolean => map.ofKind.psu.some((index) => map.elements[index]?.name === psu);
    if (sights.some(({ psusLost }) => psusLost.some((psu) => !isKnown(psu)))) return 'lost';
    return sights.some(({ power }) => power !== undefined && power.allocatedMilliW > power.budgetMilliW)
      ? 'exceeded'
      : 'ok';
  }
  return sights.some(({ psusLost }) => psusLost.includes(name)) ? 'lost' : 'ok';
}

function portsOf(observed: Observed, map: FleetMap, census: Census, element: Element): ElementSigns['ports'] {
  const silent = element.members.filter((index) => census.trouble[index] === TROUBLE.silent);
  if (silent.length === 0) return 'unobserved';
  return silent.some((index) => isDark(observed, map, index)) ? 'dark' : 'lit';
}

/** No link and no power: shed, by the switch's own word where it has one for that. */
function isDark(observed: Observed, map: FleetMap, index: number): boolean {
  const sight = observed.nodes[index];
  if (sight === undefined) return false;
  if (sight.power === 'shed') return true;
  const own = observed.switches.get(map.nodes[index]?.record.plug?.switch ?? '');
  if (own?.namesShed === true) return false;
  return sight.link === 'down' && (sight.power === 'zero' || sight.power === 'fault');
}

/** More than chance: at least two, at least the share that the policy asks for, and beyond 3 sigma of an ordinary day. */
export function isMany(policy: HealingPolicy, census: Census, { index }: Element): boolean {
  const watched = census.watched[index] ?? 0;
  const silent = census.silent[index] ?? 0;
  const p = policy.baselineRatio;
  const chance = watched * p + 3 * Math.sqrt(watched * p * (1 - p));
  return silent >= policy.sharedRatio * watched && silent >= Math.max(2, chance);
}

function changeCauses(observed: Observed, map: FleetMap, policy: HealingPolicy, census: Census, nowMs: number) {
  return observed.changes.flatMap((change) => {
    const silent = membersOf(map, change.domain).filter((index) => {
      const sinceMs = observed.memory.nodes.get(index)?.troubleSinceMs ?? nowMs;
      if (census.trouble[index] !== TROUBLE.silent || sinceMs < change.atMs) return false;
      return isSuspectChange(observed, policy, change, sinceMs, nowMs);
    });
    if (silent.length < 2) return [];
    const cause: Cause = {
      name: `change:${change.id}`,
      rowId: 'change',
      verdict: `it fell silent after ${change.what}`,
      isWitnessed: true,
      element: -1,
    };
    return [{ cause, members: silent }];
  });
}

/** Indexes of the nodes below a name: one node, or all that share an element. */
export function membersOf(map: FleetMap, name: string): readonly number[] {
  const node = map.nodeByName.get(name);
  if (node !== undefined) return [node.index];
  return map.elements.find((element) => element.name === name)?.members ?? [];
}

/**
 * What no witness saw, but the numbers say: the smallest element of which nearly all is silent while what surrounds it is
 * well. Of equals the larger is named, because holding too much harms less than blaming a node.
 */
function correlated(
  map: FleetMap,
  policy: HealingPolicy,
  census: Census,
  known: ReadonlyMap<number, Cause>,
): readonly Cause[] {
  const open = census.troubled.filter((index) => census.trouble[index] === TROUBLE.silent && !known.has(index));
  if (open.length < 2) return [];
  const candidates = new Set(open.flatMap((index) => map.nodes[index]?.elements ?? []));
  candidates.delete(map.fleet);
  const fitting = [...candidates].flatMap((index) => {
    const element = map.elements[index];
    if (element === undefined || !isMany(policy, census, element)) return [];
    return isWellAround(map, policy, census, known, element) ? [element] : [];
  });
  fitting.sort((a, b) => a.members.length - b.members.length);
  const smallest = fitting[0];
  if (smallest === undefined) return [];
  const equals = fitting.filter(({ members }) => members.length === smallest.members.length);
  const chosen = equals.at(-1) ?? smallest;
  return [
    {
      name: elementName(chosen),
      rowId: isCohort(chosen.kind) ? 'cohort' : 'correlated',
      verdict: `nearly all of ${chosen.kind} ${chosen.name} is silent`,
      isWitnessed: false,
      element: chosen.index,
    },
  ];
}

/** Silence around it that has a cause already does not count. */
function isWellAround(
  map: FleetMap,
  policy: HealingPolicy,
  census: Census,
  known: ReadonlyMap<number, Cause>,
  element: Element,
): boolean {
  const around = isCohort(element.kind) || element.kind === 'site' ? map.fleet : element.site;
  const explained = [...known.keys()].filter(
    (index) => around === map.fleet || map.nodes[index]?.site === around,
  ).length;
  const outside = (census.watched[around] ?? 0) - (census.watched[element.index] ?? 0);
  const silentOutside = (census.silent[around] ?? 0) - (census.silent[element.index] ?? 0) - explained;
  // A release or a model that lies at one place only cannot be told from that place.
  if (isCohort(element.kind) && new Set(element.members.map((index) => map.nodes[index]?.site)).size < 2) return false;
  return outside <= 0 || silentOutside <= policy.siblingsRatio * outside;
}
