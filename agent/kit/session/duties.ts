import { BrambleError } from '../../../proto/contract/errors.js';
import type { SignedCommand } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { Cadence, DesiredState } from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { AgentFrame, Hello, Welcome } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Board, NodeKind } from '../../../proto/gen/bramble/agent/v1/node.js';
import type { ClockFloor } from '../clock-floor.js';
import type { CommandDispatcher } from '../command/dispatcher.js';
import type { Ledger } from '../durable/ledger.js';
import type { Outbox } from '../durable/outbox.js';
import type { HostClock } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { EventRecorder } from '../report/event-recorder.js';
import type { Reporter } from '../report/reporter.js';
import { saneCadence } from './cadence.js';
import type { SessionDuties } from './client.js';
import type { ControllerClock } from './controller-clock.js';
import type { DesiredStateKeeper } from './desired-state.js';
import type { SessionEvent } from './state.js';

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
  readonly dispatcher: Pick<CommandDispatcher, 'receive'>;
  readonly reporter: Pick<Reporter, 'goOnline' | 'goOffline' | 'resync' | 'setInterval'>;
  readonly recorder: EventRecorder;
  /** When the credential wants to be renewed, monotonic; `undefined` = never. Asked when the controller has told the time. */
  readonly renewalDueMs: (controllerNowMs: number) => number | undefined;
  readonly session: {
    send(frame: NonNullable<AgentFrame['frame']>): boolean;
    take(event: SessionEvent): void;
  };
  readonly log: Log;
}

/** Joins the session with the parts of an agent that do what the controller asks for. */
export class AgentDuties implements SessionDuties {
  readonly #options: DutiesOptions;
  /** Revisions are applied one after the other. */
  #applying: Promise<void> = Promise.resolve();

  constructor(options: DutiesOptions) {
    this.#options = options;
  }

  get whoAmI(): { readonly bootId: string; readonly processNonce: string } {
    const { bootId, processNonce } = this.#options.about;
    return { bootId, processNonce };
  }

  hello(): Hello {
    const { about, clock, clockFloor, ledger, outbox, desired } = this.#options;
    return {
      ...about,
      supportedActions: [...about.supportedActions],
      ledgerHead: ledger.head(),
      outboxHead: outbox.head(),
      desiredRevisionReached: desired.reachedRevision,
      wallClockUnixMs: Math.floor(clock.nowMs()),
      clockUntrusted: !clockFloor.trusted(clock.nowMs()),
      uptimeMs: Math.floor(clock.monotonicMs()),
    };
  }

  welcome({ controllerUnixMs, cadence, desiredRevision }: Welcome): void {
    const { controllerClock, clockFloor, reporter, renewalDueMs, session, log } = this.#options;
    controllerClock.anchor(controllerUnixMs);
    clockFloor.raise(controllerUnixMs).catch((error: unknown) => {
      log.warn(errorFields(error), 'the clock floor was not stored');
    });
    const renewAtMs = renewalDueMs(controllerUnixMs);
    if (renewAtMs !== undefined) session.take({ kind: 'renewal-due', atMs: renewAtMs });
    this.#follow(cadence);
    reporter.goOnline();
    this.considerRevision(desiredRevision);
  }

  offline(): void {
    this.#options.reporter.goOffline();
  }

  reportInFull(): void {
    this.#options.reporter.resync();
  }

  takeCommand(command: SignedCommand): void {
    this.#options.dispatcher.receive(command);
  }

  considerRevision(revision: number): void {
    const { desired, session } = this.#options;
    if (!desired.isNews(revision)) return;
    session.send({ $case: 'desiredStatePull', value: { haveRevision: desired.reachedRevision } });
  }

  apply(state: DesiredState): void {
    this.#applying = this.#applying.then(() => this.#apply(state));
  }

  /** The cadence of the newest word of the controller counts. */
  #follow(cadence: Cadence | undefined): void {
    const { reporter, session } = this.#options;
    const sane = saneCadence(cadence);
    reporter.setInterval(sane.reportIntervalMs);
    session.take({ kind: 'cadence', cadence: sane });
  }

  async #apply(state: DesiredState): Promise<void> {
    const { desired, recorder, session, log } = this.#options;
    const { revision } = state;
    try {
      if (!(await desired.apply(state))) {
        log.warn({ revision, reached: desired.reachedRevision }, 'an older desired state was left alone');
        return;
      }
      if (state.cadence !== undefined) this.#follow(state.cadence);
      session.send({ $case: 'desiredStateReached', value: { revision } });
    } catch (thrown) {
      log.warn({ ...errorFields(thrown), revision }, 'desired state not reached');
      const value = { revision, detail: BrambleError.from(thrown).message.slice(0, 1_024) };
      await recorder.record({ $case: 'desiredStateFailed', value });
    }
  }
}
