import type { Http2SecureServer } from 'node:http2';
import { createServer, type Server as NetServer } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { assert } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { BrambleServerCredentials } from '../../proto/wire/server-credentials.js';
import type { RpcCounters } from './counters.js';
import type { PeerSessions } from './peer-sessions.js';

/** A whole fleet may come back in one moment; the kernel holds those who knock meanwhile. */
const BACKLOG = 4_096;
const TCP_KEEPALIVE_MS = 60_000;

export interface ListenerOptions {
  readonly server: Server;
  readonly credentials: BrambleServerCredentials;
  readonly sessions: PeerSessions;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly connectionsMax: number;
  readonly counters: RpcCounters;
  /** Name of the setting that an operator would change, such as "link.port". */
  readonly setting: string;
}

/** A TCP socket that accepts for a gRPC server, so that how many, from whom and how long are ours to say. */
export interface Listener {
  readonly port: number;
  /** Accepts nobody from now on. */
  stopAccepting(): void;
}

/** @throws BrambleError `failed-precondition` for an address that cannot be listened on */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { server, credentials, sessions, counters, connectionsMax } = options;
  const injector = server.createConnectionInjector(credentials);
  sessions.attach(http2ServerOf(server));
  let connections = 0;
  const net = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS }, (socket) => {
    if (connections >= connectionsMax) {
      counters.add('connections_shed_total');
      socket.destroy();
      return;
    }
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    sessions.accepted(socket);
    injector.injectConnection(socket);
  });
  const port = await bind(net, options);
  return {
    port,
    stopAccepting: () => {
      net.close();
    },
  };
}

function bind(net: NetServer, { host, port, setting }: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    net.once('error', (thrown: NodeJS.ErrnoException) => {
      reject(cannotListen(thrown, { host, port, setting }));
    });
    net.listen({ host, port, backlog: BACKLOG }, () => {
      const address = net.address();
      assert(address !== null && typeof address === 'object', 'a TCP socket has an address');
      resolve(address.port);
    });
  });
}

function cannotListen(
  thrown: NodeJS.ErrnoException,
  { host, port, setting }: Pick<ListenerOptions, 'host' | 'port' | 'setting'>,
): BrambleError {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  const hint =
    thrown.code === 'EADDRINUSE'
      ? `another program listens there, perhaps another controller; stop it or change ${setting}`
      : `choose an address of this machine and a port that its user may use: ${setting}`;
  const why = thrown.code === 'EADDRINUSE' ? 'the port is in use' : thrown.message;
  return new BrambleError('failed-precondition', `cannot listen on ${where}: ${why}`, { cause: thrown, hint });
}

/** grpc-js keeps its HTTP/2 servers to itself, but limits need to see connections before there are calls. */
function http2ServerOf(server: Server): Http2SecureServer {
  // A private field of the pinned version; the assertion tells at once when another version has none.
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2SecureServer, unknown> };
  const [http2Server] = http2Servers?.keys() ?? [];
  assert(http2Server !== undefined, 'this version of grpc-js shows its HTTP/2 servers');
  return http2Server;
}
