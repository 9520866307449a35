import type { HealingView } from '../../../proto/contract/api/fleet.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import type { Desired, Hold, Lifecycle } from '../../domain/healing/desired.js';
import { type ExplainRecord, renderExplain } from '../../domain/healing/explain.js';
import { emptyMemory, type HealMemory, remapMemory } from '../../domain/healing/memory.js';
import { type Plan, plan } from '../../domain/healing/plan.js';
import type { Node } from '../../domain/node.js';
import type { FleetMap, MappedNode } from '../../domain/topology/fleet-map.js';
import type { Boards } from '../boards.js';
import type { CommandHold } from '../command-hold.js';
import type { Commands } from '../commands.js';
import type { Counters } from '../counters.js';
import { IncidentBook } from '../incidents/incident-book.js';
import type { Journal } from '../journal.js';
import type { Maintenances } from '../maintenance.js';
import type { NodeConfigs } from '../node-configs.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { Store, StoreWriter, World } from '../ports.js';
import type { Provisioning } from '../provisioning/provisioning.js';
import { EvidenceGatherer, type TunnelOf } from './evidence/gather.js';
import { Holds } from './holds.js';
import { MemoryKeeper } from './memory-keeper.js';
import { type ParsePolicy, Policies } from './policies.js';
import type { ActionRecord } from './ports.js';
import { RecentChanges } from './recent-changes.js';
import { Remedies } from './remedies.js';
import { type Agents, MEANS } from './remedy-commands.js';
import { SteadyClock } from './steady-clock.js';
import { Topologies } from './topologies.js';
import { wordsOf } from './words.js';

/** Between two passes, unless somebody asks for one. */
const PASS_MS = 10_000;

export interface HealingDeps {
  readonly store: Store;
  readonly world: World;
  readonly nodes: NodeTable;
  readonly boards: Pick<Boards, 'seenBy'>;
  readonly commands: Pick<Commands, 'issueIn'>;
  readonly configs: Pick<NodeConfigs, 'rollback'>;
  readonly maintenances: Pick<Maintenances, 'inForce'>;
  readonly hold: Pick<CommandHold, 'because'>;
  readonly journal: Pick<Journal, 'write'>;
  readonly sagas: Pick<Provisioning, 'holds' | 'startIn' | 'get' | 'abilities' | 'workedOnUntilMs'>;
  readonly counters: Counters;
  /** End of the amnesty after this start; monotonic. */
  readonly graceUntilMs: number;
  readonly parsePolicy: ParsePolicy;
  /** How late timers are, windowed. */
  readonly loopLagMs: () => number;
  /** Absent = there is no overlay. */
  readonly tunnelOf?: TunnelOf | undefined;
  /** Who is told of incidents, as the configuration calls them. */
  readonly channels: readonly string[];
  readonly onChanged: (entry: NodeEntry) => void;
  readonly onCommitted: () => void;
}

