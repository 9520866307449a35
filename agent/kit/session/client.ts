import { assertNever } from '../../../proto/contract/assert.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Random } from '../../../proto/contract/random.js';
import type { SignedCommand } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { Cadence, DesiredState } from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { AgentFrame, AuditHead, Goodbye, Hello, Welcome } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { TunnelProfile } from '../../../proto/gen/bramble/agent/v1/tunnel.js';
import type { Outbox } from '../durable/outbox.js';
import type { Endpoint, HostClock, Net, TlsIdentity } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { Away, Back } from './away.js';
import { inBatches } from './event-batches.js';
import { initialSession, step, wakeAtMs } from './state.js';
import { Stream } from './stream.js';
import type { SessionEffect, SessionEvent, SessionState } from './words.js';

/** What an agent does with its session. None of these throws. */
export interface SessionDuties {
  /** Who answers a probe: this boot, this process. */
  readonly whoAmI: { readonly bootId: string; readonly processNonce: string };
  hello(): Hello;
  welcome(welcome: Welcome): void;
  offline(): void;
  reportInFull(): void;
  reportAcknowledged(throughSequence: number): void;
  takeCommand(command: SignedCommand): void;
  considerRevision(revision: number): void;
  apply(desired: DesiredState): void;
  rememberHead(head: AuditHead): void;
  takeTunnel(profile: TunnelProfile): void;
}

/** A renewed credential, as far as the session cares. */
export interface Renewed {
  readonly endpointsCount: number;
  /** When the next renewal is due, monotonic; `undefined` = never. */
  readonly nextAtMs: number | undefined;
}

export interface SessionClientOptions {
  readonly clock: HostClock;
  readonly random: Random;
  readonly net: Pick<Net, 'openLink'>;
  readonly outbox: Pick<Outbox, 'pending' | 'acknowledge' | 'onAdded'>;
  /** Asked anew for every stream. */
  readonly identity: () => { readonly tls: TlsIdentity; readonly endpoints: readonly Endpoint[] };
  readonly renew: (endpoint: Endpoint, signal: AbortSignal) => Promise<Renewed>;
  readonly cadence: Cadence;
  readonly duties: SessionDuties;
  readonly log: Log;
}

/** How long a goodbye may take to get out, ms. */
const GOODBYE_MS = 500;

/** Runs the effects of the session machine on the network, the outbox and the agent's duties. */
export class SessionClient {
  readonly #options: SessionClientOptions;
  readonly #events: SessionEvent[] = [];
  readonly #stop = new AbortController();
  #state: SessionState;
  #isStepping = false;
  #timer: { readonly atMs: number; readonly abort: AbortController } | undefined;
  #stream: Stream | undefined;
  /** The end of the newest stream. */
  #streamOver: Promise<void> = Promise.resolve();
  #goodbye: Goodbye | undefined;
  /** Who waits for the next Welcome. */
  readonly #awaiting = new Set<() => void>();

  constructor(options: SessionClientOptions) {
    this.#options = options;
    this.#state = initialSession(options.identity().endpoints.length, options.cadence);
  }

