import { type ClientHttp2Session, constants, connect as http2Connect, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { LinkService } from '../../proto/gen/bramble/agent/v1/link.js';
import { MESSAGE_BYTES_MAX } from '../../proto/wire/channel.js';
import { type TestNode, TrustRig } from './trust-rig.js';

/** What a member may try below gRPC, with node:http2 in its own hands. */

let rig: TrustRig;
const sessions: ClientHttp2Session[] = [];
beforeAll(async () => {
  rig = await TrustRig.start();
});
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});
afterAll(async () => {
  await rig.stop();
});

async function isAlive(): Promise<boolean> {
  const link = await rig.connect(await rig.enrolNode());
  return (await link.next('welcome')) !== undefined;
}

async function http2Member(node: TestNode): Promise<ClientHttp2Session> {
  const session = http2Connect(`https://${rig.link}`, {
    cert: node.identity.certificateChainPem,
    key: node.identity.privateKeyPem,
    ca: node.identity.trustRootsPem,
    rejectUnauthorized: false,
  });
  sessions.push(session);
  session.on('error', () => undefined); // being thrown out is what these tests are about
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  return session;
}

test('T-50 rapid reset: the connection is closed, its identity waits, others notice nothing', async () => {
  const [attacker, honest] = [await rig.enrolNode(), await rig.enrolNode()];
  const session = await http2Member(attacker);
  const closed = new Promise((resolve) => session.once('close', resolve));
  const headers = {
    ':method': 'POST',
    ':path': LinkService.connect.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  for (let sent = 0; sent < 2_000 && !session.destroyed; sent++) {
    const stream = session.request(headers);
    stream.on('error', () => undefined); // reset by us
    stream.close(constants.NGHTTP2_CANCEL);
    if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  await expect.poll(() => rig.server.counters()['call_floods_total']).toBe(1);
  const again = await rig.connect(attacker).catch((thrown: unknown) => BrambleError.from(thrown));
  expect((again instanceof BrambleError ? again : await again.refusal()).code).toBe('unavailable');
  expect(rig.server.counters()['connections_in_penalty_total']).toBeGreaterThan(0);
  const link = await rig.connect(honest);
  expect((await link.next('welcome'))?.epoch).toBe(1);
});

test('T-50 headers beyond their limit and more calls at once than agreed are refused', async () => {
  const node = await rig.enrolNode();
  const session = await http2Member(node);
  const headers = { ':method': 'POST', ':path': '/x/y', 'content-type': 'application/grpc', te: 'trailers' };
  const huge = session.request({ ...headers, 'x-huge': 'a'.repeat(60_000) });
  huge.on('error', () => undefined); // refused
  await new Promise((resolve) => huge.once('close', resolve));
  expect(huge.rstCode === 0 && huge.sentHeaders?.['x-huge'] === undefined).toBe(false);
  expect(session.remoteSettings).toMatchObject({ maxConcurrentStreams: 4, maxHeaderListSize: 16_384 });
  expect(await isAlive()).toBe(true);
});

/** One compressed message on a stream of its own; resolves with its grpc-status. */
async function sendCompressed(session: ClientHttp2Session, packed: Buffer): Promise<number> {
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(packed.length, 1);
  const headers = { ':method': 'POST', ':path': LinkService.connect.path, te: 'trailers', 'grpc-encoding': 'gzip' };
  const stream = session.request({ ...headers, 'content-type': 'application/grpc' });
  const answered = new Promise<number>((resolve) => {
    for (const name of ['response', 'trailers'] as const) {
      stream.on(name, (got: IncomingHttpHeaders) => {
        if (got['grpc-status'] !== undefined) resolve(Number(got['grpc-status']));
      });
    }
  });
  stream.on('error', () => undefined); // reset after its status
  stream.end(Buffer.concat([head, packed]));
  stream.resume();
  return await answered;
}

test('T-49 a gzip bomb bursts at the limit, not in memory', async () => {
  const session = await http2Member(await rig.enrolNode());
  const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20));
  expect(bomb.length).toBeLessThan(MESSAGE_BYTES_MAX);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 3; i++) expect(await sendCompressed(session, bomb)).toBe(status.RESOURCE_EXHAUSTED);
  // Both ends live in this process, and nothing was collected yet: six hundred megabytes would be the bombs.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 2 ** 20);
});
