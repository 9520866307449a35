import type { TopologyDocument } from '../../../proto/contract/api/topology.js';
import type { PortRecord, Topology } from '../../domain/topology/records.js';

type PortForm = TopologyDocument['switches'][number]['ports'][number];

/** What an operator wrote, with what they left out. */
export function topologyOf(document: TopologyDocument): Topology {
  return {
    ...document,
    switches: document.switches.map((one) => ({ ...one, ports: one.ports.flatMap(portsOf) })),
    nodes: document.nodes.map((node) => ({ ...node, plug: node.plug })),
  };
}

function portsOf({ port, toPort = port, interfaceName, isProtected, ...rest }: PortForm): readonly PortRecord[] {
  return Array.from({ length: Math.max(1, toPort - port + 1) }, (_, at) => ({
    ...rest,
    port: port + at,
    interfaceName: interfaceName !== undefined && at === 0 ? interfaceName : `swp${port + at}`,
    isProtected: isProtected ?? rest.role !== 'node',
  }));
}

/** The same in the form that can be written back. */
export function documentOf(topology: Topology): TopologyDocument {
  return {
    sites: [...topology.sites],
    racks: [...topology.racks],
    shelves: [...topology.shelves],
    psus: [...topology.psus],
    switches: topology.switches.map((one) => ({ ...one, psus: [...one.psus], ports: [...one.ports] })),
    fileservers: topology.fileservers.map((one) => ({ ...one, psus: [...one.psus] })),
    nodes: topology.nodes.map(({ plug, ...node }) => (plug === undefined ? node : { ...node, plug })),
    spares: [...topology.spares],
    pools: topology.pools.map((pool) => (pool.kind === 'vlan' ? { ...pool, reserved: [...pool.reserved] } : pool)),
  };
}

export const EMPTY_TOPOLOGY: Topology = {
  sites: [],
  racks: [],
  shelves: [],
  psus: [],
  switches: [],
  fileservers: [],
  nodes: [],
  spares: [],
  pools: [],
};
