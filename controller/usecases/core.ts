import type { NodeId } from '../../proto/contract/ids.js';
import type { Actor } from '../domain/access/actor.js';
import { newcomerGraceMs } from '../domain/amnesty.js';
import { Admission } from './admission.js';
import type { AgentGate, ToAgent } from './agent-messages.js';
import { AgentSessions, NO_TUNNELS, type TunnelGate } from './agent-sessions.js';
import type { AlertChannel } from './alerts/ports.js';
import { AuditAnchors } from './audit/anchors.js';
import { Boards } from './boards.js';
import { CommandHold, type Promoted } from './command-hold.js';
import { Commands, type MayStill } from './commands.js';
import { EventCommitter } from './commit-events.js';
import { forgetEarlierCadence, loadNodes, loadSettings } from './core-load.js';
import { Counters } from './counters.js';
import { DiskWitness } from './disk-witness.js';
import { EventFeed } from './event-feed.js';
import { FleetWatch } from './fleet-watch.js';
import { loadHealers } from './healers.js';
import type { TunnelOf } from './healing/evidence/gather.js';
import type { Healing } from './healing/healing.js';
import type { ParsePolicy } from './healing/policies.js';
import { type HistorySink, ReportIngest } from './ingest-report.js';
import { Journal } from './journal.js';
import { Maintenances } from './maintenance.js';
import { NodeConfigs } from './node-configs.js';
import { type NodeEntry, NodeTable } from './node-table.js';
import { NodeObserver } from './observe-nodes.js';
import type { CommandCodec, Store, Trust, World } from './ports.js';
import type { PlaceDeps } from './provisioning/place-deeds.js';
import type { DrainHook } from './provisioning/ports.js';
import type { Provisioning } from './provisioning/provisioning.js';
import type { Rollouts } from './rollout/rollouts.js';
import { PortWitness } from './switches/port-witness.js';
import { Transitions } from './transitions.js';
import type { UplinkSight } from './uplink/site-uplinks.js';

const SWEEP_MS = 1_000;

/** Reasons of events after which a node is not what it was; other use cases write them together with the node. */
const NODE_CHANGING: ReadonlySet<string> = new Set([
  'NodeEnrolled',
  'NodeRevoked',
  'NodeThawed',
  'NodeChanged',
  'IdentityClone',
]);

export interface CoreOptions {
  /** Time between reports that agents are told to keep. */
  readonly reportIntervalMs: number;
  /** Most live streams. */
  readonly sessionsMax: number;
}

const DEFAULTS: CoreOptions = { reportIntervalMs: 30_000, sessionsMax: 20_000 };

export interface CoreDeps {
  readonly store: Store;
  readonly world: World;
  readonly trust: Pick<Trust, 'signCommand'>;
  readonly codec: CommandCodec;
  readonly history: HistorySink;
  readonly mayStill: MayStill;
  /** Where nodes ask for tunnels; absent = nobody gets one. */
  readonly tunnels?: TunnelGate | undefined;
  /** What uplinks of sites bear and carry; absent = nobody looks. */
  readonly uplinks?: UplinkSight | undefined;
  readonly options?: Partial<CoreOptions>;
  readonly healing: HealingPorts;
  readonly provisioning: ProvisioningPorts;
}

/** What provisioning needs of the rest of the program. */
export interface ProvisioningPorts {
  readonly drain: DrainHook | undefined;
  readonly revokeIn: PlaceDeps['revokeIn'];
}

/** What healing needs of the rest of the program. */
export interface HealingPorts {
  readonly parsePolicy: ParsePolicy;
  /** How late this process's timers are, windowed. */
  readonly loopLagMs: () => number;
  /** Absent = there is no overlay, or nobody looks at its tunnels. */
  readonly tunnelOf?: TunnelOf | undefined;
  /** Who is told of incidents; absent = nobody. */
  readonly channels?: readonly AlertChannel[];
}

/** The running middle of a controller: where adapters bring streams, and what the API asks. */
export interface Core {
  readonly gate: AgentGate;
  readonly sessions: AgentSessions;
  readonly commands: Commands;
  readonly nodeConfigs: NodeConfigs;
  readonly nodes: NodeTable;
  readonly watch: FleetWatch;
  readonly maintenances: Maintenances;
  readonly boards: Boards;
  readonly healing: Healing;
  readonly uplinks: UplinkSight | undefined;
  readonly provisioning: Provisioning;
  readonly rollouts: Rollouts;
  readonly store: Store;
  readonly world: World;
  /** Something was committed to the timeline: told at once rather than within a second. */
  readonly onCommitted: () => void;
  /** Reads a node anew from the store, after somebody else made or changed it; `undefined` when there is none. */
  refreshNode(id: NodeId): Promise<NodeEntry | undefined>;
  /** Ends the hold on commands after a restore, at a higher epoch. @throws BrambleError `failed-precondition` */
  promote(reason: string, actor: Actor): Promise<Promoted>;
  /** Flat numbers for /metrics; names ending in `_total` only go up. */
  counters(): Record<string, number>;
  /** Says goodbye to every agent, writes what waits, and stops. The store stays open. */
  stop(): Promise<void>;
}

