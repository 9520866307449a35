import { assertNever } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import { reconnectSpreadMs } from '../domain/amnesty.js';
import { lateAfterMs } from '../domain/liveness.js';
import type { UplinkBudget } from '../domain/site.js';
import { judgeNewcomer, settleTakeover } from '../domain/takeover.js';
import { reportIntervalMs } from '../domain/uplink.js';
import { type Admission, frozenError } from './admission.js';
import type {
  AgentConnection,
  AgentGate,
  AgentHello,
  AgentReport,
  AgentSession,
  Cadence,
  FromAgent,
  GoodbyeReason,
  ToAgent,
  TunnelAnswer,
} from './agent-messages.js';
import type { CommandHold } from './command-hold.js';
import type { EventCommitter } from './commit-events.js';
import type { Counters } from './counters.js';
import type { ReportIngest } from './ingest-report.js';
import type { NodeEntry, NodeTable } from './node-table.js';
import type { NodeObserver } from './observe-nodes.js';
import type { TunnelPeer, TunnelWish } from './overlay/tunnels.js';
import type { Store, World } from './ports.js';
import { Session, type SessionOwner } from './session.js';

/**
 * Reports are acknowledged in batches: a full one at once, then after this many, or with the report that finds the last
 * acknowledgement so old. Never by itself: a packet of its own costs as much as a report. An agent that hears nothing for three times
 * `probeAfterMs` gives up; one that does not report is probed, and hears that.
 */
const REPORTS_PER_ACK = 10;
const ACK_AFTER_PROBES = 2;
const DESIRED_RETRY_MS = 30_000;
const CADENCES_EVERY_MS = 10_000;

export interface SessionOptions {
  /** Where the uplink bears it. */
  readonly reportIntervalMs: number;
  readonly sessionsMax: number;
}

export interface SessionDeps {
  readonly world: World;
  readonly store: Pick<Store, 'reader'>;
  readonly nodes: NodeTable;
  readonly admission: Admission;
  readonly hold: CommandHold;
  readonly observer: NodeObserver;
  readonly ingest: ReportIngest;
  readonly events: EventCommitter;
  readonly counters: Counters;
  readonly options: SessionOptions;
  readonly tunnels: TunnelGate;
  /** `undefined` = nobody said what the uplink bears. */
  readonly uplinkOf: (site: SiteId) => UplinkBudget | undefined;
  /** A node came into service: what waits for it may be sent. */
  readonly onConnected: (entry: NodeEntry) => void;
  readonly onChanged: (entry: NodeEntry) => void;
}

/** Where nodes ask for tunnels. Never rejects; answers nothing when the node has what it needs. */
export interface TunnelGate {
  ask(peer: TunnelPeer, wish: TunnelWish): Promise<TunnelAnswer | undefined>;
}

/** A controller without an overlay. */
export const NO_TUNNELS: TunnelGate = {
  ask: async () => ({ kind: 'refused', why: 'this controller has no overlay' }),
};

/**
 * The live streams, one per node at most. A second one is a takeover or a clone, and the first one's answer to a probe
 * decides which. Streams that fall silent are probed, and closed when nobody answers.
 */
