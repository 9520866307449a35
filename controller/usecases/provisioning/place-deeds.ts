import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeId } from '../../../proto/contract/ids.js';
import type { Actor } from '../../domain/access/actor.js';
import type { Board, Node } from '../../domain/node.js';
import type { Deed } from '../../domain/provisioning/orders.js';
import {
  nodeNamed,
  portsSwapped,
  spareOf,
  withNodeGivenBack,
  withNodeMoved,
  withNodeMovedBack,
  withSpareTaken,
} from '../../domain/provisioning/places.js';
import type { Saga } from '../../domain/provisioning/saga.js';
import type { NodeRecord, SpareRecord, Topology } from '../../domain/topology/records.js';
import type { Topologies } from '../healing/topologies.js';
import type { Prepared } from '../mutation.js';
import type { NodeEntry } from '../node-table.js';
import type { StoreWriter, World } from '../ports.js';
import type { Begun } from './begun.js';

export interface PlaceDeps {
  readonly world: Pick<World, 'clock'>;
  readonly topologies: () => Pick<Topologies, 'changeIn'>;
  /** The enrolled node behind a name of the topology. */
  readonly entryOf: (name: string) => NodeEntry | undefined;
  readonly refreshNode: (id: NodeId) => Promise<unknown>;
  readonly revokeIn: (
    writer: StoreWriter,
    asked: { readonly id: NodeId; readonly reason: string },
    actor: Actor,
  ) => Promise<Prepared<Node>>;
}

interface Asked {
  readonly saga: Saga;
  readonly edit: Extract<Deed, { kind: 'topology' }>['edit'];
  readonly before: string;
  readonly actor: Actor;
}

/** What a node was before it moved. */
interface MovedFrom {
  readonly node: NodeRecord;
  readonly spare: SpareRecord;
  /** `null` = nobody of this name was enrolled. */
  readonly board: Board | null;
}

/** Steps that change who stands where: done with the transaction that says so. */
export async function places(deps: PlaceDeps, writer: StoreWriter, asked: Asked): Promise<Begun> {
  switch (asked.edit) {
    case 'reserve':
      return await reserve(deps, writer, asked);
    case 'unreserve':
      return await change(deps, writer, asked, (topology) => withNodeGivenBack(topology, asked.saga.target.node));
    case 'move':
      return await move(deps, writer, asked);
    case 'move-back':
      return await moveBack(deps, writer, asked);
    case 'retire':
      return await retire(deps, writer, asked);
  }
}

function done(detail: string, before: string, prepared: readonly Prepared<unknown>[]): Begun {
  return {
    token: '',
    before,
    outcome: { kind: 'done', detail },
    committed: async () => {
      for (const one of prepared) await one.committed();
    },
    undone: () => {
      for (const one of prepared) one.undone?.();
    },
  };
}

async function change(
  { topologies }: PlaceDeps,
  writer: StoreWriter,
  { saga, actor }: Asked,
  edit: (topology: Topology) => Topology,
): Promise<Begun> {
  const reason = `${saga.kind} of ${saga.target.node}`;
  return done('', '', [await topologies().changeIn(writer, { edit, reason }, actor)]);
}

async function reserve(deps: PlaceDeps, writer: StoreWriter, asked: Asked): Promise<Begun> {
  const { target, wish } = asked.saga;
  const topology = await writer.healing.topology();
  if (topology !== undefined && nodeNamed(topology, target.node) !== undefined) return done('it has its place', '', []);
  if (topology === undefined || spareOf(topology, target.boardSerial) === undefined) {
    throw new BrambleError('failed-precondition', `board ${target.boardSerial} is no spare any more`);
  }
  const taken = await change(deps, writer, asked, (now) =>
    withSpareTaken(now, target.boardSerial, target.node, wish.image),
  );
  return { ...taken, before: 'spare', outcome: { kind: 'done', detail: `board ${target.boardSerial} is taken` } };
}

async function move(deps: PlaceDeps, writer: StoreWriter, asked: Asked): Promise<Begun> {
  const { target } = asked.saga;
  const topology = await writer.healing.topology();
  const node = topology && nodeNamed(topology, target.node);
  const spare = topology && spareOf(topology, target.spare?.serial ?? '');
  if (node === undefined || spare === undefined) {
    throw new BrambleError('failed-precondition', 'the node or the spare board is not in the topology any more');
  }
  await swapNumbers(deps, writer, asked);
  const changed = await change(deps, writer, asked, (now) => withNodeMoved(now, node.name, target.spare?.serial ?? ''));
  const own = await newBoardOf(deps, writer, node.name, (board) => ({
    ...board,
    serial: spare.board.serial,
    macAddresses: [],
  }));
  const was: MovedFrom = { node, spare, board: own.before ?? null };
  return done(
    `board ${spare.board.serial} is ${node.name} now`,
    JSON.stringify(was),
    [{ committed: () => changed.committed?.() }, own], // topology first: views are made of both
  );
}

async function moveBack(deps: PlaceDeps, writer: StoreWriter, asked: Asked): Promise<Begun> {
  if (asked.before === '') return done('it was not moved', '', []);
  const was = JSON.parse(asked.before) as MovedFrom; // as move() wrote it
  await swapNumbers(deps, writer, asked);
  const changed = await change(deps, writer, asked, (now) => withNodeMovedBack(now, was.node, was.spare));
  const { board } = was;
  const own = await newBoardOf(deps, writer, was.node.name, (now) => board ?? now);
  return done('', '', [{ committed: () => changed.committed?.() }, own]);
}

/** The node keeps its VLAN and its storage addresses: its root and its command line name them. */
async function swapNumbers({ world }: PlaceDeps, writer: StoreWriter, { saga }: Asked): Promise<void> {
  const { plug, spare } = saga.target;
  if (spare === undefined) return;
  const book = await writer.healing.allocations();
  const { freed, taken } = portsSwapped(book, plug, spare.plug, world.clock.nowMs());
  for (const one of [...freed, ...taken]) await writer.healing.putAllocation(one);
}

async function newBoardOf(
  { entryOf, refreshNode }: PlaceDeps,
  writer: StoreWriter,
  name: string,
  next: (board: Board) => Board,
): Promise<Prepared<unknown> & { readonly before: Board | undefined }> {
  const id = entryOf(name)?.node.id;
  const stored = id === undefined ? undefined : await writer.node(id);
  if (id === undefined || stored === undefined) return { before: undefined, committed: () => undefined };
  await writer.putNode({ ...stored, board: next(stored.board) });
  return { before: stored.board, committed: () => refreshNode(id) };
}

async function retire(deps: PlaceDeps, writer: StoreWriter, asked: Asked): Promise<Begun> {
  const { node } = asked.saga.target;
  const id = deps.entryOf(node)?.node.id;
  const reason = `released: ${asked.saga.reason}`;
  const revoked = id === undefined ? [] : [await deps.revokeIn(writer, { id, reason }, asked.actor)];
  const changed = await change(deps, writer, asked, (now) => withNodeGivenBack(now, node));
  return done('its board waits as a spare', '', [...revoked, { committed: () => changed.committed?.() }]);
}
