import type {
  ExplainView,
  HealingStatus,
  HoldView,
  NodeHealingView,
  PolicyView,
} from '../../../proto/contract/api/healing.js';
import type {
  AddressList,
  OfferList,
  PlacementAsk,
  PlacementView,
  TopologyDocument,
  TopologyView,
  WhatIfView,
} from '../../../proto/contract/api/topology.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeId } from '../../../proto/contract/ids.js';
import { visible } from '../../../proto/contract/visible.js';
import { covers, type Scope, scopeOf } from '../../domain/access/authorise.js';
import { renderExplain } from '../../domain/healing/explain.js';
import type { Node } from '../../domain/node.js';
import { type Offer, offerOf, place } from '../../domain/topology/capability.js';
import type { MappedNode } from '../../domain/topology/fleet-map.js';
import type { Topology } from '../../domain/topology/records.js';
import { whatIfUnplugged } from '../../domain/topology/what-if.js';
import { assertMay, type Caller } from '../access/caller.js';
import { IncidentDesk } from '../incidents/incident-desk.js';
import type { Store } from '../ports.js';
import type { Healing } from './healing.js';
import type { HoldWish } from './holds.js';
import type { StoredExplain } from './ports.js';
import { holdsSeen, siteOfThing, statusOf } from './status.js';
import { documentOf } from './topology-document.js';

type NamedNode = Pick<Node, 'id' | 'name' | 'site'>;

/** The node with this id, whoever asks. */
export type FindNode = (id: NodeId) => NamedNode | undefined;

/**
 * What people ask of healing and of the topology. Lists hold what is in the caller's scope; what spans sites wants a right
 * that is had everywhere.
 */
export class HealingDesk {
  readonly incidents: IncidentDesk;
  readonly #healing: Healing;
  readonly #find: FindNode;
  readonly #store: Pick<Store, 'reader'>;

  constructor(deps: { readonly healing: Healing; readonly find: FindNode; readonly store: Pick<Store, 'reader'> }) {
    this.#healing = deps.healing;
    this.incidents = new IncidentDesk({ book: deps.healing.incidents, store: deps.store, nodes: deps.healing.nodes });
    this.#find = deps.find;
    this.#store = deps.store;
  }

