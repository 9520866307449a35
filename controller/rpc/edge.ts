import type { handleUnaryCall, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { toServiceError } from '../../proto/wire/status.js';
import type { AgentPeer } from '../usecases/agent-messages.js';
import type { Log } from '../usecases/ports.js';
import type { RpcCounters } from './counters.js';
import type { PeerSession, PeerSessions } from './peer-sessions.js';

/** In place of a message that could not be decoded; the edge answers it, handlers never see it. */
export const UNDECODABLE = Symbol('undecodable');
export type Decoded<T> = T | typeof UNDECODABLE;

/** Makes a method's decoder say UNDECODABLE instead of throwing inside grpc-js, which would answer with our parser's words. */
export function decodable<Message>(decode: (bytes: Buffer) => Message): (bytes: Buffer) => Decoded<Message> {
  return (bytes) => {
    try {
      return decode(bytes);
    } catch {
      return UNDECODABLE; // whatever is wrong with the bytes, the sender knows best
    }
  };
}

export function undecodable(): BrambleError {
  return new BrambleError('invalid-argument', 'the message cannot be decoded');
}

/** Whoever made a call. */
export interface Caller {
  readonly session: PeerSession;
  /** Remote address and port. */
  readonly from: string;
}

export interface NodeCaller extends Caller {
  readonly peer: AgentPeer;
  /** End of the certificate that the connection was made with. */
  readonly expiresAtMs: number;
}

/** What the edge needs to see of a call of any kind. */
interface AnyCall {
  getPeer(): string;
  getPath(): string;
}

export interface EdgeDeps {
  readonly sessions: PeerSessions;
  /** Who may speak now; asked on every call. @throws BrambleError `unauthenticated` */
  readonly identities: { check(spkiSha256: string): AgentPeer };
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: RpcCounters;
}

const REFUSALS_LOGGED_PER_WINDOW = 20;
const REFUSALS_WINDOW_MS = 60_000;

/**
 * Where calls come in: the only place where callbacks, status numbers and thrown errors meet. In this order: a connection
 * that we know, its certificate, whether its key still speaks for the node, and only then a handler.
 */
export class Edge {
  readonly #deps: EdgeDeps;
  #windowStartMs = -Infinity;
  #loggedInWindow = 0;

  constructor(deps: EdgeDeps) {
    this.#deps = deps;
  }

  /** Anybody who reached the listener. @throws BrambleError `unavailable` when the connection has just gone */
  stranger(call: AnyCall): Caller {
    const from = call.getPeer();
    const session = this.#deps.sessions.find(from);
    if (session === undefined) throw new BrambleError('unavailable', 'the connection is being closed');
    return { session, from };
  }

  /**
   * A node, by certificate and by what is known of it now; nothing in a message takes part.
   * @throws BrambleError `unauthenticated`, `permission-denied`
   */
  node(call: AnyCall): NodeCaller {
    const { session, from } = this.stranger(call);
    const { claims } = session;
    if (claims === undefined) throw new BrambleError('unauthenticated', 'this call needs a certificate');
    if (claims instanceof BrambleError) throw claims;
    // Also asked by TLS, once; a connection can outlive its certificate.
    if (this.#deps.clock.nowMs() >= claims.expiresAtMs) {
      throw new BrambleError('unauthenticated', 'the certificate has expired', { hint: 'renew it, or enrol again' });
    }
    const peer = this.#deps.identities.check(claims.spkiSha256);
    if (peer.nodeId !== claims.nodeId || peer.site !== claims.site || peer.kind !== claims.kind) {
      throw new BrambleError('permission-denied', 'the certificate names somebody else than its key belongs to');
    }
    return { session, from, peer, expiresAtMs: claims.expiresAtMs };
  }

  unary<Request, Response, C extends Caller>(
    admit: (call: AnyCall) => C,
    handler: (request: Request, caller: C) => Promise<Response>,
  ): handleUnaryCall<Decoded<Request>, Response> {
    return (call, done) => {
      void this.#answer(call, { admit, handler }, done);
    };
  }

  /** Says once, in the right tone, that a call failed; returns the status that its peer gets. */
  failed(call: AnyCall, thrown: unknown): ReturnType<typeof toServiceError> {
    const error = BrambleError.from(thrown);
    const { log, counters } = this.#deps;
    const fields = { err: error, rpc: call.getPath(), from: call.getPeer(), ...error.context };
    counters.callFailed(error.code);
    if (error.code === 'internal') log.error(fields, 'a call failed because of a bug');
    else if (this.#mayLogRefusal()) log.info(fields, 'a call was refused');
    return toServiceError(error);
  }

  async #answer<Request, Response, C extends Caller>(
    call: ServerUnaryCall<Decoded<Request>, Response>,
    rules: {
      readonly admit: (call: AnyCall) => C;
      readonly handler: (request: Request, caller: C) => Promise<Response>;
    },
    done: sendUnaryData<Response>,
  ): Promise<void> {
    try {
      const caller = rules.admit(call);
      const { request } = call;
      if (request === UNDECODABLE) throw undecodable();
      done(null, await rules.handler(request, caller));
    } catch (thrown) {
      done(this.failed(call, thrown));
    }
  }

  /** Strangers can make calls fail as often as they like: the log is theirs to read about, not to fill. */
  #mayLogRefusal(): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= REFUSALS_WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#loggedInWindow = 0;
    }
    this.#loggedInWindow += 1;
    return this.#loggedInWindow <= REFUSALS_LOGGED_PER_WINDOW;
  }
}
