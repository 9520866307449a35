/** A topology in numbers: every node and every thing that nodes share has an index, so that one pass over a fleet is linear. */

import { assertTopology } from './check.js';
import type { NodeRecord, PortRecord, Topology } from './records.js';

/** What nodes have in common and can lose together; the first seven are places, the last three cohorts. */
export const ELEMENT_KINDS = [
  'psu',
  'shelf',
  'switch',
  'fileserver',
  'rack',
  'site',
  'fleet',
  'image',
  'model',
  'firmware',
] as const;
export type ElementKind = (typeof ELEMENT_KINDS)[number];
const COHORTS: ReadonlySet<ElementKind> = new Set(['image', 'model', 'firmware']);

export interface Element {
  readonly index: number;
  readonly kind: ElementKind;
  /** Of a cohort: the value that its nodes share. */
  readonly name: string;
  /** Indexes of the nodes that depend on it or share it. */
  readonly members: readonly number[];
  /** Its site; -1 for what spans sites. */
  readonly site: number;
}

export interface MappedNode {
  readonly index: number;
  readonly record: NodeRecord;
  /** Elements that it belongs to, smallest first. */
  readonly elements: readonly number[];
  readonly site: number;
  /** -1 = none. */
  readonly switch: number;
  readonly fileserver: number;
  readonly port: PortRecord | undefined;
}

export interface FleetMap {
  readonly topology: Topology;
  readonly nodes: readonly MappedNode[];
  readonly elements: readonly Element[];
  readonly nodeByName: ReadonlyMap<string, MappedNode>;
  /** Indexes of the elements of one kind. */
  readonly ofKind: Readonly<Record<ElementKind, readonly number[]>>;
  readonly fleet: number;
  /** By element index: which observers stand by it, so that nobody looks for them in every pass. */
  readonly witnesses: readonly Witnesses[];
}

export interface Witnesses {
  /** Of a site: all there. Of a switch or a supply: those behind it. Of a fileserver: itself. */
  readonly fileservers: readonly string[];
  /** Of a site: all there. Of a supply: those that it feeds. Of a fileserver: the one before it. */
  readonly switches: readonly string[];
}

export function isCohort(kind: ElementKind): boolean {
  return COHORTS.has(kind);
}

/** "switch:sw-1" */
export function elementName({ kind, name }: Pick<Element, 'kind' | 'name'>): string {
  return `${kind}:${name}`;
}

interface Growing {
  readonly index: number;
  readonly kind: ElementKind;
  readonly name: string;
  readonly members: number[];
  readonly site: number;
}

/** @throws BrambleError `invalid-argument` for a topology that contradicts itself */
export function mapFleet(topology: Topology): FleetMap {
  assertTopology(topology);
  const elements: Growing[] = [];
  const indexes = new Map<string, number>();
  const add = (kind: ElementKind, name: string, site: number): number => {
    const key = elementName({ kind, name });
    const known = indexes.get(key);
    if (known !== undefined) return known;
    const index = elements.length;
    elements.push({ index, kind, name, members: [], site });
    indexes.set(key, index);
    return index;
  };
  const fleet = add('fleet', 'fleet', -1);
  const siteIndex = new Map(topology.sites.map(({ name }) => [name, add('site', name, elements.length)]));
  const siteOfRack = new Map(topology.racks.map(({ name, site }) => [name, siteIndex.get(site) ?? -1]));
  for (const { name } of topology.racks) add('rack', name, siteOfRack.get(name) ?? -1);
  const shelves = new Map(topology.shelves.map((shelf) => [shelf.name, shelf]));
  for (const { name, rack } of topology.shelves) add('shelf', name, siteOfRack.get(rack) ?? -1);
  for (const { name, rack } of topology.psus) add('psu', name, siteOfRack.get(rack) ?? -1);
  const switches = new Map(topology.switches.map((one) => [one.name, one]));
  for (const { name, rack } of topology.switches) add('switch', name, siteOfRack.get(rack) ?? -1);
  for (const { name, rack } of topology.fileservers) add('fileserver', name, siteOfRack.get(rack) ?? -1);

  const joined = topology.nodes.map((record, index): MappedNode => {
    const site = siteIndex.get(record.site) ?? -1;
    const own = record.plug === undefined ? undefined : switches.get(record.plug.switch);
    const mine = new Set<number>();
    const join = (kind: ElementKind, name: string, at: number): number => {
      if (name === '') return -1;
      const element = add(kind, name, at);
      if (!mine.has(element)) elements[element]?.members.push(index);
      mine.add(element);
      return element;
    };
    for (const psu of own?.psus ?? []) join('psu', psu, site);
    join('shelf', record.shelf, site);
    const switchIndex = join('switch', own?.name ?? '', site);
    const fileserver = join('fileserver', record.fileserver, site);
    join('rack', own?.rack ?? shelves.get(record.shelf)?.rack ?? '', site);
    join('site', record.site, site);
    join('image', record.image, -1);
    join('model', record.board.model, -1);
    join('firmware', record.board.firmware === '' ? '' : `${record.board.model} ${record.board.firmware}`, -1);
    join('fleet', 'fleet', -1);
    const port = own?.ports.find((one) => one.port === record.plug?.port);
    return { index, record, elements: [...mine], site, switch: switchIndex, fileserver, port };
  });
  const bySize = (a: number, b: number): number =>
    (elements[a]?.members.length ?? 0) - (elements[b]?.members.length ?? 0);
  const nodes = joined.map((node) => ({ ...node, elements: [...node.elements].sort(bySize) }));
  return {
    topology,
    nodes,
    elements,
    nodeByName: new Map(nodes.map((node) => [node.record.name, node])),
    ofKind: byKind(elements),
    fleet,
    witnesses: witnessesOf(topology, elements),
  };
}

function witnessesOf(topology: Topology, elements: readonly Growing[]): readonly Witnesses[] {
  const known = new Map<string, { readonly fileservers: string[]; readonly switches: string[] }>();
  const at = (kind: ElementKind, name: string) => {
    const key = elementName({ kind, name });
    const made = known.get(key) ?? { fileservers: [], switches: [] };
    known.set(key, made);
    return made;
  };
  const siteOfRack = new Map(topology.racks.map(({ name, site }) => [name, site]));
  const psusOf = new Map(topology.switches.map(({ name, psus }) => [name, psus]));
  for (const { name, rack, psus } of topology.switches) {
    at('site', siteOfRack.get(rack) ?? '').switches.push(name);
    at('switch', name).switches.push(name);
    for (const psu of psus) at('psu', psu).switches.push(name);
  }
  for (const { name, rack, switch: before } of topology.fileservers) {
    at('site', siteOfRack.get(rack) ?? '').fileservers.push(name);
    at('fileserver', name).fileservers.push(name);
    at('fileserver', name).switches.push(before);
    at('switch', before).fileservers.push(name);
    for (const psu of psusOf.get(before) ?? []) at('psu', psu).fileservers.push(name);
  }
  return elements.map((element) => known.get(elementName(element)) ?? { fileservers: [], switches: [] });
}

function byKind(elements: readonly Element[]): Readonly<Record<ElementKind, readonly number[]>> {
  const of = (kind: ElementKind): readonly number[] =>
    elements.filter((element) => element.kind === kind).map(({ index }) => index);
  return {
    psu: of('psu'),
    shelf: of('shelf'),
    switch: of('switch'),
    fileserver: of('fileserver'),
    rack: of('rack'),
    site: of('site'),
    fleet: of('fleet'),
    image: of('image'),
    model: of('model'),
    firmware: of('firmware'),
  };
}
