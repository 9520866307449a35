import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startTcpRelay } from './tcp-relay.js';

/** A gateway that says everything back, and a relay in front of it. */
async function setUp() {
  const gateway = createSocket('udp4');
  gateway.on('message', (packet, { port, address }) => gateway.send(packet, port, address));
  await new Promise<void>((done) => gateway.bind(0, '127.0.0.1', done));
  const host = '127.0.0.1';
  const relay = await startTcpRelay({ listen: { host, port: 0 }, gateway: { host, port: gateway.address().port } });
  onTestFinished(async () => {
    await relay.close();
    gateway.close();
  });
  return { gateway, relay };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  while (all.length < bytes) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]; // what the event carries
    all = Buffer.concat([all, chunk]);
  }
  return all;
}

const framed = (text: string): Buffer => {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([head, Buffer.from(text)]);
};

test('packets come through whole, however TCP has cut them', async () => {
  const { relay } = await setUp();
  const socket = await dial(relay.port);
  const both = Buffer.concat([framed('one'), framed('another packet')]);
  for (const byte of both) socket.write(Buffer.from([byte]));
  expect(await read(socket, both.length)).toEqual(both);
  expect(relay.counters()).toMatchObject({ open_connections: 1, received_bytes_total: both.length });
});

test.for([
  ['nothing', Buffer.from([0, 0])],
  ['more than any packet', Buffer.from([0xff, 0xff])],
  ['a web browser', Buffer.from('GET / HTTP/1.1\r\n')],
] as const)('a connection that announces %s is ended', async ([, bytes]) => {
  const { relay } = await setUp();
  const socket = await dial(relay.port);
  socket.resume().write(bytes);
  await once(socket, 'close');
  expect(relay.counters()).toMatchObject({ open_connections: 0, received_bytes_total: bytes.length });
});

test('each connection is a client of its own', async () => {
  const { gateway, relay } = await setUp();
  const ports = new Set<number>();
  gateway.on('message', (_packet: Buffer, { port }: { readonly port: number }) => ports.add(port));
  for (const text of ['a', 'b']) {
    const socket = await dial(relay.port);
    socket.write(framed(text));
    expect((await read(socket, 3)).toString('latin1', 2)).toBe(text);
  }
  expect(ports.size).toBe(2);
});

test('only the gateway is heard by a connection', async () => {
  const { gateway, relay } = await setUp();
  const socket = await dial(relay.port);
  const asked = once(gateway, 'message') as Promise<[Buffer, { port: number }]>; // what the event carries
  socket.write(framed('hello'));
  const [, { port }] = await asked;
  const stranger: DatagramSocket = createSocket('udp4');
  onTestFinished(() => {
    stranger.close();
  });
  await new Promise((done) => stranger.send('intruder', port, '127.0.0.1', done));
  socket.write(framed('again'));
  expect((await read(socket, 14)).toString('latin1')).toBe('\0\x05hello\0\x05again');
});