/** Loads what is stored and begins to keep time. @throws BrambleError of the store */
export async function startCore(deps: CoreDeps): Promise<Core> {
  const { store, world } = deps;
  const options = { ...DEFAULTS, ...deps.options };
  const { reportIntervalMs } = options;
  const counters = new Counters();
  const nodes = new NodeTable();
  const watch = new FleetWatch(nodes, world, counters);
  const feed = await EventFeed.open(store, world);
  const onCommitted = (): void => feed.poke();
  const journal = new Journal({ store, world, counters, onCommitted });
  const { epoch, longestReportIntervalMs } = await loadSettings(store, reportIntervalMs);
  const hold = await CommandHold.load({ store, world, onCommitted }, epoch);
  const graceUntilMs = await loadNodes({ store, world, nodes, journal }, { reportIntervalMs, longestReportIntervalMs });

  const maintenances = new Maintenances({ world, nodes, journal, onChanged: (entry) => watch.nodeChanged(entry) });
  await maintenances.load(store.reader);
  const boards = new Boards(nodes, world.clock);
  const known = { counters, nodes, watch, feed, journal, hold, maintenances, boards };
  const parts: Parts = { ...deps, ...known, options, graceUntilMs };
  const refreshNode = (id: NodeId): Promise<NodeEntry | undefined> => readNode(parts, id);
  const commands = new Commands({ ...parts, onCommitted });
  await commands.load();
  const observer = new NodeObserver({
    nodes,
    world,
    transitions: new Transitions(journal, world),
    counters,
    onChanged: (entry) => watch.nodeChanged(entry),
  });
  const events = makeEvents(parts, commands);
  const anchors = new AuditAnchors({ store, world, nodes });
  const sessions = makeSessions(parts, { observer, events, commands, anchors, refreshNode });
  feed.listen(async (event) => {
    if (event.nodeId !== undefined && NODE_CHANGING.has(event.reason)) await refreshNode(event.nodeId);
    watch.eventCommitted(event);
  });
  const send = (id: NodeId, message: ToAgent): boolean => sessions.send(id, message);
  const nodeConfigs = new NodeConfigs({ store, world, refreshNode, send, onCommitted });
  const { healing, provisioning, rollouts } = await loadHealers({
    ...{ ...parts, ...parts.healing, ...parts.provisioning, commands, configs: nodeConfigs, refreshNode, onCommitted },
    channels: (parts.healing.channels ?? []).map(({ name }) => name),
    onChanged: (entry) => watch.nodeChanged(entry),
  });
  const stopSweep = startSweep(parts, { observer, commands, sessions, anchors, healing, provisioning, rollouts });
  return {
    gate: sessions,
    sessions,
    commands,
    nodeConfigs,
    nodes,
    watch,
    maintenances,
    boards,
    healing,
    uplinks: deps.uplinks,
    provisioning,
    rollouts,
    store,
    world,
    onCommitted,
    refreshNode,
    async promote(reason, actor) {
      const promoted = await hold.promote(reason, actor);
      await sendWaiting(parts, commands);
      return promoted;
    },
    counters: () => countAll(parts, { observer, events, commands, sessions }),
    stop: () =>
      stopAll(parts, { stopSweep, sessions, settling: [healing, rollouts, provisioning, events, commands, anchors] }),
  };
}

interface Parts extends CoreDeps {
  readonly options: CoreOptions;
  readonly counters: Counters;
  readonly nodes: NodeTable;
  readonly watch: FleetWatch;
  readonly feed: EventFeed;
  readonly journal: Journal;
  readonly hold: CommandHold;
  readonly maintenances: Maintenances;
  readonly boards: Boards;
  /** End of the amnesty after this start; monotonic. */
  readonly graceUntilMs: number;
}

function makeEvents({ store, world, counters, boards, feed }: Parts, commands: Commands): EventCommitter {
  return new EventCommitter({
    store,
    world,
    counters,
    boards,
    onCommitted: (changed) => {
      commands.changed(changed);
      feed.poke();
    },
  });
}

function makeWitness({ nodes, world, watch, journal }: Parts): DiskWitness {
  const transitions = new Transitions(journal, world);
  return new DiskWitness(nodes, world.clock, (entry, sight) => {
    transitions.diskSeen(entry, sight);
    watch.nodeChanged(entry);
  });
}

async function readNode(parts: Parts, id: NodeId): Promise<NodeEntry | undefined> {
  const { store, world, nodes, watch, maintenances, graceUntilMs } = parts;
  const { reportIntervalMs } = parts.options;
  const node = await store.reader.node(id);
  if (node === undefined) return undefined;
  const settings = await store.reader.nodeSettings(id);
  const newcomerUntilMs = world.clock.monotonicMs() + newcomerGraceMs(reportIntervalMs);
  const graceUntilMonotonicMs = Math.max(graceUntilMs, newcomerUntilMs);
  const entry = nodes.put(node, { reportIntervalMs, graceUntilMonotonicMs });
  if (settings !== undefined) entry.settings = settings;
  maintenances.apply(entry);
  // It may have been let in between the revocation's commit and the closing of its streams.
  if (node.lifecycle === 'revoked') entry.session?.close('revoked', 'its credential was revoked');
  watch.nodeChanged(entry);
  return entry;
}