/** Looks at the fleet again and again, plans, writes down what it planned and why, and has it carried out. */
export class Healing {
  readonly topologies: Topologies;
  readonly holds: Holds;
  readonly policies: Policies;
  readonly remedies: Remedies;
  readonly incidents: IncidentBook;
  readonly #deps: HealingDeps;
  readonly #clock: SteadyClock;
  readonly #keeper: MemoryKeeper;
  readonly #changes: RecentChanges;
  readonly #gatherer: EvidenceGatherer;
  #memory: HealMemory = emptyMemory();
  #map: FleetMap;
  #causes: Plan['causes'] = [];
  readonly #repaired = new Set<string>();
  #dueMs = 0;
  #lastPassAtMs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: HealingDeps) {
    const { store, world, nodes, boards, onCommitted } = deps;
    const clock = new SteadyClock(world.clock);
    const onChanged = (): void => this.poke();
    this.#deps = deps;
    this.#clock = clock;
    this.topologies = new Topologies({ store, world, nodes, onCommitted });
    this.holds = new Holds({ ...deps, clock, onChanged });
    this.policies = new Policies({ store, world, parse: deps.parsePolicy, onCommitted: () => this.#committed() });
    this.remedies = new Remedies({
      ...deps,
      clock,
      agentsOf: (index) => this.#agentsOf(index),
      hindrance: (action, index) => this.#hindrance(action, index),
    });
    this.incidents = new IncidentBook({ ...deps, onCommitted });
    this.#keeper = new MemoryKeeper(clock);
    const { configs, commands } = deps;
    this.#changes = new RecentChanges({ store, clock, nodes, configs, commands, log: world.log });
    const startedAtMs = world.clock.monotonicMs();
    this.#gatherer = new EvidenceGatherer({
      ...{ nodes, boards, topologies: this.topologies, startedAtMs, tunnelOf: deps.tunnelOf },
      rootsOf: (node) => deps.sagas.abilities(node),
    });
    this.#map = this.topologies.map();
  }

  async load(): Promise<void> {
    const { reader } = this.#deps.store;
    await this.topologies.load(reader);
    await this.holds.load(reader);
    await this.policies.load(reader);
    await this.remedies.load();
    await this.incidents.load(reader, this.remedies.all());
    this.#map = this.topologies.map();
    this.#memory = await this.#keeper.load(reader, this.#map);
    this.#show(new Map());
  }

  /** What is under way ends by itself. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Plans with the next sweep: something changed that people wait for. */
  poke(): void {
    this.#dueMs = 0;
  }

  get nodes(): NodeTable {
    return this.#deps.nodes;
  }

  get map(): FleetMap {
    return this.#map;
  }

  get memory(): HealMemory {
    return this.#memory;
  }

  get causes(): Plan['causes'] {
    return this.#causes;
  }

  get clock(): SteadyClock {
    return this.#clock;
  }

  /** Wall clock. */
  get lastPassAtMs(): number | undefined {
    return this.#lastPassAtMs;
  }

  get graceMs(): number {
    return Math.max(0, Math.round(this.#deps.graceUntilMs - this.#clock.nowMs()));
  }

  get heldBecause(): string | undefined {
    return this.#deps.hold.because;
  }

  /** Somebody has been there: it starts anew. */
  async repaired(name: string, { id, site }: Pick<Node, 'id' | 'site'>, actor: Actor): Promise<void> {
    await this.#deps.store.transact(async (writer) => {
      const atMs = this.#deps.world.clock.nowMs();
      const message = `${visible(actor.name, 80)} says that it is repaired: healing begins anew`;
      await writer.addFleetEvent({ atMs, nodeId: id, severity: 'info', reason: 'NodeRepaired', message });
      await writer.audit.add({ atMs, actor, action: 'node.repaired', target: id, site, outcome: 'done', details: {} });
    });
    this.#repaired.add(name);
    this.#committed();
  }

  #committed(): void {
    this.poke();
    this.#deps.onCommitted();
  }

  /** Once a second. */
  sweep(): void {
    this.holds.sweep();
    if (this.#running !== undefined) return;
    this.#running = this.#work()
      .catch((thrown: unknown) => {
        this.#deps.counters.add('healing_failures_total');
        this.#deps.world.log.error({ err: thrown }, 'a pass of healing failed; nothing of it counts');
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #work(): Promise<void> {
    await this.remedies.work(this.#map);
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + PASS_MS;
    // Who changed what is asked when something is amiss: it is on record, and a suspect is looked at for a minute before.
    if (this.#memory.nodes.size > 0) await this.#changes.look();
    await this.#pass();
    await this.remedies.work(this.#map);
  }

  async #pass(): Promise<void> {
    const { store, counters } = this.#deps;
    const { before, map } = this.#remapped();
    const nowMs = this.#clock.nowMs();
    const { policy } = this.policies;
    const repaired = new Set(this.#repaired);
    const observed = this.#observe(map, before, nowMs);
    const desired = this.#desired(map, repaired);
    const planned = plan(observed, desired, policy, nowMs);
    const told = planned.records.map((record) => this.#stored(record));
    const news = this.incidents.look({ ...this.#passSeen(told), observed, desired, policy, planned, nowMs });
    const isNews = told.length > 0 || planned.starts.length > 0 || this.#keeper.differs(before, planned.memory);
    const write = async (writer: StoreWriter) => {
      await this.#keeper.save(writer, map, before, planned.memory);
      for (const record of told) await this.#tell(writer, record, map);
      const incidents = news === undefined ? [] : await this.incidents.writeIn(writer, news);
      return { incidents, actions: await this.remedies.planIn(writer, planned.starts) };
    };
    const nothing = { incidents: [], actions: [] };
    const { incidents, actions } = isNews || news !== undefined ? await store.transact(write) : nothing;
    for (const name of repaired) this.#repaired.delete(name); // not before: a pass that fails begins anew
    this.#map = map;
    this.#memory = planned.memory;
    this.#causes = planned.causes;
    this.#lastPassAtMs = this.#clock.wallOf(nowMs);
    this.remedies.planned(actions);
    if (news !== undefined) this.incidents.committed(news, incidents);
    counters.add('healing_passes_total');
    if (told.length > 0 || news !== undefined) this.#deps.onCommitted();
    this.#show(before.nodes);
    for (const id of planned.cancels) await this.remedies.cancel(id, 'it is not wanted any more');
    for (const id of planned.reverts) await this.#changes.revert(id);
    if (planned.lookAgainAtMs !== undefined) this.#dueMs = Math.min(this.#dueMs, planned.lookAgainAtMs);
  }

  #passSeen(records: readonly ExplainRecord[]) {
    const { remedies, topologies, graceMs } = this;
    return {
      records,
      graceMs,
      actions: remedies.all().map((record) => remedies.stored(record)),
      wallOf: (ms: number): number => this.#clock.wallOf(ms),
      entryOf: (name: string) => topologies.entryOf(name),
    };
  }

  /** Nodes come and go: what is remembered goes by their names. */
  #remapped(): { readonly before: HealMemory; readonly map: FleetMap } {
    const map = this.topologies.map();
    const before = map === this.#map ? this.#memory : remapMemory(this.#memory, this.#map, map);
    return { before, map };
  }

  #observe(map: FleetMap, memory: HealMemory, nowMs: number) {
    const { graceUntilMs, loopLagMs, hold } = this.#deps;
    return this.#gatherer.observe(map, {
      controller: { graceUntilMs, loopLagMs: loopLagMs(), isRestored: hold.because !== undefined },
      changes: this.#changes.all(),
      actions: this.remedies.sights(map),
      memory,
      poweredOnAtMs: (name) => this.remedies.poweredOnAtMs(name),
      workedOnUntilMs: (name) => this.#deps.sagas.workedOnUntilMs(name),
      nowMs,
    });
  }

  #desired(map: FleetMap, repairedNames: ReadonlySet<string>): Desired {
    const lifecycles = new Map<number, Lifecycle>();
    for (const { index, record } of map.nodes) {
      const lifecycle = lifecycleOf(this.topologies.entryOf(record.name));
      if (lifecycle !== 'in-service') lifecycles.set(index, lifecycle);
    }
    const repaired = new Set([...repairedNames].flatMap((name) => map.nodeByName.get(name)?.index ?? []));
    return { map, holds: this.#holdsNow(map), lifecycles, repaired, means: MEANS };
  }

  #holdsNow(map: FleetMap): readonly Hold[] {
    return [...this.#askedHolds(map), ...this.#deps.sagas.holds()];
  }

  #askedHolds(map: FleetMap): readonly Hold[] {
    const names = new Map<string, string>();
    return this.holds.inForce((nodeId) => {
      if (names.size === 0) {
        for (const { record } of map.nodes) {
          const id = this.topologies.entryOf(record.name)?.node.id;
          if (id !== undefined) names.set(id, record.name);
        }
      }
      return names.get(nodeId);
    });
  }

  /**
   * Who keeps a node from being disrupted, and why. Maintenance is when people change things: it keeps only what nobody asked
   * for.
   */
  holdOn(name: string, isAutomatic: boolean): string | undefined {
    const map = this.topologies.map();
    const elements = map.nodeByName.get(name)?.elements ?? [];
    const scopes = new Set([name, 'fleet', ...elements.map((at) => map.elements[at]?.name ?? '')]);
    const held = this.#askedHolds(map).find(
      ({ kind, scope, untilMs }) =>
        this.#clock.nowMs() < untilMs && scopes.has(scope) && (isAutomatic || kind !== 'maintenance'),
    );
    return held === undefined ? undefined : `${held.kind} by ${held.owner}: ${held.reason}`;
  }

  /** Asked once more at the moment of sending: what was planned a second ago may not be wanted now. */
  #hindrance({ rung }: ActionRecord, index: number): string | undefined {
    const node = this.#map.nodes[index];
    const { hold } = this.#deps;
    if (node === undefined) return 'its node is not in the topology any more';
    if (this.policies.policy.mode === 'shadow') return 'the policy only watches by now';
    if (hold.because !== undefined) return `commands are held: ${hold.because}`;
    const nowMs = this.#clock.nowMs();
    const scopes = new Set([node.record.name, ...node.elements.map((at) => this.#map.elements[at]?.name ?? '')]);
    const held = this.#holdsNow(this.#map).find(({ scope, untilMs }) => nowMs < untilMs && scopes.has(scope));
    if (held !== undefined) return `${held.kind} by ${held.owner}: ${held.reason}`;
    const entry = this.topologies.entryOf(node.record.name);
    const isBack = entry?.liveness === 'fresh' && this.#memory.nodes.get(index)?.wellSinceMs !== undefined;
    return isBack && rung !== 'admit' ? 'it came back by itself' : undefined;
  }

  #agentsOf(index: number): Agents {
    const node = this.#map.nodes[index];
    const find = (kind: string, name: string | undefined): NodeEntry | undefined => {
      for (const entry of this.#deps.nodes.all()) {
        if (entry.node.kind === kind && entry.node.name === name && entry.node.lifecycle === 'enrolled') return entry;
      }
      return undefined;
    };
    return {
      own: node === undefined ? undefined : this.topologies.entryOf(node.record.name),
      fileserver: find('fileserver', node?.record.fileserver),
      switch: find('switch', node?.record.plug?.switch),
    };
  }

  /** With its times as people see them. */
  #stored(record: ExplainRecord): ExplainRecord {
    return { ...record, atMs: this.#clock.wallOf(record.atMs), sinceMs: this.#clock.wallOf(record.sinceMs) };
  }

  async #tell(writer: StoreWriter, record: ExplainRecord, map: FleetMap): Promise<void> {
    await writer.healing.addExplainRecord(record);
    const node = map.nodeByName.get(record.node);
    const words = node === undefined ? undefined : wordsOf(record, node);
    if (node === undefined || words === undefined) return;
    const nodeId = this.topologies.entryOf(record.node)?.node.id;
    const message = visible(words.message, 500);
    await writer.addFleetEvent({ ...words, message, atMs: record.atMs, nodeId });
  }

  /** What people see of each node that is not simply healthy, or was not until now. */
  #show(before: HealMemory['nodes']): void {
    for (const index of new Set([...before.keys(), ...this.#memory.nodes.keys()])) {
      const node = this.#map.nodes[index];
      const entry = node === undefined ? undefined : this.topologies.entryOf(node.record.name);
      if (entry === undefined || node === undefined) continue;
      const view = this.#viewOf(node);
      const isSame = view?.state === entry.healing?.state && view?.words === entry.healing?.words;
      if (isSame) continue;
      entry.healing = view;
      this.#deps.onChanged(entry);
    }
  }

  #viewOf({ index }: MappedNode): HealingView | undefined {
    const heal = this.#memory.nodes.get(index);
    if (heal === undefined) return undefined;
    const record = this.#memory.records.get(index);
    const words =
      record === undefined ? 'What was found before the controller started is looked at again.' : renderExplain(record);
    return { state: heal.state, words: visible(words, 500), sinceMs: this.#clock.wallOf(heal.sinceMs) };
  }
}

function lifecycleOf(entry: NodeEntry | undefined): Lifecycle {
  if (entry === undefined) return 'pending';
  switch (entry.node.lifecycle) {
    case 'enrolled':
      return 'in-service';
    case 'frozen':
      return 'stopped';
    case 'revoked':
      return 'retired';
  }
}
