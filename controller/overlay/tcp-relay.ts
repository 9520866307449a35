import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { BrambleError } from '../../proto/contract/errors.js';

/**
 * The way in for networks that let no UDP pass. OpenVPN speaks the same packets over TCP, each behind its length in two bytes; so
 * one gateway with one interface serves both, and a client's prefix has one way whichever it came by. (A second OpenVPN
 * process for TCP would have an interface of its own, and somebody would have to move routes between the two.)
 * Source: OpenVPN, doc on the network protocol, "TCP mode".
 */

export interface RelayOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where the gateway listens for UDP. */
  readonly gateway: { readonly host: string; readonly port: number };
}

export interface TcpRelay {
  readonly port: number;
  counters(): RelayCounters;
  close(): Promise<void>;
}

export interface RelayCounters {
  readonly open_connections: number;
  readonly connections_total: number;
  readonly refused_connections_total: number;
  readonly received_bytes_total: number;
  readonly sent_bytes_total: number;
  /** Packets for clients whose connection was full, as a router would drop them. */
  readonly dropped_packets_total: number;
}

/** As many as a gateway has places for. */
const CONNECTIONS_MAX = 1_024;
/** A connection over which nothing came for so long has nobody behind it: clients ping far more often. */
const IDLE_MS_MAX = 90_000;
/** What waits for a slow client; more is dropped, and TCP inside the tunnel adapts. */
const QUEUE_BYTES_MAX = 256 * 1024;
const LENGTH_BYTES = 2;
/** No packet of a tunnel is longer, whatever its header says: the MTU is 1,500 and the handshake stays below 1,250. */
const PACKET_BYTES_MAX = 4_096;

/** @throws BrambleError `failed-precondition` when the port is taken or not ours to take */
export async function startTcpRelay(options: RelayOptions): Promise<TcpRelay> {
  const relay = new Relay(options.gateway);
  const server = createServer({ noDelay: true }, (socket) => {
    relay.take(socket);
  });
  await listen(server, options.listen);
  const address = server.address();
  return {
    port: address === null || typeof address === 'string' ? 0 : address.port,
    counters: () => relay.counters(),
    close: () => {
      relay.endAll();
      return new Promise((done) => {
        server.close(() => {
          done();
        });
      });
    },
  };
}

class Relay {
  readonly #gateway: RelayOptions['gateway'];
  readonly #open = new Set<Socket>();
  #total = 0;
  #refused = 0;
  #received = 0;
  #sent = 0;
  #dropped = 0;

  constructor(gateway: RelayOptions['gateway']) {
    this.#gateway = gateway;
  }

  take(stream: Socket): void {
    if (this.#open.size >= CONNECTIONS_MAX) {
      this.#refused++;
      stream.destroy();
      return;
    }
    this.#total++;
    this.#open.add(stream);
    const datagrams = createSocket(this.#gateway.host.includes(':') ? 'udp6' : 'udp4');
    const end = (): void => {
      if (!this.#open.delete(stream)) return;
      stream.destroy();
      datagrams.close();
    };
    stream.setTimeout(IDLE_MS_MAX, end);
    stream.on('error', end).on('close', end);
    datagrams.on('error', () => {
      // The gateway is away for a moment: its client tries again by itself.
    });
    datagrams.on('message', (packet) => {
      this.#toClient(stream, packet);
    });
    // Connected, so that nobody but the gateway is heard.
    datagrams.connect(this.#gateway.port, this.#gateway.host, () => {
      this.#fromClient(stream, datagrams, end);
    });
  }

  #fromClient(stream: Socket, datagrams: DatagramSocket, end: () => void): void {
    let rest: Buffer = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= LENGTH_BYTES) {
        const length = rest.readUInt16BE(0);
        if (length === 0 || length > PACKET_BYTES_MAX) {
          end(); // it is not a tunnel that speaks here
          return;
        }
        if (rest.length < LENGTH_BYTES + length) return;
        datagrams.send(rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
        rest = rest.subarray(LENGTH_BYTES + length);
      }
    });
  }

  #toClient(stream: Socket, packet: Buffer): void {
    if (stream.destroyed || stream.writableLength > QUEUE_BYTES_MAX) {
      this.#dropped++;
      return;
    }
    const head = Buffer.alloc(LENGTH_BYTES);
    head.writeUInt16BE(packet.length);
    this.#sent += LENGTH_BYTES + packet.length;
    stream.write(Buffer.concat([head, packet]));
  }

  endAll(): void {
    for (const stream of [...this.#open]) stream.destroy();
  }

  counters(): RelayCounters {
    return {
      open_connections: this.#open.size,
      connections_total: this.#total,
      refused_connections_total: this.#refused,
      received_bytes_total: this.#received,
      sent_bytes_total: this.#sent,
      dropped_packets_total: this.#dropped,
    };
  }
}

function listen(server: Server, { host, port }: RelayOptions['listen']): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (cause) => {
      fail(
        new BrambleError('failed-precondition', `cannot listen on port ${port} for tunnels over TCP`, {
          cause,
          hint: 'end what uses it, or choose another port in overlay.port: the relay has the same for TCP',
        }),
      );
    });
    server.listen(port, host, done);
  });
}
