/** Fleets of any size for tests, benchmarks and the simulator: regular, with names that say where things are. */

import type { NodeRecord, PiModel, PortRecord, SpareRecord, Topology } from '../topology/records.js';

export interface FleetSpec {
  readonly sites: number;
  readonly nodesPerSite: number;
  /** Boards that wait, per site: of the models in turn. */
  readonly sparesPerSite: number;
  readonly nodesPerSwitch: number;
  readonly nodesPerShelf: number;
  readonly models: readonly PiModel[];
  readonly images: readonly string[];
}

/** 24 Pis at 3 sites, each with a fileserver, a switch and a spare of each model. */
export const DEFAULT_FLEET: FleetSpec = {
  sites: 3,
  nodesPerSite: 8,
  sparesPerSite: 3,
  nodesPerSwitch: 24,
  nodesPerShelf: 96,
  models: ['3b', '3b+', '4b'],
  images: ['bookworm-1'],
};

const PORT: Omit<PortRecord, 'port' | 'interfaceName' | 'role'> = {
  isProtected: false,
  priority: 1,
  allocatedMilliW: 15_400,
  redundancyGroup: '',
};

const port = (number: number, role: PortRecord['role']): PortRecord => ({
  ...PORT,
  port: number,
  interfaceName: `swp${number}`,
  role,
});

function pick<T>(list: readonly T[], at: number): T {
  const one = list[at % list.length];
  if (one === undefined) throw new RangeError('a fleet needs at least one model and one image');
  return one;
}

export function buildTopology(spec: FleetSpec = DEFAULT_FLEET): Topology {
  const all = Array.from({ length: spec.sites }, (_, at) => buildSite(spec, at + 1));
  return {
    sites: all.flatMap(({ sites }) => sites),
    racks: all.flatMap(({ racks }) => racks),
    shelves: all.flatMap(({ shelves }) => shelves),
    psus: all.flatMap(({ psus }) => psus),
    switches: all.flatMap(({ switches }) => switches),
    fileservers: all.flatMap(({ fileservers }) => fileservers),
    nodes: all.flatMap(({ nodes }) => nodes),
    spares: all.flatMap(({ spares }) => spares),
    pools: all.flatMap(({ pools }) => pools),
  };
}

function buildSite(spec: FleetSpec, number: number): Topology {
  const name = `site${number}`;
  const [rack, fileserver] = [`${name}-rack`, `${name}-fs`];
  const perSwitch = spec.nodesPerSwitch;
  const boards = spec.nodesPerSite + spec.sparesPerSite;
  const switchesCount = Math.ceil(boards / perSwitch);
  const switchName = (at: number): string => `${name}-sw${Math.floor(at / perSwitch) + 1}`;
  const plug = (at: number) => ({ switch: switchName(at), port: (at % perSwitch) + 1 });
  const board = (at: number) => ({
    serial: (number * 100_000 + at).toString(16).padStart(8, '0'),
    model: pick(spec.models, at),
    firmware: '2024-01',
  });
  const node = (at: number): NodeRecord => ({
    name: `${name}-pi${String(at + 1).padStart(3, '0')}`,
    site: name,
    shelf: `${name}-shelf${Math.floor(at / spec.nodesPerShelf) + 1}`,
    plug: plug(at),
    fileserver,
    board: board(at),
    image: pick(spec.images, at + number),
  });
  const spare = (at: number): SpareRecord => ({ board: board(at), site: name, fileserver, plug: plug(at) });
  const ports = Array.from({ length: perSwitch }, (_, at): PortRecord => port(at + 1, 'node'));
  const trunks: readonly PortRecord[] = [
    { ...port(perSwitch + 1, 'fileserver'), isProtected: true },
    { ...port(perSwitch + 2, 'uplink'), isProtected: true },
  ];
  return {
    sites: [{ name, uplinkDownBitsPerS: 100_000_000, uplinkUpBitsPerS: 20_000_000 }],
    racks: [{ name: rack, site: name }],
    shelves: Array.from({ length: Math.ceil(spec.nodesPerSite / spec.nodesPerShelf) }, (_, at) => ({
      name: `${name}-shelf${at + 1}`,
      rack,
    })),
    psus: Array.from({ length: 2 * switchesCount }, (_, at) => ({
      name: `${name}-psu${at + 1}`,
      rack,
      poeMilliW: perSwitch * 12_000,
    })),
    switches: Array.from({ length: switchesCount }, (_, at) => ({
      name: `${name}-sw${at + 1}`,
      rack,
      psus: [`${name}-psu${2 * at + 1}`, `${name}-psu${2 * at + 2}`],
      vlanDomain: name,
      ports: [...ports, ...trunks],
    })),
    fileservers: [{ name: fileserver, rack, psus: [`${name}-psu1`, `${name}-psu2`], switch: `${name}-sw1` }],
    nodes: Array.from({ length: spec.nodesPerSite }, (_, at) => node(at)),
    spares: Array.from({ length: spec.sparesPerSite }, (_, at) => spare(spec.nodesPerSite + at)),
    pools: [],
  };
}
