import { constants } from 'node:crypto';
import type { SecureServerOptions } from 'node:http2';
import { ServerCredentials } from '@grpc/grpc-js';
import { assert } from '../contract/assert.js';
import { STREAMS_PER_CONNECTION_MAX } from './channel.js';

/** What the listening end proves itself with. PEM texts. */
export interface ServerIdentity {
  /** Leaf first; for strangers the root comes last, so that they can compare it with their pin. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

/** A TLS handshake that takes longer is given up, and its memory with it. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
/** Bytes of headers of one call. Ours have a few hundred. */
const HEADER_BYTES_MAX = 16 * 1024;
const HEADER_PAIRS_MAX = 64;

/** Options that grpc-js has no name for; they go to http2.createSecureServer() as they are. */
const LISTENER_OPTIONS = {
  minVersion: 'TLSv1.3',
  ALPNProtocols: ['h2'],
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  // Nobody resumes sessions yet, and tickets cost 8 KB per connection and a quarter of a handshake.
  secureOptions: constants.SSL_OP_NO_TICKET,
  maxHeaderListPairs: HEADER_PAIRS_MAX,
  maxOutstandingPings: 4,
  maxSettings: 16,
  settings: {
    maxConcurrentStreams: STREAMS_PER_CONNECTION_MAX,
    maxHeaderListSize: HEADER_BYTES_MAX,
    enablePush: false,
  },
} as const satisfies SecureServerOptions;

/**
 * Server side of TLS. `forMembers` insists on a certificate that a given root has signed: the root is an argument that
 * cannot be left out, because grpc-js would otherwise take any certificate of the public web for a client.
 * Exchanges the identity while running: open connections keep the old one.
 */
export class BrambleServerCredentials extends ServerCredentials {
  readonly #clientRootsPem: string | undefined;

  static forMembers(identity: ServerIdentity, clientRootsPem: string): BrambleServerCredentials {
    assert(
      clientRootsPem.includes('BEGIN CERTIFICATE'),
      'members are known by a root of ours, never by the public ones',
    );
    return new BrambleServerCredentials(identity, clientRootsPem);
  }

  static forStrangers(identity: ServerIdentity): BrambleServerCredentials {
    return new BrambleServerCredentials(identity, undefined);
  }

  private constructor(identity: ServerIdentity, clientRootsPem: string | undefined) {
    const members = clientRootsPem !== undefined;
    super(
      { ...LISTENER_OPTIONS, requestCert: members, rejectUnauthorized: members },
      contextOptions(identity, clientRootsPem),
    );
    this.#clientRootsPem = clientRootsPem;
  }

  /** From now on new connections see this identity. */
  replace(identity: ServerIdentity): void {
    this.updateSecureContextOptions(contextOptions(identity, this.#clientRootsPem));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOptions(identity: ServerIdentity, clientRootsPem: string | undefined): SecureServerOptions {
  return {
    // The minimum again: a replaced context knows nothing of the listener's options.
    minVersion: LISTENER_OPTIONS.minVersion,
    secureOptions: LISTENER_OPTIONS.secureOptions,
    // An empty list, not none: none would load the public web's authorities.
    ca: clientRootsPem === undefined ? [] : [Buffer.from(clientRootsPem)],
    cert: [Buffer.from(identity.certificateChainPem)],
    key: [Buffer.from(identity.privateKeyPem)],
  };
}
