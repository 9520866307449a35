import type { X509Certificate } from 'node:crypto';
import type { Http2SecureServer, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import type { Log } from '../usecases/ports.js';
import type { RpcCounters } from './counters.js';
import { addressPrefix, PenaltyBox, type RpcLimits } from './limits.js';
import { TrafficMeter } from './traffic-meter.js';

/** What a certificate says of its holder, once its chain was verified. */
export interface CertificateClaims {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
  readonly spkiSha256: string;
  readonly expiresAtMs: number;
}

/** @throws BrambleError `unauthenticated`, `permission-denied` */
export type ReadCertificate = (certificate: X509Certificate) => CertificateClaims;

/** One connection and who is at its other end: read once, when it was made. */
export interface PeerSession {
  /** Remote address and port, for logs. */
  readonly from: string;
  /** Of members: what their certificate says, or why it is not taken. Strangers have neither. */
  readonly claims: CertificateClaims | BrambleError | undefined;
  /** What a penalty is laid on: a member's key, a stranger's address. */
  readonly account: string;
  /** Ends the connection without a word. */
  destroy(): void;
}

class Peer implements PeerSession {
  readonly from: string;
  readonly claims: CertificateClaims | BrambleError | undefined;
  readonly account: string;
  readonly #session: ServerHttp2Session;
  windowStartMs = 0;
  callsInWindow = 0;

  constructor(
    session: ServerHttp2Session,
    who: { readonly from: string; readonly address: string; readonly claims: Peer['claims'] },
  ) {
    this.#session = session;
    this.from = who.from;
    this.claims = who.claims;
    const { claims } = who;
    const isMember = claims !== undefined && !(claims instanceof BrambleError);
    this.account = isMember ? claims.spkiSha256 : addressPrefix(who.address);
  }

  destroy(): void {
    this.#session.destroy();
  }
}

export interface PeerSessionsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: RpcCounters;
  readonly limits: RpcLimits;
  /** Given on the listener where everybody must have a certificate. */
  readonly readCertificate: ReadCertificate | undefined;
}

/**
 * Connections of one listener, below the calls: gRPC shows a call only after its cost was paid, so what a connection does
 * as a whole (how many calls it opens, whose it is) is watched here.
 */
export class PeerSessions {
  readonly #deps: PeerSessionsDeps;
  readonly #byAddress = new Map<string, Peer>();
  readonly #bySession = new WeakMap<object, Peer>();
  readonly #penalties = new PenaltyBox();
  readonly traffic = new TrafficMeter();

  constructor(deps: PeerSessionsDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#byAddress.size;
  }

  /** A connection that nobody has said anything on yet. */
  accepted(socket: Socket): void {
    this.traffic.accepted(socket, `${socket.remoteAddress}:${socket.remotePort}`);
  }

  attach(server: Http2SecureServer): void {
    server.on('session', (session: ServerHttp2Session) => {
      this.#opened(session);
    });
    server.on('stream', (stream: ServerHttp2Stream) => {
      this.#called(stream);
    });
    server.on('sessionError', () => {
      this.#deps.counters.add('sessions_broken_total'); // one broken connection; it is closed by node:http2
    });
    server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      this.#handshakeFailed(error, socket);
    });
  }

  /** @param from what a call's getPeer() says: remote address, colon, port */
  find(from: string): PeerSession | undefined {
    return this.#byAddress.get(from);
  }

  destroyAll(): void {
    for (const peer of this.#byAddress.values()) peer.destroy();
  }

  sweep(): void {
    this.#penalties.sweep(this.#deps.clock.monotonicMs());
  }

  #opened(session: ServerHttp2Session): void {
    const { remoteAddress, remotePort } = session.socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      session.destroy(); // gone before we could look
      return;
    }
    const from = `${remoteAddress}:${remotePort}`;
    const peer = new Peer(session, { from, address: remoteAddress, claims: this.#claimsOf(session) });
    if (this.#penalties.has(peer.account, this.#deps.clock.monotonicMs())) {
      this.#deps.counters.add('connections_in_penalty_total');
      session.destroy();
      return;
    }
    this.#byAddress.set(from, peer);
    const { claims } = peer;
    if (claims !== undefined && !(claims instanceof BrambleError)) this.traffic.identified(from, claims.site);
    this.#bySession.set(session, peer);
    session.once('close', () => {
      if (this.#byAddress.get(from) === peer) this.#byAddress.delete(from);
    });
  }

  #claimsOf(session: ServerHttp2Session): Peer['claims'] {
    const { readCertificate } = this.#deps;
    if (readCertificate === undefined) return undefined;
    const socket = session.socket as TLSSocket; // the listeners speak nothing but TLS
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined) return new BrambleError('unauthenticated', 'no certificate of this fleet');
    try {
      return readCertificate(certificate);
    } catch (thrown) {
      return BrambleError.from(thrown);
    }
  }

  #called({ session }: ServerHttp2Stream): void {
    const peer = session === undefined ? undefined : this.#bySession.get(session);
    if (peer === undefined) return;
    const { callsPerWindowMax, callsWindowMs, penaltyMs } = this.#deps.limits;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - peer.windowStartMs >= callsWindowMs) {
      peer.windowStartMs = nowMs;
      peer.callsInWindow = 0;
    }
    peer.callsInWindow += 1;
    if (peer.callsInWindow <= callsPerWindowMax) return;
    peer.callsInWindow = -Infinity; // told once
    this.#penalties.add(peer.account, nowMs + penaltyMs);
    this.#deps.counters.add('call_floods_total');
    this.#deps.log.warn({ from: peer.from, penaltyMs }, 'a connection opened calls faster than any agent does; closed');
    peer.destroy();
  }

  #handshakeFailed(error: Error, socket: TLSSocket): void {
    const { counters, log } = this.#deps;
    counters.add('handshakes_failed_total');
    const refused = String(socket.authorizationError ?? '');
    if (refused === '') return; // scans, resets, plain HTTP: counted, not worth a line each
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#toldRefusalAtMs < REFUSALS_TOLD_EVERY_MS) return;
    this.#toldRefusalAtMs = nowMs;
    const isDate = refused === 'CERT_NOT_YET_VALID' || refused === 'CERT_HAS_EXPIRED';
    const hint = isDate ? 'compare the clocks of node and controller; then enrol the node again' : undefined;
    log.warn({ from: socket.remoteAddress, refused, hint, err: error.message }, 'a client certificate was refused');
  }

  #toldRefusalAtMs = -Infinity;
}

const REFUSALS_TOLD_EVERY_MS = 10_000;
