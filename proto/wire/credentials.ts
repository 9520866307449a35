import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { type CallCredentials, ChannelCredentials, credentials } from '@grpc/grpc-js';
import { BrambleError } from '../contract/errors.js';
import { parseCertificates, pinnedRoots, SERVER_AUTH, uriName, verifyChain } from './chain.js';

/** Whom the dialling end trusts, and who it is itself. */
export type ClientTrust =
  | {
      /** Knows the fleet, has an identity: mutual TLS. */
      readonly kind: 'member';
      readonly certificateChainPem: string;
      readonly privateKeyPem: string;
      readonly trustRootsPem: string;
    }
  | {
      /** Knows nothing but a pin: the lower-case hex SHA-256 of the root's SubjectPublicKeyInfo. */
      readonly kind: 'stranger';
      readonly rootSpkiSha256: string;
    };

export interface ClientCredentialsOptions {
  readonly trust: ClientTrust;
  /** No earlier than this can it be now, ms since 1970-01-01 UTC: the later of the wall clock and a floor. */
  readonly nowMs: () => number;
}

/** grpc-js keeps these two types to itself. */
type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type SecureConnectResult = Awaited<ReturnType<SecureConnector['connect']>>;

/**
 * Our side of TLS for every channel. TLS 1.3 or nothing; the presented chain is verified here and not by OpenSSL, because
 * OpenSSL would judge it by a clock that says 1970. Names in DNS mean nothing: the controller is whoever our root says
 * is "spiffe://<fleet>/controller". The subclassed hooks of grpc-js are not public: the version is pinned and
 * credentials.test.ts holds their behaviour. Resuming TLS sessions would go into #handshake and nowhere else.
 */
export class BrambleChannelCredentials extends ChannelCredentials {
  readonly #context: SecureContext;
  readonly #roots: readonly X509Certificate[];
  readonly #fleet: string | undefined;
  readonly #options: ClientCredentialsOptions;
  readonly #sockets = new Set<TLSSocket>();
  #refusal: BrambleError | undefined;
  #isReached = false;
  #isDisposed = false;

  /** @throws BrambleError `invalid-argument` for an identity that cannot be read */
  static create(options: ClientCredentialsOptions): BrambleChannelCredentials {
    const { trust } = options;
    if (trust.kind === 'stranger')
      return new BrambleChannelCredentials(options, secureContext({ ca: [] }), [], undefined);
    const own = parseCertificates(trust.certificateChainPem)[0];
    const fleet = /^spiffe:\/\/([^/]+)\/site\//.exec(own === undefined ? '' : (uriName(own) ?? ''))?.[1];
    if (fleet === undefined) throw new BrambleError('invalid-argument', 'the certificate names no fleet');
    const context = secureContext({
      ca: trust.trustRootsPem,
      cert: trust.certificateChainPem,
      key: trust.privateKeyPem,
    });
    return new BrambleChannelCredentials(options, context, parseCertificates(trust.trustRootsPem), fleet);
  }

  private constructor(
    options: ClientCredentialsOptions,
    context: SecureContext,
    roots: readonly X509Certificate[],
    fleet: string | undefined,
  ) {
    super();
    this.#options = options;
    this.#context = context;
    this.#roots = roots;
    this.#fleet = fleet;
  }

  /** Why the last connection was refused by us; grpc-js itself would only say that there is none. */
  get refusal(): BrambleError | undefined {
    return this.#refusal;
  }

  /** Whether a TCP connection was ever made: the path is there, and what takes long now is the other end. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /**
   * Ends every connection at once, and lets none begin: grpc-js, when it is closed while it dials, would finish dialling
   * and forget the socket.
   */
  dispose(): void {
    this.#isDisposed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials?: CallCredentials,
  ): SecureConnector {
    return {
      connect: (socket) => this.#handshake(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials ?? credentials.createEmpty(),
      destroy: () => undefined,
    };
  }

  #handshake(tcp: Socket): Promise<SecureConnectResult> {
    this.#isReached = true;
    if (this.#isDisposed) {
      tcp.destroy();
      return Promise.reject(new BrambleError('cancelled', 'the channel was closed'));
    }
    return new Promise((resolve, reject) => {
      const socket = connect({
        socket: tcp,
        secureContext: this.#context,
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false, // #verify() below is stricter, and knows what time it is
        checkServerIdentity: () => undefined,
      });
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        reject(new BrambleError('unavailable', 'the connection was closed during the TLS handshake'));
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        try {
          this.#verify(socket);
        } catch (thrown) {
          this.#refusal = BrambleError.from(thrown);
          socket.destroy();
          reject(this.#refusal);
          return;
        }
        this.#refusal = undefined;
        resolve({ socket, secure: true });
      });
    });
  }

  #verify(socket: TLSSocket): void {
    if (socket.alpnProtocol !== 'h2') throw new BrambleError('unsupported', 'the other end does not speak HTTP/2');
    const { trust } = this.#options;
    const presented = presentedChain(socket);
    const roots = trust.kind === 'member' ? this.#roots : pinnedRoots(presented, trust.rootSpkiSha256);
    if (roots.length === 0) {
      throw new BrambleError('unauthenticated', 'the controller does not have the root key that the pin names', {
        hint: 'compare the pin with the one that the controller shows for its join tokens',
      });
    }
    verifyChain(presented, { roots, usage: SERVER_AUTH, nowMs: this.#options.nowMs() });
    // A second opinion where OpenSSL can have one: path lengths and constraints are its to know, dates are ours.
    const opinion = String(socket.authorizationError ?? 'OK');
    if (trust.kind === 'member' && !['OK', 'null', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].includes(opinion)) {
      throw new BrambleError('unauthenticated', `the controller’s certificate chain is not valid: ${opinion}`);
    }
    const name = presented[0] === undefined ? undefined : uriName(presented[0]);
    const wanted = this.#fleet === undefined ? /^spiffe:\/\/[^/]+\/controller$/ : `spiffe://${this.#fleet}/controller`;
    if (name === undefined || !(typeof wanted === 'string' ? name === wanted : wanted.test(name))) {
      throw new BrambleError('unauthenticated', 'the other end is not the controller of this fleet');
    }
  }
}

function secureContext(material: { ca: string | string[]; cert?: string; key?: string }): SecureContext {
  try {
    return createSecureContext({ ...material, minVersion: 'TLSv1.3' });
  } catch (thrown) {
    throw new BrambleError('invalid-argument', 'the key and the certificate cannot be used together', {
      cause: thrown,
      hint: 'enrol this node again',
    });
  }
}

/** What the other end sent, leaf first; the chain is a linked list whose root points at itself. */
function presentedChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  const seen = new Set<unknown>();
  while (next?.raw !== undefined && !seen.has(next) && chain.length < 8) {
    seen.add(next);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