function makeSessions(
  parts: Parts,
  more: {
    readonly observer: NodeObserver;
    readonly events: EventCommitter;
    readonly commands: Commands;
    readonly anchors: AuditAnchors;
    readonly refreshNode: (id: NodeId) => Promise<NodeEntry | undefined>;
  },
): AgentSessions {
  const { store, world, hold, counters, watch, history, feed, boards } = parts;
  const { observer, events, commands, anchors, refreshNode } = more;
  const onCommitted = (): void => feed.poke();
  return new AgentSessions({
    ...parts,
    observer,
    events,
    tunnels: parts.tunnels ?? NO_TUNNELS,
    uplinkOf: (site) => parts.uplinks?.budgetOf(site),
    admission: new Admission({ store, world, hold, counters, findNode: refreshNode, onCommitted }),
    ingest: new ReportIngest({
      observer,
      history,
      world,
      counters,
      onReported: (entry) => {
        boards.reported(entry);
        watch.nodeReported(entry);
      },
    }),
    onConnected: (entry) => {
      anchors.connected(entry);
      boards.connected(entry);
      void sendWaitingTo(entry, parts, commands);
    },
    onChanged: (entry) => watch.nodeChanged(entry),
  });
}

async function sendWaitingTo(entry: NodeEntry, { world }: Parts, commands: Commands): Promise<void> {
  try {
    await commands.dispatchTo(entry);
  } catch (thrown) {
    const fields = { err: thrown, nodeId: entry.node.id };
    world.log.warn(fields, 'waiting commands could not be sent; they are sent at the next connection');
  }
}

/** What is under way ends by itself, then what it told of is written. */
async function stopAll(
  { journal, feed, watch }: Parts,
  more: {
    readonly stopSweep: () => void;
    readonly sessions: AgentSessions;
    readonly settling: readonly { settled(): Promise<void> }[];
  },
): Promise<void> {
  more.stopSweep();
  more.sessions.closeAll('shutdown');
  for (const part of more.settling) await part.settled();
  await journal.stop();
  await feed.settled();
  watch.stop();
}

/** What waited while commands were held; nodes that are away get theirs when they come. */
async function sendWaiting(parts: Parts, commands: Commands): Promise<void> {
  for (const entry of parts.nodes.all()) {
    if (entry.session !== undefined) await sendWaitingTo(entry, parts, commands);
  }
}

/** One pass over everything that time changes, once a second; returns the way to stop it. */
function startSweep(
  parts: Parts,
  more: {
    readonly observer: NodeObserver;
    readonly commands: Commands;
    readonly sessions: AgentSessions;
    readonly anchors: AuditAnchors;
    readonly healing: Healing;
    readonly provisioning: Provisioning;
    readonly rollouts: Rollouts;
  },
): () => void {
  const { world, feed, journal, maintenances, graceUntilMs, options } = parts;
  const witness = makeWitness(parts);
  const portWitness = new PortWitness(parts.nodes, world.clock, (entry) => more.observer.judge(entry));
  let isAmnestyOver = false;
  const sweep = (): void => {
    cancel = world.timers.after(SWEEP_MS, sweep);
    more.sessions.sweep();
    more.observer.sweep();
    witness.sweep();
    portWitness.sweep();
    more.commands.sweep();
    more.anchors.sweep();
    maintenances.sweep();
    more.healing.sweep();
    more.provisioning.sweep();
    more.rollouts.sweep();
    feed.poke();
    if (isAmnestyOver || world.clock.monotonicMs() < graceUntilMs) return;
    isAmnestyOver = true;
    forgetEarlierCadence(journal, options.reportIntervalMs);
  };
  let cancel = world.timers.after(SWEEP_MS, sweep);
  return () => cancel();
}

function countAll(
  parts: Parts,
  more: {
    readonly observer: NodeObserver;
    readonly events: EventCommitter;
    readonly commands: Commands;
    readonly sessions: AgentSessions;
  },
): Record<string, number> {
  const { counters, nodes, hold, journal, watch } = parts;
  const liveness = Object.entries(more.observer.countsByLiveness());
  return {
    ...counters.snapshot(),
    ...Object.fromEntries(liveness.map(([name, count]) => [`nodes_${name}`, count])),
    nodes: nodes.count,
    sessions_online: more.sessions.onlineCount,
    commands_open: more.commands.openCount,
    commands_held: hold.because === undefined ? 0 : 1,
    journal_waiting: journal.waitingCount,
    events_waiting: more.events.waitingCount,
    listeners: watch.listenersCount,
  };
}
