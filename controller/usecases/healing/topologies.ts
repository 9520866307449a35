import type { TopologyDocument } from '../../../proto/contract/api/topology.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import type { Node } from '../../domain/node.js';
import { type AddressReport, addressChange, addressReport } from '../../domain/topology/addresses.js';
import { type FleetMap, mapFleet } from '../../domain/topology/fleet-map.js';
import { piModelOf } from '../../domain/topology/pi-model.js';
import type { NodeRecord, Topology } from '../../domain/topology/records.js';
import { carryOut, type Prepared } from '../mutation.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { Store, StoreReader, StoreWriter, World } from '../ports.js';
import { EMPTY_TOPOLOGY, topologyOf } from './topology-document.js';

const REVISION_SETTING = 'topology-revision';
/** Names that cannot stand for a thing: the whole fleet has it. */
const FLEET = 'fleet';

interface TopologyDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  readonly nodes: NodeTable;
  readonly onCommitted: () => void;
}

/** What stands where: as somebody wrote it, and with every enrolled Pi that nobody wrote down standing by itself. */
export class Topologies {
  readonly #deps: TopologyDeps;
  #written: Topology = EMPTY_TOPOLOGY;
  #revision = 0;
  #map: FleetMap = mapFleet(EMPTY_TOPOLOGY);
  /** Of which nodes the map was made; `undefined` = it is to be made anew. */
  #madeOf: ReadonlyMap<NodeEntry, Node> | undefined;
  /** Up to which change of the table it is known that nothing that shows has changed. */
  #checkedChanges = -1;
  #entryByName: ReadonlyMap<string, NodeEntry> = new Map();
  #entries: readonly (NodeEntry | undefined)[] = [];
  #unlisted: readonly Node[] = [];

  constructor(deps: TopologyDeps) {
    this.#deps = deps;
  }

  async load(reader: StoreReader): Promise<void> {
    this.#written = (await reader.healing.topology()) ?? EMPTY_TOPOLOGY;
    this.#revision = Number((await reader.setting(REVISION_SETTING)) ?? 0);
    this.#madeOf = undefined;
  }

  get revision(): number {
    return this.#revision;
  }

  /** As it was written. */
  get written(): Topology {
    return this.#written;
  }

  /** Enrolled Pis that nobody wrote down. */
  get unlisted(): readonly Node[] {
    return this.#unlisted;
  }

  /** Everybody, by index; made anew when nodes or topology have changed. */
  map(): FleetMap {
    if (!this.#isCurrent()) this.#rebuild();
    return this.#map;
  }

  /** The enrolled node behind a name of the map; `undefined` = it never enrolled. */
  entryOf(name: string): NodeEntry | undefined {
    return this.#entryByName.get(name);
  }

  /** The same for everybody, by the index of the map that was asked for last. */
  entries(): readonly (NodeEntry | undefined)[] {
    return this.#entries;
  }

  /**
   * Replaces what was written. Every port and every node gets its numbers in the same transaction, or nothing changes.
   * @throws BrambleError `invalid-argument`, `failed-precondition` (changed meanwhile, a pool is used up)
   */
  async set(
    wish: { readonly document: TopologyDocument; readonly expectedRevision: number; readonly reason: string },
    actor: Actor,
  ): Promise<void> {
    const topology = topologyOf(wish.document);
    await carryOut(this.#deps.store, async (writer) => {
      const now = Number((await writer.setting(REVISION_SETTING)) ?? 0);
      if (now !== wish.expectedRevision) {
        throw new BrambleError('failed-precondition', `the topology is at revision ${now} by now`, {
          hint: 'look at it again, then change it',
        });
      }
      return this.changeIn(writer, { edit: () => topology, reason: wish.reason }, actor);
    });
  }

  /**
   * As a part of a larger change: an edit of what is written now. @throws as set()
   */
  async changeIn(
    writer: StoreWriter,
    { edit, reason }: { readonly edit: (topology: Topology) => Topology; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<void>> {
    const { world, onCommitted } = this.#deps;
    const topology = edit((await writer.healing.topology()) ?? EMPTY_TOPOLOGY);
    mapFleet(topology); // says what contradicts itself
    assertNamesFree(topology);
    const revision = 1 + Number((await writer.setting(REVISION_SETTING)) ?? 0);
    const atMs = world.clock.nowMs();
    const { taken, freed } = addressChange(topology, await writer.healing.allocations(), atMs);
    await writer.healing.putTopology(topology);
    for (const one of [...freed, ...taken]) await writer.healing.putAllocation(one);
    await writer.putSetting(REVISION_SETTING, String(revision));
    const counts = `${topology.nodes.length} nodes, ${topology.switches.length} switches, ${topology.fileservers.length} fileservers`;
    const message = `${visible(actor.name, 80)} set the topology (${counts}): ${visible(reason, 500)}`;
    await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason: 'TopologyChanged', message });
    const details = { revision, reason, numbersTaken: taken.length, numbersFreed: freed.length };
    const done = { atMs, actor, target: 'topology', site: undefined, outcome: 'done' } as const;
    await writer.audit.add({ ...done, action: 'topology.set', details });
    return {
      committed: () => {
        this.#written = topology;
        this.#revision = revision;
        this.#madeOf = undefined;
        onCommitted();
      },
    };
  }

