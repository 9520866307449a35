import { assert } from '../../../proto/contract/assert.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { Command } from '../../../proto/gen/bramble/agent/v1/command.js';
import {
  type Cadence,
  DesiredStateOutcome,
  type DesiredStateReached,
  type NodeConfig,
} from '../../../proto/gen/bramble/agent/v1/desired.js';
import type { EnrollRequest, EnrollResponse, RenewRequest } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { Event } from '../../../proto/gen/bramble/agent/v1/event.js';
import { type AgentFrame, Goodbye, type GoodbyeReason, type Hello } from '../../../proto/gen/bramble/agent/v1/link.js';
import { SeriesDecoder } from '../../../proto/wire/series.js';
import { type CommandSigner, makeCommandSigner } from './signed-command.js';
import { SIM_WALL_CLOCK_MS } from './sim-clock.js';
import type { SimPeer, SimServer, SimServerStream } from './sim-net.js';
import type { SimWorld } from './sim-world.js';

type EventKind = NonNullable<Event['kind']>;
type EventValues = { [Kind in EventKind as Kind['$case']]: Kind['value'] };

/** The only node that this controller knows. */
export const SIM_NODE_ID = 'n-0000000000001';
export const SIM_PIN = 'ab'.repeat(32);
export const SIM_TOKEN = 'bt1_abcdefgh_secret_check';
export const SIM_ENDPOINT = 'controller:7443';

/**
 * A controller for one agent, as small as the contract allows: it lets the node in, keeps what it says, acknowledges what
 * it has committed and sends what a test tells it to. For whole fleets there is the real one.
 */
export class SimController implements SimServer {
  readonly spkiPin = SIM_PIN;
  readonly signer: CommandSigner = makeCommandSigner();
  cadence: Cadence = { reportIntervalMs: 30_000, probeAfterMs: 50_000, reconnectSpreadMs: 60_000 };
  /** Answers to proofs before the node is let in. */
  pendings = 0;
  renewAfterMs = 0;
  desiredRevision = 0;
  config: NodeConfig | undefined;
  /** While false events are taken and not acknowledged, as by a controller that cannot commit. */
  commits = true;
  /** Why nobody is let in; `undefined` = come in. */
  refusal: BrambleError | undefined;
  readonly hellos: Hello[] = [];
  readonly goodbyes: Goodbye[] = [];
  /** Committed, each once, in the order of arrival. */
  readonly events: Event[] = [];
  readonly facts = new Map<string, number | string>();
  readonly reachedRevisions: number[] = [];
  /** Every word about desired states. */
  readonly tries: DesiredStateReached[] = [];
  readonly renewals: RenewRequest[] = [];
  readonly peers: SimPeer[] = [];
  reportsCount = 0;
  fullReportsCount = 0;
  enrolledWith: EnrollRequest | undefined;
  readonly #world: SimWorld;
  #stream: SimServerStream | undefined;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  get nowMs(): number {
    return SIM_WALL_CLOCK_MS + Math.floor(this.#world.nowMs);
  }

  get isConnected(): boolean {
    return this.#stream !== undefined;
  }