export class AgentSessions implements AgentGate, SessionOwner {
  readonly #deps: SessionDeps;
  readonly #sessions = new Set<Session>();
  /** Nodes with a connection in the middle of being let in: one at a time. */
  readonly #admitting = new Set<NodeId>();
  #isStopping = false;
  /** Streams by site, as the last look at cadences found them. */
  #crowds: ReadonlyMap<SiteId, number> = new Map();
  #cadencesAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  get onlineCount(): number {
    return this.#sessions.size;
  }

  async connect(connection: AgentConnection, hello: AgentHello): Promise<AgentSession> {
    this.#deps.counters.add('connects_total');
    try {
      return await this.#connect(connection, hello);
    } catch (thrown) {
      this.#deps.counters.add('connects_refused_total');
      throw thrown;
    }
  }

  /** Sends to a node; `false` when it is not connected. */
  send(nodeId: NodeId, message: ToAgent): boolean {
    const session = this.#deps.nodes.get(nodeId)?.session;
    if (session === undefined) return false;
    session.connection.send(message);
    return true;
  }

  /** Asks a node for a full report; `false` when it is not connected. */
  resync(nodeId: NodeId): boolean {
    return this.send(nodeId, { kind: 'resync' });
  }

  /** Ends the stream of a node; what still arrives on it is not taken. `false` when there is none. */
  closeNode(nodeId: NodeId, reason: GoodbyeReason, detail: string): boolean {
    const session = this.#deps.nodes.get(nodeId)?.session;
    session?.close(reason, detail);
    return session !== undefined;
  }

  /** Ends every stream and lets nobody in any more. */
  closeAll(reason: GoodbyeReason): void {
    this.#isStopping = true;
    for (const session of [...this.#sessions]) session.close(reason, 'the controller stops');
  }

  /** Once a second: asks those who fell silent. */
  sweep(): void {
    const nowMs = this.#deps.world.clock.monotonicMs();
    if (nowMs - this.#cadencesAtMs >= CADENCES_EVERY_MS) this.#assignCadences(nowMs);
    for (const session of this.#sessions) {
      const probeAfterMs = lateAfterMs(session.reportIntervalMs);
      if (!session.isProbing && nowMs - session.lastHeardAtMonotonicMs >= probeAfterMs) void this.#probeSilent(session);
    }
  }

  received(session: Session, message: FromAgent): void {
    try {
      this.#handle(session, message);
    } catch (thrown) {
      // A bug of ours in taking one message in must not end the stream of a node that did nothing wrong.
      this.#deps.counters.add('messages_failed_total');
      const fields = { err: thrown, nodeId: session.entry.node.id, kind: message.kind };
      this.#deps.world.log.error(fields, 'a message could not be taken in');
    }
  }

  ended(session: Session): void {
    this.#sessions.delete(session);
    this.#deps.events.forget(session);
    if (session.entry.session === session) session.entry.session = undefined;
    this.#deps.onChanged(session.entry);
  }

  async #connect(connection: AgentConnection, hello: AgentHello): Promise<Session> {
    const { nodeId } = connection.peer;
    const { sessionsMax } = this.#deps.options;
    this.#refuseWhenStopping();
    if (this.#sessions.size + this.#admitting.size >= sessionsMax) {
      throw new BrambleError('resource-exhausted', `all ${sessionsMax} streams are taken`);
    }
    if (this.#admitting.has(nodeId)) {
      throw new BrambleError('resource-exhausted', `another stream of node ${nodeId} is being let in`);
    }
    this.#admitting.add(nodeId);
    try {
      return await this.#letIn(connection, hello);
    } finally {
      this.#admitting.delete(nodeId);
    }
  }

  async #letIn(connection: AgentConnection, hello: AgentHello): Promise<Session> {
    const entry = await this.#deps.admission.admit(connection.peer, hello);
    await this.#takeOver(entry, connection, hello);
    this.#refuseWhenStopping();
    if (entry.node.lifecycle === 'revoked')
      throw new BrambleError('unauthenticated', `node ${entry.node.id} is revoked`);
    const { world, observer } = this.#deps;
    const session = new Session(connection, hello, { entry, owner: this, world });
    session.reportIntervalMs = this.#intervalOf(entry.node.site);
    entry.session = session;
    this.#sessions.add(session);
    connection.send(this.#welcome(session));
    observer.greeted(entry, hello, session.reportIntervalMs);
    this.#deps.onConnected(entry);
    return session;
  }

  async #takeOver(entry: NodeEntry, connection: AgentConnection, hello: AgentHello): Promise<void> {
    const first = entry.session;
    const decision = judgeNewcomer(first?.identity, hello);
    if (first === undefined || decision === 'admit') return;
    const settled = decision === 'probe' ? settleTakeover(await first.probe(), hello) : decision;
    if (settled === 'clone') {
      await this.#deps.admission.freeze(entry, first.identity.bootId, connection.from);
      this.#deps.onChanged(entry);
      throw frozenError(entry.node.id);
    }
    this.#deps.counters.add('takeovers_total');
    first.close('superseded', 'a newer stream of this node took over');
  }

  #welcome(session: Session): ToAgent {
    const { world, hold } = this.#deps;
    return {
      kind: 'welcome',
      sessionId: session.id,
      controllerMs: world.clock.nowMs(),
      epoch: hold.epoch,
      cadence: this.#cadence(session),
      desiredRevision: session.entry.node.desiredRevision,
      commandsHeld: hold.because !== undefined,
    };
  }

  #cadence({ reportIntervalMs }: Session): Cadence {
    const reconnect = reconnectSpreadMs(this.#deps.nodes.count);
    return { reportIntervalMs, probeAfterMs: lateAfterMs(reportIntervalMs), reconnectSpreadMs: reconnect };
  }

  #intervalOf(site: SiteId): number {
    const { options, uplinkOf } = this.#deps;
    return reportIntervalMs(options.reportIntervalMs, uplinkOf(site), this.#crowds.get(site) ?? 1);
  }

  /** Nodes of a site that has become crowded, or whose uplink is another one, are told how often to report. */
  #assignCadences(nowMs: number): void {
    this.#cadencesAtMs = nowMs;
    const crowds = new Map<SiteId, number>();
    for (const { entry } of this.#sessions) crowds.set(entry.node.site, (crowds.get(entry.node.site) ?? 0) + 1);
    this.#crowds = crowds;
    for (const session of this.#sessions) {
      const intervalMs = this.#intervalOf(session.entry.node.site);
      if (intervalMs === session.reportIntervalMs) continue;
      session.reportIntervalMs = intervalMs;
      // Slower: from now on. Faster: from the next report on, or its silence until then would count as one.
      session.entry.reportIntervalMs = Math.max(intervalMs, session.entry.reportIntervalMs);
      void this.#sendDesiredState(session);
    }
  }

  #handle(session: Session, message: FromAgent): void {
    const { entry } = session;
    switch (message.kind) {
      case 'report':
        this.#report(session, message.report);
        return;
      case 'events':
        this.#deps.events.add(session, message.events);
        return;
      case 'desired-state-pull':
        void this.#sendDesiredState(session);
        return;
      case 'desired-state-reached':
        entry.desiredRevisionReached = message.revision;
        entry.desiredTry = message;
        this.#deps.onChanged(entry);
        return;
      case 'probe-reply':
        return; // the session itself waits for it
      case 'tunnel-request':
        void this.#tunnel(session, message.wish);
        return;
      case 'goodbye':
        this.#deps.observer.saidGoodbye(entry, message.reason, message.expectedBackMs);
        return;
      default:
        assertNever(message, 'message of an agent');
    }
  }

  #report(session: Session, report: AgentReport): void {
    if (!report.full && !session.hasFullReport) {
      this.#deps.counters.add('resyncs_total');
      session.connection.send({ kind: 'resync' });
      return;
    }
    session.hasFullReport = true;
    session.entry.reportIntervalMs = session.reportIntervalMs;
    this.#deps.ingest.ingest(session.entry, report);
    session.lastReportSequence = report.sequence;
    session.unackedReportsCount += 1;
    const waitedMs = session.lastHeardAtMonotonicMs - session.ackedAtMonotonicMs;
    const isDue = waitedMs >= ACK_AFTER_PROBES * lateAfterMs(session.reportIntervalMs);
    if (report.full || isDue || session.unackedReportsCount >= REPORTS_PER_ACK) acknowledge(session);
  }

  async #sendDesiredState(session: Session): Promise<void> {
    const { store, world } = this.#deps;
    const { node } = session.entry;
    try {
      const [newest] = await store.reader.nodeConfigs(node.id, { limit: 1 });
      const revision = Math.max(session.entry.node.desiredRevision, newest?.revision ?? 0);
      session.connection.send({
        kind: 'desired-state',
        revision,
        cadence: this.#cadence(session),
        config: newest?.config,
      });
    } catch (thrown) {
      world.log.warn({ err: thrown, nodeId: node.id }, 'a desired state could not be read; its node is told again');
      world.timers.after(DESIRED_RETRY_MS, () => {
        if (session.isOver) return;
        session.connection.send({ kind: 'desired-state-changed', revision: session.entry.node.desiredRevision });
      });
    }
  }

  async #tunnel(session: Session, wish: TunnelWish): Promise<void> {
    const answer = await this.#deps.tunnels.ask(session.connection.peer, wish);
    if (answer !== undefined && !session.isOver) session.connection.send({ kind: 'tunnel-profile', answer });
  }

  async #probeSilent(session: Session): Promise<void> {
    this.#deps.counters.add('probes_total');
    const answer = await session.probe();
    if (answer !== undefined || session.isOver) return;
    this.#deps.counters.add('streams_found_dead_total');
    session.close('unknown', 'no answer to a probe');
  }

  #refuseWhenStopping(): void {
    if (this.#isStopping) throw new BrambleError('unavailable', 'the controller stops');
  }
}

function acknowledge(session: Session): void {
  session.unackedReportsCount = 0;
  session.ackedAtMonotonicMs = session.lastHeardAtMonotonicMs;
  session.connection.send({ kind: 'report-ack', throughSequence: session.lastReportSequence });
}