  async addresses(): Promise<AddressReport> {
    const book = await this.#deps.store.reader.healing.allocations();
    return addressReport(this.#written, book, this.#deps.world.clock.nowMs());
  }

  /** Whether the map shows the nodes as they are now. Most are the very same objects as when it was made. */
  #isCurrent(): boolean {
    const madeOf = this.#madeOf;
    if (madeOf === undefined) return false;
    const { changes } = this.#deps.nodes;
    if (changes === this.#checkedChanges) return true;
    let count = 0;
    for (const entry of this.#deps.nodes.all()) {
      if (entry.node.kind !== 'pi') continue;
      count += 1;
      const shown = madeOf.get(entry);
      if (shown !== entry.node && (shown === undefined || !isShownAlike(shown, entry.node))) return false;
    }
    if (count !== madeOf.size) return false;
    this.#checkedChanges = changes;
    return true;
  }

  #rebuild(): void {
    const pis = [...this.#deps.nodes.all()].filter(({ node }) => node.kind === 'pi');
    this.#madeOf = new Map(pis.map((entry) => [entry, entry.node]));
    const byName = new Map<string, NodeEntry>();
    const bySerial = new Map<string, NodeEntry>();
    for (const entry of pis) {
      const { lifecycle, name, board } = entry.node;
      if (lifecycle === 'revoked') continue;
      byName.set(name, entry);
      bySerial.set(board.serial, entry);
    }
    const written = this.#written;
    const listed = new Map<string, NodeEntry>();
    for (const { name, board } of written.nodes) {
      const entry = byName.get(name) ?? bySerial.get(board.serial);
      if (entry !== undefined) listed.set(name, entry);
    }
    const known = new Set(listed.values());
    // A board that waits is written down, as a spare: that it enrolled once makes it no node.
    const spares = new Set(written.spares.map(({ board }) => board.serial));
    const others = [...byName.values()].filter((entry) => !known.has(entry) && !spares.has(entry.node.board.serial));
    const taken = new Set(namesOf(written));
    const alone = others.filter(({ node }) => !taken.has(node.name)).map(standingAlone);
    const derived = eachBoardOnce(alone, new Set(written.nodes.map(({ board }) => board.serial)));
    const sites = new Set(written.sites.map(({ name }) => name));
    const more = [...new Set(derived.map(({ site }) => site))].filter((site) => !sites.has(site) && !taken.has(site));
    this.#map = mapFleet({
      ...written,
      sites: [...written.sites, ...more.map((name) => ({ name, uplinkDownBitsPerS: 0, uplinkUpBitsPerS: 0 }))],
      nodes: [...written.nodes, ...derived.filter(({ site }) => sites.has(site) || more.includes(site))],
    });
    const derivedEntries = derived.flatMap(({ name }): readonly (readonly [string, NodeEntry])[] => {
      const entry = byName.get(name);
      return entry === undefined ? [] : [[name, entry]];
    });
    const entryByName = new Map([...listed, ...derivedEntries]);
    this.#entryByName = entryByName;
    this.#entries = this.#map.nodes.map(({ record }) => entryByName.get(record.name));
    this.#unlisted = others.map(({ node }) => node);
  }
}

function isShownAlike(a: Node, b: Node): boolean {
  const isSamePlace = a.name === b.name && a.site === b.site && a.lifecycle === b.lifecycle;
  return isSamePlace && a.board.serial === b.board.serial && a.board.model === b.board.model;
}

/** Of a Pi that nobody wrote down, all that is known is where it joined and what it is: nobody of ours powers or boots it. */
function standingAlone({ node }: NodeEntry): NodeRecord {
  return {
    name: node.name,
    site: node.site,
    shelf: '',
    plug: undefined,
    fileserver: '',
    board: { serial: node.board.serial, model: piModelOf(node.board.model), firmware: '' },
    image: '',
  };
}

/** What a node says of its board may be said by another as well, or of one that is written down elsewhere: then it is nobody's board. */
function eachBoardOnce(nodes: readonly NodeRecord[], taken: ReadonlySet<string>): readonly NodeRecord[] {
  const seen = new Set(taken);
  return nodes.map((node) => {
    const isTaken = seen.has(node.board.serial);
    seen.add(node.board.serial);
    return isTaken ? { ...node, board: { ...node.board, serial: '' } } : node;
  });
}

function namesOf(topology: Topology): readonly string[] {
  const { sites, racks, shelves, psus, switches, fileservers, nodes } = topology;
  return [sites, racks, shelves, psus, switches, fileservers, nodes].flatMap((list) => list.map(({ name }) => name));
}

function assertNamesFree(topology: Topology): void {
  if (!namesOf(topology).includes(FLEET)) return;
  throw new BrambleError('invalid-argument', `topology: ${FLEET} is the name of the whole fleet`, {
    hint: 'choose another name',
  });
}
