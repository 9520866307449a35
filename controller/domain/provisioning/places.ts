/** Who stands where after a step: edits of the topology, and of who has which numbers. */

import type { Allocation } from '../topology/allocate.js';
import { plugName } from '../topology/check.js';
import type { NodeRecord, PlugRecord, SpareRecord, Topology } from '../topology/records.js';

/** Last eight digits of a serial number: what boot ROMs ask for. */
export function boardSerialOf(serial: string): string {
  return serial.toLowerCase().slice(-8);
}

export function spareOf({ spares }: Topology, serial: string): SpareRecord | undefined {
  return spares.find(({ board }) => boardSerialOf(board.serial) === serial);
}

export function nodeNamed({ nodes }: Topology, name: string): NodeRecord | undefined {
  return nodes.find((node) => node.name === name);
}

/** A board that waits becomes a node. */
export function withSpareTaken(topology: Topology, serial: string, name: string, image: string): Topology {
  const spare = spareOf(topology, serial);
  if (spare === undefined) return topology;
  const { board, site, fileserver, plug } = spare;
  const node: NodeRecord = { name, site, shelf: '', plug, fileserver, board, image };
  return { ...topology, nodes: [...topology.nodes, node], spares: topology.spares.filter((one) => one !== spare) };
}

/** A node becomes a board that waits; one without a plug or a fileserver is simply gone. */
export function withNodeGivenBack(topology: Topology, name: string): Topology {
  const node = nodeNamed(topology, name);
  if (node === undefined) return topology;
  const nodes = topology.nodes.filter((one) => one !== node);
  const { board, site, fileserver, plug } = node;
  if (plug === undefined || fileserver === '') return { ...topology, nodes };
  return { ...topology, nodes, spares: [...topology.spares, { board, site, fileserver, plug }] };
}

/** A node lives on another board, on the port of that board; the old board is nobody's. */
export function withNodeMoved(topology: Topology, name: string, serial: string): Topology {
  const spare = spareOf(topology, serial);
  if (spare === undefined) return topology;
  const { board, plug } = spare;
  return {
    ...topology,
    nodes: topology.nodes.map((node) => (node.name === name ? { ...node, board, plug } : node)),
    spares: topology.spares.filter((one) => one !== spare),
  };
}

/** As it was before a node was moved. */
export function withNodeMovedBack(topology: Topology, before: NodeRecord, spare: SpareRecord): Topology {
  const isThere = topology.spares.some(({ board }) => board.serial === spare.board.serial);
  return {
    ...topology,
    nodes: topology.nodes.map((node) => (node.name === before.name ? before : node)),
    spares: isThere ? topology.spares : [...topology.spares, spare],
  };
}

export interface Swap {
  /** To be written first: the numbers are nobody's for a moment. */
  readonly freed: readonly Allocation[];
  readonly taken: readonly Allocation[];
}

/** Two ports change their VLANs and storage blocks: the node keeps its own on its new port. */
export function portsSwapped(book: readonly Allocation[], one: PlugRecord, other: PlugRecord, nowMs: number): Swap {
  const owners = new Map([
    [`port ${plugName(one)}`, `port ${plugName(other)}`],
    [`port ${plugName(other)}`, `port ${plugName(one)}`],
  ]);
  const held = book.filter(({ owner, freedAtMs }) => freedAtMs === undefined && owners.has(owner));
  return {
    freed: held.map((allocation) => ({ ...allocation, freedAtMs: nowMs })),
    taken: held.map((allocation) => ({
      ...allocation,
      owner: owners.get(allocation.owner) ?? allocation.owner,
      takenAtMs: Math.max(nowMs, allocation.takenAtMs + 1),
    })),
  };
}
