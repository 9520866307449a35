import type { ProcessIdentity } from '../domain/takeover.js';
import { PROBE_ANSWER_LIMIT_MS } from '../domain/takeover.js';
import type { AgentConnection, AgentHello, AgentSession, FromAgent, GoodbyeReason } from './agent-messages.js';
import type { LiveSession, NodeEntry } from './node-table.js';
import type { World } from './ports.js';

/** Whom a session tells what happens on its stream. */
export interface SessionOwner {
  received(session: Session, message: FromAgent): void;
  ended(session: Session): void;
}

/** One live stream of one node. */
export class Session implements AgentSession, LiveSession {
  readonly id: string;
  readonly connection: AgentConnection;
  readonly entry: NodeEntry;
  readonly identity: ProcessIdentity;
  readonly supportedActions: readonly string[];
  readonly connectedAtMs: number;
  readonly #owner: SessionOwner;
  readonly #world: World;

  /** No more messages are taken: it was closed, by either side. */
  isOver = false;
  lastHeardAtMonotonicMs: number;
  /** A full report came on this stream, so the deltas that follow mean something. */
  hasFullReport = false;
  lastReportSequence = 0;
  unackedReportsCount = 0;
  ackedAtMonotonicMs = 0;
  /** As this node was told. */
  reportIntervalMs = 0;
  #probe: Probe | undefined;

  constructor(
    connection: AgentConnection,
    hello: AgentHello,
    deps: { readonly entry: NodeEntry; readonly owner: SessionOwner; readonly world: World },
  ) {
    this.id = `s-${hex(deps.world.random.bytes(8))}`;
    this.connection = connection;
    this.entry = deps.entry;
    this.identity = { bootId: hello.bootId, processNonce: hello.processNonce };
    this.supportedActions = hello.supportedActions;
    this.connectedAtMs = deps.world.clock.nowMs();
    this.lastHeardAtMonotonicMs = deps.world.clock.monotonicMs();
    this.#owner = deps.owner;
    this.#world = deps.world;
  }

  get isProbing(): boolean {
    return this.#probe !== undefined;
  }

  receive(message: FromAgent): void {
    if (this.isOver) return;
    this.lastHeardAtMonotonicMs = this.#world.clock.monotonicMs();
    if (message.kind === 'probe-reply') this.#answered(message);
    else this.#owner.received(this, message);
  }

  closed(): void {
    this.#probe?.settle(undefined);
    if (this.isOver) return;
    this.isOver = true;
    this.#owner.ended(this);
  }

  /** Ends the stream from our side; nothing that still arrives on it is taken. */
  close(reason: GoodbyeReason, detail: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#probe?.settle(undefined);
    this.#owner.ended(this);
    this.connection.close(reason, detail);
  }

  /** One question at a time: whoever asks meanwhile shares its answer. */
  probe(): Promise<ProcessIdentity | undefined> {
    if (this.isOver) return Promise.resolve(undefined);
    if (this.#probe !== undefined) return this.#probe.answer;
    const probe = this.#startProbe();
    this.#probe = probe;
    this.connection.send({ kind: 'probe', nonce: probe.nonce }); // the answer may come before this returns
    return probe.answer;
  }

  #startProbe(): Probe {
    let resolveAnswer: (answer: ProcessIdentity | undefined) => void = () => {};
    const answer = new Promise<ProcessIdentity | undefined>((resolve) => {
      resolveAnswer = resolve;
    });
    const settle = (who: ProcessIdentity | undefined): void => {
      cancel();
      this.#probe = undefined;
      resolveAnswer(who);
    };
    const cancel = this.#world.timers.after(PROBE_ANSWER_LIMIT_MS, () => settle(undefined));
    return { nonce: hex(this.#world.random.bytes(8)), answer, settle };
  }

  #answered(reply: { readonly nonce: string; readonly bootId: string; readonly processNonce: string }): void {
    if (this.#probe === undefined || this.#probe.nonce !== reply.nonce) return; // late, or made up
    this.#probe.settle({ bootId: reply.bootId, processNonce: reply.processNonce });
  }
}

interface Probe {
  readonly nonce: string;
  readonly answer: Promise<ProcessIdentity | undefined>;
  settle(who: ProcessIdentity | undefined): void;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
