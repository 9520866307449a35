import { BrambleError } from '../../../proto/contract/errors.js';
import { UploadHeader, UploadReceipt } from '../../../proto/gen/bramble/agent/v1/bulk.js';
import {
  EnrollRequest,
  EnrollResponse,
  RenewRequest,
  RenewResponse,
} from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { Endpoint, Net, TlsIdentity } from '../host/ports.js';
import { Lifetime } from './lifetime.js';
import { asOnTheWire, SimLink, type SimServerStream } from './sim-link.js';
import { SimPath } from './sim-path.js';
import type { SimWorld } from './sim-world.js';

export type { SimServerStream } from './sim-link.js';

/** Who is on the other end, as a TLS server would see it. */
export interface SimPeer {
  readonly certificateChainPem: string;
  /** Name of the agent's network, in place of an address. */
  readonly from: string;
}

/** A controller, as far as agents can see it. Its errors travel as code, message and hint. */
export interface SimServer {
  /** When given, an enrolment that pins something else is refused as by TLS. */
  readonly spkiPin?: string;
  openLink(peer: SimPeer, stream: SimServerStream): void;
  enroll(request: EnrollRequest, from: string): Promise<EnrollResponse>;
  renew(peer: SimPeer, request: RenewRequest): Promise<RenewResponse>;
  upload(peer: SimPeer, header: UploadHeader, content: Uint8Array): Promise<UploadReceipt>;
}

export interface SimNetworkOptions {
  /** One way, ms. Default 20. */
  readonly latencyMs?: number;
  /** Up to so much more per frame, ms. Default 10. */
  readonly jitterMs?: number;
}

/** As the contract demands of real agents: slow links need it. */
const CONNECT_TIMEOUT_MS = 60_000;

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** What lies between agents and controllers. Nothing is lost without a cut: it stands for TCP, not for packets. */
export class SimNetwork {
  readonly #world: SimWorld;
  readonly #options: SimNetworkOptions;
  readonly #servers = new Map<Endpoint, SimServer>();
  readonly #paths = new Map<string, SimPath>();

  constructor(world: SimWorld, options: SimNetworkOptions = {}) {
    this.#world = world;
    this.#options = options;
  }

  /** Closing refuses new connections; open streams are the server's to end. */
  listen(endpoint: Endpoint, server: SimServer): { close(): void } {
    this.#servers.set(endpoint, server);
    return {
      close: () => {
        if (this.#servers.get(endpoint) === server) this.#servers.delete(endpoint);
      },
    };
  }

  /** The handle for cuts, resets and delays of one agent. */
  path(name: string): SimPath {
    const { latencyMs = 20, jitterMs = 10 } = this.#options;
    const found = this.#paths.get(name) ?? new SimPath(this.#world, name, latencyMs, jitterMs);
    this.#paths.set(name, found);
    return found;
  }

  makeNet(name: string, life: Lifetime = new Lifetime()): Net {
    return {
      openLink: (endpoint, identity, signal) =>
        life.guard(async () => {
          const link = new SimLink({ world: this.#world, name, path: this.path(name), life, signal });
          await this.#exchange(name, endpoint, signal, async (server) => {
            server.openLink(peerOf(identity, name), link.serverStream);
          }).catch((error: unknown) => {
            link.cancel();
            throw error;
          });
          return link.stream;
        }),
      enroll: (endpoint, spkiPin, request, signal) =>
        life.guard(() =>
          this.#exchange(name, endpoint, signal, async (server) => {
            checkPin(server, spkiPin);
            return travel(EnrollResponse, await server.enroll(travel(EnrollRequest, request), name));
          }),
        ),
      renew: (endpoint, identity, request, signal) =>
        life.guard(() =>
          this.#exchange(name, endpoint, signal, async (server) =>
            travel(RenewResponse, await server.renew(peerOf(identity, name), travel(RenewRequest, request))),
          ),
        ),
      upload: (endpoint, identity, header, content, signal) =>
        life.guard(async () => {
          const bytes = await gather(content);
          return this.#exchange(name, endpoint, signal, async (server) =>
            travel(UploadReceipt, await server.upload(peerOf(identity, name), travel(UploadHeader, header), bytes)),
          );
        }),
    };
  }

  /** One question and one answer, each with its delay. */
  #exchange<T>(
    name: string,
    endpoint: Endpoint,
    signal: AbortSignal,
    ask: (server: SimServer) => Promise<T>,
  ): Promise<T> {
    const path = this.path(name);
    return new Promise<T>((resolve, reject) => {
      const fail = (error: BrambleError): void => {
        finish(() => {
          reject(error);
        });
      };
      const onAbort = (): void => {
        fail(new BrambleError('cancelled', `the call to ${endpoint} was cancelled`));
      };
      const finish = (settle: () => void): void => {
        timer.cancel();
        stopListening();
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const timer = this.#world.after(CONNECT_TIMEOUT_MS, () => {
        fail(new BrambleError('unavailable', `no answer from ${endpoint} within ${CONNECT_TIMEOUT_MS} ms`));
      });
      const stopListening = path.onReset(() => {
        fail(new BrambleError('unavailable', `the connection to ${endpoint} was lost`));
      });
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      path.deliver('to-controller', () => {
        this.#answer(endpoint, ask).then(
          (value) => {
            path.deliver('to-agent', () => {
              finish(() => {
                resolve(value);
              });
            });
          },
          (error: unknown) => {
            path.deliver('to-agent', () => {
              fail(asOnTheWire(error));
            });
          },
        );
      });
    });
  }

  async #answer<T>(endpoint: Endpoint, ask: (server: SimServer) => Promise<T>): Promise<T> {
    const server = this.#servers.get(endpoint);
    if (server === undefined) throw new BrambleError('unavailable', `${endpoint} refused the connection`);
    try {
      return await ask(server);
    } catch (error) {
      if (!(error instanceof BrambleError)) this.#world.fail(error); // a bug of the simulated controller ends the run
      throw error;
    }
  }
}

function peerOf(identity: TlsIdentity, from: string): SimPeer {
  return { certificateChainPem: identity.certificateChainPem, from };
}

function checkPin(server: SimServer, spkiPin: string): void {
  if (server.spkiPin === undefined || server.spkiPin === spkiPin) return;
  throw new BrambleError('unauthenticated', 'the controller is not the one that the join file names', {
    hint: 'compare the pin in the join file with the one that the controller prints',
  });
}

/** A message as the other end decodes it. */
function travel<T>(codec: Codec<T>, message: T): T {
  return codec.decode(codec.encode(message).finish());
}

async function gather(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
