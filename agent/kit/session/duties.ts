import { BrambleError } from '../../../proto/contract/errors.js';
import type { SignedCommand } from '../../../proto/gen/bramble/agent/v1/command.js';
import { type Cadence, type DesiredState, DesiredStateOutcome } from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { AgentFrame, AuditHead, Hello, Welcome } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Board, NodeKind } from '../../../proto/gen/bramble/agent/v1/node.js';
import type { TunnelProfile, TunnelRequest } from '../../../proto/gen/bramble/agent/v1/tunnel.js';
import type { ClockFloor } from '../clock-floor.js';
import type { CommandDispatcher } from '../command/dispatcher.js';
import type { Ledger } from '../durable/ledger.js';
import type { Outbox } from '../durable/outbox.js';
import type { HostClock } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { ContactProof } from '../node-config/contact.js';
import type { ConfigKeeper, ConfigTry } from '../node-config/keeper.js';
import type { EventRecorder } from '../report/event-recorder.js';
import type { Reporter } from '../report/reporter.js';
import type { TunnelKeeper } from '../tunnel/keeper.js';
import type { AuditMemory } from './audit-memory.js';
import { saneCadence } from './cadence.js';
import type { SessionDuties } from './client.js';
import type { ControllerClock } from './controller-clock.js';
import type { DesiredStateKeeper } from './desired-state.js';
import type { SessionEvent } from './words.js';

/** What does not change while the process runs. */
export interface AboutAgent {
  readonly kind: NodeKind;
  readonly board: Board;
  readonly bootId: string;
  readonly processNonce: string;
  readonly agentVersion: string;
  /** As in the contract: restart_unit. */
  readonly supportedActions: readonly string[];
}

export interface DutiesOptions {
  readonly about: AboutAgent;
  readonly clock: HostClock;
  readonly clockFloor: ClockFloor;
  readonly controllerClock: ControllerClock;
  readonly outbox: Pick<Outbox, 'head'>;
  readonly ledger: Pick<Ledger, 'head'>;
  readonly desired: DesiredStateKeeper;
  readonly nodeConfig: Pick<ConfigKeeper, 'converge' | 'hasFailed' | 'newestTry'>;
  readonly contact: Pick<ContactProof, 'streamOpened' | 'streamLost' | 'reportAcknowledged'>;
  readonly auditMemory: AuditMemory;
  readonly dispatcher: Pick<CommandDispatcher, 'receive'>;
  readonly reporter: Pick<Reporter, 'goOnline' | 'goOffline' | 'resync' | 'setInterval'>;
  readonly recorder: EventRecorder;
  /** When the credential wants to be renewed, monotonic; `undefined` = never. Asked when the controller has told the time. */
  readonly renewalDueMs: (controllerNowMs: number) => number | undefined;
  readonly session: {
    send(frame: NonNullable<AgentFrame['frame']>): boolean;
    take(event: SessionEvent): void;
  };
  /** Keeps the tunnel; absent = this node has none of its own. */
  readonly tunnel?: Pick<TunnelKeeper, 'greeting' | 'due' | 'take'> | undefined;
  /** Aborts when the agent ends. */
  readonly life: AbortSignal;
  readonly log: Log;
}

/** Joins the session with the parts of an agent that do what the controller asks for. */
export class AgentDuties implements SessionDuties {
  readonly #options: DutiesOptions;
  /** Revisions are applied one after the other; of those that wait only the newest one counts. */
  #waiting: DesiredState | undefined;
  #isApplying = false;

  constructor(options: DutiesOptions) {
    this.#options = options;
  }

  get whoAmI(): { readonly bootId: string; readonly processNonce: string } {
    const { bootId, processNonce } = this.#options.about;
    return { bootId, processNonce };
  }

  hello(): Hello {
    const { about, clock, clockFloor, ledger, outbox, desired, auditMemory } = this.#options;
    return {
      ...about,
      supportedActions: [...about.supportedActions],
      ledgerHead: ledger.head(),
      outboxHead: outbox.head(),
      desiredRevisionReached: desired.reachedRevision,
      wallClockUnixMs: Math.floor(clock.nowMs()),
      clockUntrusted: !clockFloor.trusted(clock.nowMs()),
      uptimeMs: Math.floor(clock.monotonicMs()),
      auditHeads: auditMemory.heads(),
    };
  }

  welcome({ controllerUnixMs, cadence, desiredRevision }: Welcome): void {
    const { contact, controllerClock, clockFloor, reporter, renewalDueMs, session, log } = this.#options;
    controllerClock.anchor(controllerUnixMs);
    clockFloor.raise(controllerUnixMs).catch((error: unknown) => {
      log.warn(errorFields(error), 'the clock floor was not stored');
    });
    const renewAtMs = renewalDueMs(controllerUnixMs);
    if (renewAtMs !== undefined) session.take({ kind: 'renewal-due', atMs: renewAtMs });
    this.#follow(cadence);
    contact.streamOpened();
    reporter.goOnline();
    this.tellTry();
    this.considerRevision(desiredRevision);
    const { tunnel } = this.#options;
    if (tunnel !== undefined) this.#sendTunnel(tunnel.greeting(controllerUnixMs));
  }