  status(caller: Caller): HealingStatus {
    return statusOf(this.#healing, this.#scope(caller));
  }

  /** @throws BrambleError `not-found` */
  async node(id: NodeId, limit: number, caller: Caller): Promise<NodeHealingView> {
    const node = this.#seen(id, caller);
    const { memory, clock, topologies } = this.#healing;
    const mapped = this.#mapped(id);
    const name = mapped?.record.name ?? node.name;
    const heal = mapped === undefined ? undefined : memory.nodes.get(mapped.index);
    const records = await this.#store.reader.healing.explainRecords({ node: name, limit });
    return {
      node: visible(name, 63),
      state: heal?.state ?? 'healthy',
      tried: [...(heal?.tried ?? [])],
      isListed: topologies.written.nodes.some((one) => one.name === name),
      records: records.map(explainView),
      ...(heal === undefined
        ? {}
        : { sinceMs: clock.wallOf(heal.sinceMs), troubleSinceMs: clock.wallOf(heal.troubleSinceMs) }),
    };
  }

  /** Somebody has been there: it starts anew. @throws BrambleError `not-found`, `permission-denied` */
  async repaired(id: NodeId, caller: Caller): Promise<void> {
    const node = this.#seen(id, caller);
    assertMay(caller, 'nodes.maintain', node.site);
    const mapped = this.#mapped(id);
    if (mapped === undefined) {
      throw new BrambleError('failed-precondition', 'it is no node that is healed', {
        hint: 'fileservers and switches are not: their trouble is told, and people see to it',
      });
    }
    await this.#healing.repaired(mapped.record.name, node, caller.actor);
  }

  holds(caller: Caller): readonly HoldView[] {
    return holdsSeen(this.#healing, this.#scope(caller));
  }

  /** @throws BrambleError `not-found`, `invalid-argument`, `permission-denied` */
  async hold(wish: HoldWish, caller: Caller): Promise<HoldView> {
    assertMay(caller, 'nodes.maintain', this.#siteFor(wish.scope, caller));
    return await this.#healing.holds.place(wish, this.#healing.topologies.map(), caller.actor);
  }

  /** One that is not there is success. @throws BrambleError `permission-denied` */
  async lift(id: string, caller: Caller): Promise<void> {
    const hold = this.#healing.holds.get(id);
    if (hold === undefined) return;
    assertMay(caller, 'nodes.maintain', this.#siteFor(hold.scope, caller));
    await this.#healing.holds.lift(id, caller.actor);
  }

  policy(caller: Caller): PolicyView {
    assertMay(caller, 'nodes.read');
    return this.#healing.policies.view();
  }

  async policies(limit: number, caller: Caller): Promise<readonly PolicyView[]> {
    assertMay(caller, 'nodes.read');
    return await this.#healing.policies.history(limit);
  }

  /** @throws BrambleError `invalid-argument`, `failed-precondition`, `permission-denied` */
  async setPolicy(text: string, reason: string, caller: Caller): Promise<PolicyView> {
    assertMay(caller, 'healing.manage');
    return await this.#healing.policies.set(text, reason, caller.actor);
  }

  topology(caller: Caller): TopologyView {
    const { written, revision } = this.#healing.topologies;
    return { revision, topology: documentOf(within(written, this.#scope(caller))) };
  }

  /** @throws BrambleError see Topologies.set(), `permission-denied` */
  async setTopology(
    wish: { readonly document: TopologyDocument; readonly expectedRevision: number; readonly reason: string },
    caller: Caller,
  ): Promise<TopologyView> {
    assertMay(caller, 'healing.manage');
    await this.#healing.topologies.set(wish, caller.actor);
    this.#healing.poke();
    return this.topology(caller);
  }

  async addresses(caller: Caller): Promise<AddressList> {
    const scope = this.#scope(caller);
    const { nodes, pools, leaks } = await this.#healing.topologies.addresses();
    const own = new Set(within(this.#healing.topologies.written, scope).nodes.map(({ name }) => name));
    const isWhole = scope === 'all';
    return {
      nodes: nodes.filter(({ node }) => own.has(node)).map((one) => ({ ...one })),
      pools: isWhole ? pools.map(({ exhaustedInDays, ...pool }) => ({ ...pool, ...days(exhaustedInDays) })) : [],
      leaks: isWhole ? [...leaks] : [],
    };
  }

  /** @throws BrambleError `not-found` */
  whatIf(name: string, caller: Caller): WhatIfView {
    this.#siteFor(name, caller);
    const answer = whatIfUnplugged(this.#healing.topologies.map(), name);
    return { ...answer, takesAlong: [...answer.takesAlong], nodes: answer.nodes.map((one) => ({ ...one })) };
  }

  offers(caller: Caller): OfferList {
    return { offers: this.#offersFor(caller).map((offer) => ({ ...offer })) };
  }

  /** Where work of a size would fit: nodes that are in service, fresh, and that nobody keeps away from. */
  place({ count, ...ask }: PlacementAsk, caller: Caller): PlacementView {
    const wanted = Object.fromEntries(Object.entries(ask).filter(([, value]) => value !== undefined));
    const { nodes, rejected } = place(this.#offersFor(caller), { count, ...wanted });
    return { nodes: [...nodes], rejected: { ...rejected } };
  }

  #offersFor(caller: Caller): readonly Offer[] {
    const scope = this.#scope(caller);
    const { map: planned, memory, topologies } = this.#healing;
    const map = topologies.map();
    const isTroubled = (name: string): boolean => memory.nodes.has(planned.nodeByName.get(name)?.index ?? -1);
    return map.nodes.flatMap((node) => {
      const entry = topologies.entryOf(node.record.name);
      const isReady =
        entry?.liveness === 'fresh' &&
        entry.node.lifecycle === 'enrolled' &&
        entry.maintenance === undefined &&
        !isTroubled(node.record.name);
      return isReady && covers(scope, node.record.site) ? [offerOf(map, node)] : [];
    });
  }

  #seen(id: NodeId, caller: Caller): NamedNode {
    const node = this.#find(id);
    if (node !== undefined && covers(this.#scope(caller), node.site)) return node;
    throw new BrambleError('not-found', `node ${id} is not known`);
  }

  #mapped(id: NodeId): MappedNode | undefined {
    const { map, topologies } = this.#healing;
    return map.nodes.find(({ record }) => topologies.entryOf(record.name)?.node.id === id);
  }

  #scope(caller: Caller): Scope {
    assertMay(caller, 'nodes.read');
    return scopeOf(caller.principal, 'nodes.read');
  }

  /** For rights: what the caller may not see is not there; what spans sites is everybody's. */
  #siteFor(name: string, caller: Caller): string {
    const site = siteOfThing(this.#healing.topologies.map(), name);
    if (site === undefined || covers(this.#scope(caller), site)) return site ?? WHOLE_FLEET;
    throw unknownThing(name);
  }
}

/** A name that no site can have: only a right for all sites covers it. */
const WHOLE_FLEET = '(fleet)';

function unknownThing(name: string): BrambleError {
  return new BrambleError('not-found', `nothing in the topology is called ${visible(name, 63)}`);
}

function days(exhaustedInDays: number | undefined): { readonly exhaustedInDays?: number } {
  return exhaustedInDays === undefined ? {} : { exhaustedInDays };
}

function explainView({ id, record }: StoredExplain): ExplainView {
  const { rung, action, cause, objection, missing, ...rest } = record;
  return {
    ...rest,
    id,
    passed: [...record.passed],
    words: visible(renderExplain(record), 1_000),
    ...(rung === undefined ? {} : { rung }),
    ...(action === undefined ? {} : { action }),
    ...(cause === undefined ? {} : { cause }),
    ...(missing === undefined ? {} : { missing }),
    ...(objection === undefined ? {} : { objection: { ...objection, members: [...objection.members] } }),
  };
}

/** What of a topology lies at the sites that somebody may see. */
function within(topology: Topology, scope: Scope): Topology {
  if (scope === 'all') return topology;
  const sees = ({ site }: { readonly site: string }): boolean => scope.has(site);
  const racks = topology.racks.filter(sees);
  const names = new Set(racks.map(({ name }) => name));
  const stands = ({ rack }: { readonly rack: string }): boolean => names.has(rack);
  return {
    sites: topology.sites.filter(({ name }) => scope.has(name)),
    racks,
    shelves: topology.shelves.filter(stands),
    psus: topology.psus.filter(stands),
    switches: topology.switches.filter(stands),
    fileservers: topology.fileservers.filter(stands),
    nodes: topology.nodes.filter(sees),
    spares: topology.spares.filter(sees),
    pools: topology.pools.filter((pool) => 'site' in pool && scope.has(pool.site)),
  };
}
