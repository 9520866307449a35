import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { by } from '../../../../controller/usecases/testing/by.js';
import { BrambleError } from '../../../../proto/contract/errors.js';
import { TestBoard, TestLink, type TestNode, TrustRig } from '../../../../test/system/trust-rig.js';
import type { LinkStream } from '../ports.js';
import { makeGrpcNet } from './net.js';

const net = makeGrpcNet();
const never = new AbortController().signal;
let rig: TrustRig;
let node: TestNode;

beforeAll(async () => {
  rig = await TrustRig.start({ limits: { framesPerSecond: 1, framesBurst: 1 } });
  node = await rig.enrolNode();
});
afterAll(async () => {
  await rig.stop();
});

const silent: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
afterEach(() => {
  for (const { server, sockets } of silent.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

/** A port that accepts and then says nothing, as a half-dead controller does. */
async function silentEndpoint(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.resume());
    socket.on('error', () => undefined); // the other end gives up
  });
  silent.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    if (thrown instanceof BrambleError) return thrown;
    throw thrown;
  }
  throw new Error('succeeded');
}

async function readAll({ frames }: LinkStream): Promise<number> {
  let count = 0;
  for await (const _frame of frames) count += 1;
  return count;
}

/** What keeps a process alive: sockets and timers, as Node counts them. */
function openHandles(): string {
  const names = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name));
  return names.toSorted().join(' ');
}

test('a link carries frames both ways and ends cleanly', async () => {
  const link = await rig.connect(node);
  expect((await link.next('welcome'))?.epoch).toBe(1);
  link.stream.end();
  expect(await link.over).toBeUndefined();
  expect(link.stream.send({ frame: { $case: 'goodbye', value: { reason: 1, expectedBackMs: 0, detail: '' } } })).toBe(
    false,
  );
  link.stream.end();
});

test('nobody there is unavailable, at once', async () => {
  const error = await refusal(net.openLink('127.0.0.1:1', node.identity, never));
  expect([error.code, error.retryable]).toEqual(['unavailable', true]);
  expect((await refusal(net.renew('127.0.0.1:1', node.identity, RENEWAL, never))).code).toBe('unavailable');
});

test.for(['no-port', 'host:99999999', 'unix:/tmp/x', 'dns:///a:1', '[::1'])('%s is no endpoint', async (endpoint) => {
  expect((await refusal(net.openLink(endpoint, node.identity, never))).code).toBe('invalid-argument');
});

test('an identity that cannot be read is a clear error', async () => {
  for (const over of [{ privateKeyPem: 'x' }, { certificateChainPem: 'x' }, { trustRootsPem: 'x' }]) {
    const error = await refusal(net.openLink(rig.link, { ...node.identity, ...over }, never));
    expect(error.code).toBe('invalid-argument');
  }
});

test('a call that was given up before it began goes nowhere', async () => {
  const gone = AbortSignal.abort();
  expect((await refusal(net.openLink(rig.link, node.identity, gone))).code).toBe('cancelled');
  expect((await refusal(net.enroll(rig.enrol, rig.authority.rootPin, {} as never, gone))).code).toBe('cancelled');
});

test('a controller that accepts and says nothing is given up on command', async () => {
  const endpoint = await silentEndpoint();
  for (const attempt of [
    (signal: AbortSignal) => net.openLink(endpoint, node.identity, signal),
    (signal: AbortSignal) => net.renew(endpoint, node.identity, RENEWAL, signal),
  ]) {
    const controller = new AbortController();
    const attempted = refusal(attempt(controller.signal));
    await expect.poll(() => silent[0]?.sockets.size).toBeGreaterThan(0);
    controller.abort();
    expect((await attempted).code).toBe('cancelled');
  }
});

test('an open link that is given up says so to its reader', async () => {
  const controller = new AbortController();
  const link = await net.openLink(rig.link, node.identity, controller.signal);
  const reading = refusal(readAll(link));
  controller.abort();
  expect((await reading).code).toBe('cancelled');
  expect(link.send({ frame: undefined })).toBe(false);
});

test('a reader that comes late still hears why the link ended', async () => {
  const controller = new AbortController();
  const link = await net.openLink(rig.link, node.identity, controller.signal);
  controller.abort();
  await expect.poll(() => link.send({ frame: undefined })).toBe(false);
  expect((await refusal(readAll(link))).code).toBe('cancelled');
});

test('a refusal carries the controller’s code and hint', async () => {
  const stranger = await rig.enrolNode();
  await rig.revocations.revokeNode(stranger.id, 'gone', by('kim'));
  const link = await net.openLink(rig.link, stranger.identity, never);
  const error = await refusal(readAll(link));
  expect([error.code, error.hint]).toEqual(['unauthenticated', expect.stringContaining('enrol')]);
});

test('a controller that does not keep up is felt by the sender', async () => {
  const controller = new AbortController();
  const link = await net.openLink(rig.link, (await rig.enrolNode()).identity, controller.signal);
  const reading = refusal(readAll(link));
  new TestLink(link).hello('pi');
  const goodbye = {
    frame: { $case: 'goodbye', value: { reason: 1, expectedBackMs: 0, detail: 'x'.repeat(10_000) } },
  } as const;
  let sent = 0;
  while (sent < 1_000 && link.send(goodbye)) sent += 1;
  expect(sent).toBeLessThan(1_000);
  controller.abort();
  expect((await reading).code).toBe('cancelled');
});

test('an upload whose content fails ends with that failure', async () => {
  const broken = new BrambleError('data-loss', 'the disk ended');
  // biome-ignore lint/correctness/useYield: it fails before it has anything
  async function* content(): AsyncGenerator<Uint8Array> {
    throw broken;
  }
  const commandId = '01890a5d-ac96-774b-bcce-b302099a8057';
  const header = { commandId, name: 'a', sizeBytes: 10, sha256: Buffer.alloc(32) };
  expect(await refusal(net.upload(rig.link, node.identity, header, content(), never))).toBe(broken);
});

test('no socket and no timer outlives its call, however the call ended', async () => {
  const endpoint = await silentEndpoint();
  const ends: (() => Promise<unknown>)[] = [
    () => refusal(net.openLink('127.0.0.1:1', node.identity, never)),
    () => refusal(net.openLink(rig.link, { ...node.identity, clockFloorMs: 4e12 }, never)),
    async () => {
      const controller = new AbortController();
      const attempted = refusal(net.openLink(endpoint, node.identity, controller.signal));
      await expect.poll(() => silent[0]?.sockets.size).toBeGreaterThan(0);
      controller.abort();
      await attempted;
    },
    async () => {
      const link = await rig.connect(node);
      await link.next('welcome');
      link.stream.end();
      await link.over;
    },
    () => new TestBoard().ask(rig),
    () => refusal(net.renew(rig.link, node.identity, RENEWAL, never)),
  ];
  for (const end of ends) await end(); // modules and caches of the first time
  await expect.poll(connections).toBe(0);
  const before = openHandles();
  for (let round = 0; round < 3; round++) for (const end of ends) await end();
  await expect.poll(connections).toBe(0);
  // grpc-js lets the back-off timer of a failed dial run out, a second or so.
  await expect.poll(() => openHandles().length, { timeout: 10_000 }).toBeLessThanOrEqual(before.length);
});

function connections(): number {
  const { link_connections: link = 0, enrol_connections: enrol = 0 } = rig.server.counters();
  return link + enrol;
}

const RENEWAL = { spkiDer: Buffer.alloc(91), signature: Buffer.alloc(64), renewalCounter: 1 };