  /** At every tick: a certificate of the tunnel that is due. */
  renewTunnel(): void {
    const controllerNowMs = this.#options.controllerClock.nowMs();
    if (controllerNowMs !== undefined) this.#sendTunnel(this.#options.tunnel?.due(controllerNowMs));
  }

  takeTunnel(profile: TunnelProfile): void {
    const { tunnel, controllerClock, life } = this.#options;
    const controllerNowMs = controllerClock.nowMs();
    if (tunnel === undefined || controllerNowMs === undefined) return; // nobody asked for it
    void tunnel.take(profile, controllerNowMs, life).then((answer) => {
      this.#sendTunnel(answer);
      if (answer !== undefined) this.#options.session.take({ kind: 'tunnel-in-place' });
    });
  }

  #sendTunnel(request: TunnelRequest | undefined): void {
    if (request !== undefined) this.#options.session.send({ $case: 'tunnelRequest', value: request });
  }

  offline(): void {
    this.#options.contact.streamLost();
    this.#options.reporter.goOffline();
  }

  reportAcknowledged(throughSequence: number): void {
    this.#options.contact.reportAcknowledged(throughSequence);
  }

  reportInFull(): void {
    this.#options.reporter.resync();
  }

  takeCommand(command: SignedCommand): void {
    this.#options.dispatcher.receive(command);
  }

  considerRevision(revision: number): void {
    const { desired, nodeConfig, session } = this.#options;
    if (!desired.isNews(revision) || nodeConfig.hasFailed(revision)) return;
    session.send({ $case: 'desiredStatePull', value: { haveRevision: desired.reachedRevision } });
  }

  rememberHead(head: AuditHead): void {
    const { auditMemory, log } = this.#options;
    auditMemory.heard(head).catch((error: unknown) => {
      log.warn(errorFields(error), 'the head of the audit log was not stored');
    });
  }

  apply(state: DesiredState): void {
    if (this.#waiting === undefined || state.revision >= this.#waiting.revision) this.#waiting = state;
    if (!this.#isApplying) void this.#applyWaiting();
  }

  /** Tells the controller of the newest revision that was tried, unless it is in place. */
  tellTry(): void {
    const { newestTry } = this.#options.nodeConfig;
    if (newestTry !== undefined) this.#sendTry(newestTry);
  }

  #sendTry({ revision: triedRevision, outcome, detail }: ConfigTry): void {
    const { desired, session } = this.#options;
    const value = { revision: desired.reachedRevision, triedRevision, outcome: OUTCOMES[outcome], detail };
    session.send({ $case: 'desiredStateReached', value: { ...value, detail: detail.slice(0, 1_024) } });
  }

  async #applyWaiting(): Promise<void> {
    this.#isApplying = true;
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined;
      await this.#apply(next);
    }
    this.#isApplying = false;
  }

  /** The cadence of the newest word of the controller counts. */
  #follow(cadence: Cadence | undefined): void {
    const { reporter, session } = this.#options;
    const sane = saneCadence(cadence);
    reporter.setInterval(sane.reportIntervalMs);
    session.take({ kind: 'cadence', cadence: sane });
  }

  async #apply(state: DesiredState): Promise<void> {
    const { desired, nodeConfig, recorder, session, log } = this.#options;
    const { revision } = state;
    try {
      if (!desired.accepts(state)) {
        log.warn({ revision, reached: desired.reachedRevision }, 'an older desired state was left alone');
        return;
      }
      if (state.cadence !== undefined) this.#follow(state.cadence);
      const failed = await nodeConfig.converge(revision, state.config);
      if (failed !== undefined) {
        this.#sendTry(failed);
        return;
      }
      await desired.apply(state);
      const value = { revision, triedRevision: revision, outcome: DesiredStateOutcome.REACHED, detail: '' };
      session.send({ $case: 'desiredStateReached', value });
    } catch (thrown) {
      if (BrambleError.from(thrown).code === 'cancelled') return; // the agent ends; the next process goes on
      log.warn({ ...errorFields(thrown), revision }, 'desired state not reached');
      const value = { revision, detail: BrambleError.from(thrown).message.slice(0, 1_024) };
      await recorder.record({ $case: 'desiredStateFailed', value });
    }
  }
}

const OUTCOMES = {
  'on-trial': DesiredStateOutcome.ON_TRIAL,
  refused: DesiredStateOutcome.REFUSED,
  undone: DesiredStateOutcome.UNDONE,
} as const satisfies Record<ConfigTry['outcome'], DesiredStateOutcome>;