  async enroll(request: EnrollRequest): Promise<EnrollResponse> {
    if (request.step?.$case === 'challenge') {
      return { outcome: { $case: 'challenge', value: { nonce: Buffer.from('nonce') } } };
    }
    this.enrolledWith = request;
    if (this.pendings > 0) {
      this.pendings -= 1;
      return { outcome: { $case: 'pending', value: { pollAfterMs: 5_000, fingerprintWords: 'apple river stone' } } };
    }
    return { outcome: { $case: 'credential', value: this.#credential('certificate 1', 1) } };
  }

  async renew(_peer: SimPeer, request: RenewRequest) {
    this.renewals.push(request);
    const count = request.renewalCounter + 1;
    return { credential: this.#credential(`certificate ${count}`, count) };
  }

  async upload(): Promise<never> {
    throw new BrambleError('unsupported', 'this controller takes no uploads');
  }

  openLink(peer: SimPeer, stream: SimServerStream): void {
    this.peers.push(peer);
    const decoder = new SeriesDecoder();
    stream.onFrame((frame) => {
      this.#take(frame, stream, decoder);
    });
    stream.onEnd(() => {
      if (this.#stream === stream) this.#stream = undefined;
    });
  }

  command(command: Command): void {
    this.#send({ $case: 'command', value: this.signer.sign(command) });
  }

  changeDesiredState(revision: number, cadence: Cadence): void {
    this.desiredRevision = revision;
    this.cadence = cadence;
    this.#send({ $case: 'desiredStateChanged', value: { revision } });
  }

  wantConfig(revision: number, config: NodeConfig): void {
    this.config = config;
    this.changeDesiredState(revision, this.cadence);
  }

  resync(): void {
    this.#send({ $case: 'resync', value: {} });
  }

  /** Ends the stream with a word. */
  goodbye(reason: GoodbyeReason): void {
    this.#send({ $case: 'goodbye', value: Goodbye.create({ reason }) });
    this.#stream?.end();
  }

  /** Ends the stream as a process that dies. */
  die(): void {
    this.#stream?.destroy(new BrambleError('unavailable', 'gone'));
    this.#stream = undefined;
  }

  /** What the events of one kind say. */
  eventsOf<Case extends keyof EventValues>(name: Case): EventValues[Case][] {
    return this.events.flatMap(({ kind }) => (kind?.$case === name ? [kind.value as EventValues[Case]] : []));
  }

  #credential(certificateChainPem: string, renewalCounter: number) {
    return {
      nodeId: SIM_NODE_ID,
      certificateChainPem,
      trustRootsPem: 'roots',
      commandKeys: [this.signer.key],
      endpoints: [SIM_ENDPOINT],
      renewalCounter,
      renewAfterMs: this.renewAfterMs,
    };
  }

  #send(frame: Parameters<SimServerStream['send']>[0]['frame']): void {
    assert(this.#stream !== undefined, 'the agent is connected');
    this.#stream.send({ frame });
  }

  #take({ frame }: AgentFrame, stream: SimServerStream, decoder: SeriesDecoder): void {
    switch (frame?.$case) {
      case 'hello':
        this.#welcome(frame.value, stream);
        break;
      case 'report': {
        const { full, changes } = decoder.decode(frame.value);
        if (full) this.facts.clear();
        for (const { fact, instance, value } of changes) {
          if (value === undefined) this.facts.delete(`${fact} ${instance}`.trim());
          else this.facts.set(`${fact} ${instance}`.trim(), value);
        }
        this.reportsCount += 1;
        if (full) this.fullReportsCount += 1;
        stream.send({ frame: { $case: 'reportAck', value: { throughSequence: frame.value.sequence } } });
        break;
      }
      case 'events':
        this.#commit(frame.value.events, stream);
        break;
      case 'desiredStatePull': {
        const value = { revision: this.desiredRevision, cadence: this.cadence, config: this.config };
        stream.send({ frame: { $case: 'desiredState', value } });
        break;
      }
      case 'desiredStateReached':
        this.tries.push(frame.value);
        if (frame.value.outcome === DesiredStateOutcome.REACHED) this.reachedRevisions.push(frame.value.revision);
        break;
      case 'goodbye':
        this.goodbyes.push(frame.value);
        break;
      default:
        break;
    }
  }

  #welcome(hello: Hello, stream: SimServerStream): void {
    if (this.refusal !== undefined) {
      stream.destroy(this.refusal);
      return;
    }
    this.hellos.push(hello);
    this.#stream = stream;
    const value = {
      sessionId: `s-${this.hellos.length}`,
      controllerUnixMs: this.nowMs,
      epoch: 1,
      cadence: this.cadence,
      desiredRevision: this.desiredRevision,
      commandsHeld: false,
    };
    stream.send({ frame: { $case: 'welcome', value } });
  }

  #commit(events: readonly Event[], stream: SimServerStream): void {
    if (!this.commits) return;
    for (const event of events) {
      const isKnown = this.events.some((each) => each.bootId === event.bootId && each.sequence === event.sequence);
      if (!isKnown) this.events.push(event);
    }
    const last = events.at(-1);
    if (last === undefined) return;
    stream.send({ frame: { $case: 'eventAck', value: { throughSequence: last.sequence } } });
  }
}