  start(): void {
    this.#options.outbox.onAdded(() => {
      this.take({ kind: 'events-waiting' });
    });
    this.take({ kind: 'start' });
  }

  /** Says goodbye where somebody listens. Resolves when it is out, or when that took too long. */
  async stop(goodbye: Goodbye): Promise<void> {
    this.#goodbye = goodbye;
    this.take({ kind: 'stop' });
    this.#timer?.abort.abort();
    const limit = this.#options.clock.sleep(GOODBYE_MS, this.#stop.signal).catch(() => undefined); // it is out
    await Promise.race([this.#streamOver, limit]);
    this.#stop.abort();
    this.#stream?.close();
  }

  /** As though the uplink were gone. Resolves when a controller has welcomed it again. @throws what the signal was aborted with */
  async stayAway(away: Away, signal: AbortSignal): Promise<Back> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const before = this.#state.endpoints.index + 1;
    this.take({ kind: 'stay-away', ...away });
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#awaiting.delete(resolve);
        reject(new BrambleError('cancelled', 'the agent ends while it stays away'));
      };
      if (signal.aborted) onAbort();
      else {
        signal.addEventListener('abort', onAbort, { once: true });
        this.#awaiting.add(resolve);
      }
    });
    return { afterMs: clock.monotonicMs() - startedMs, address: this.#state.endpoints.index + 1, before };
  }

  /** Queues a frame on the open stream; `false` when there is none or the transport wants a pause. */
  send(frame: NonNullable<AgentFrame['frame']>): boolean {
    return this.#stream?.send(frame) ?? false;
  }

  /** Everything that happens comes through here, one after the other. */
  take(event: SessionEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return; // an effect caused it: its turn comes
    this.#isStepping = true;
    const { clock, random } = this.#options;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const { state, effects } = step(this.#state, next, { nowMs: clock.monotonicMs(), unit: random.unit() });
        this.#state = state;
        for (const effect of effects) this.#run(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    this.#setTimer();
  }

  /** A timer that is too early does no harm: the machine looks at the time. So most frames need no new one. */
  #setTimer(): void {
    const atMs = wakeAtMs(this.#state);
    if (atMs === undefined || atMs === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.abort.abort();
    const timer = { atMs, abort: new AbortController() };
    this.#timer = timer;
    const { clock } = this.#options;
    const waitMs = Math.max(0, Math.ceil(atMs - clock.monotonicMs()));
    void clock.sleep(waitMs, timer.abort.signal).then(
      () => {
        this.#timer = undefined;
        this.take({ kind: 'wake' });
      },
      () => undefined, // an earlier moment counts now
    );
  }

  #run(effect: SessionEffect): void {
    const { duties, outbox } = this.#options;
    switch (effect.kind) {
      case 'dial':
        this.#dial(effect.stream, effect.endpointIndex);
        return;
      case 'close':
        if (effect.stream === this.#stream?.number) this.#stream.close();
        return;
      case 'send-hello':
        this.send({ $case: 'hello', value: duties.hello() });
        return;
      case 'answer-probe':
        this.send({ $case: 'probeReply', value: { nonce: effect.nonce, ...duties.whoAmI } });
        return;
      case 'say-goodbye':
        if (this.#goodbye !== undefined) this.send({ $case: 'goodbye', value: this.#goodbye });
        this.#stream?.end();
        return;
      case 'offer-events':
        this.#offerEvents(effect.after, effect.limit);
        return;
      case 'acknowledge':
        void outbox.acknowledge(effect.throughSequence);
        return;
      case 'renew':
        void this.#renew(effect.endpointIndex);
        return;
      default:
        this.#hand(effect);
    }
  }

  #hand(effect: Extract<SessionEffect, { kind: DutyEffect }>): void {
    const { duties } = this.#options;
    switch (effect.kind) {
      case 'go-live':
        this.#options.log.info({ session: effect.welcome.sessionId }, 'connected to the controller');
        duties.welcome(effect.welcome);
        for (const isBack of this.#awaiting) isBack();
        this.#awaiting.clear();
        return;
      case 'go-offline':
        duties.offline();
        return;
      case 'report-in-full':
        duties.reportInFull();
        return;
      case 'report-acknowledged':
        duties.reportAcknowledged(effect.throughSequence);
        return;
      case 'take-command':
        duties.takeCommand(effect.command);
        return;
      case 'consider-revision':
        duties.considerRevision(effect.revision);
        return;
      case 'apply':
        duties.apply(effect.desired);
        return;
      case 'take-tunnel':
        duties.takeTunnel(effect.profile);
        return;
      case 'remember-head':
        duties.rememberHead(effect.head);
        return;
      default:
        assertNever(effect, 'session effect');
    }
  }

  #dial(number: number, endpointIndex: number): void {
    const { identity, net, log } = this.#options;
    const { tls, endpoints } = identity();
    const endpoint = endpoints[endpointIndex] ?? endpoints[0] ?? '';
    this.#stream = new Stream({ number, net, endpoint, tls, log, tell: (event) => this.take(event) });
    this.#streamOver = this.#stream.run();
  }

  #offerEvents(after: number, limit: number): void {
    const events = this.#options.outbox.pending(after, limit);
    for (const batch of inBatches(events)) this.send({ $case: 'events', value: { events: batch } });
    const sequences = events.map(({ sequence }) => sequence);
    this.take({ kind: 'events-sent', stream: this.#state.stream, sequences });
  }

  async #renew(endpointIndex: number): Promise<void> {
    const { identity, log } = this.#options;
    const { endpoints } = identity();
    try {
      const renewed = await this.#options.renew(endpoints[endpointIndex] ?? endpoints[0] ?? '', this.#stop.signal);
      log.info({}, 'credential renewed');
      this.take({ kind: 'renewed', ...renewed });
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      log.warn(errorFields(thrown), 'credential not renewed; trying again');
      this.take({ kind: 'renewal-failed' });
    }
  }
}

type DutyEffect =
  | 'go-live'
  | 'go-offline'
  | 'report-in-full'
  | 'report-acknowledged'
  | 'take-command'
  | 'take-tunnel'
  | 'consider-revision'
  | 'apply'
  | 'remember-head';
