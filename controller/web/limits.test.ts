/** What a hostile client can send, and how much of it is read. */

import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNode } from '../usecases/testing/fleet.js';
import { RealFleet } from './testing/real-fleet.js';

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start();
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

const DECLARED_BYTES = 100 * 1024 * 1024;
const READ_BYTES_MAX = 8 * 1024 * 1024;

/** Sends until it is answered or `bytes` are sent; `length` declares them beforehand. */
function send(length: number | undefined): Promise<{ readonly status: number; readonly sentBytes: number }> {
  const chunk = Buffer.alloc(64 * 1024, '[');
  return new Promise((resolve, reject) => {
    let [sentBytes, isAnswered] = [0, false];
    const outgoing = request(
      {
        ...{ host: '127.0.0.1', port: fleet.port, method: 'POST', path: '/api/v1/sites' },
        headers: {
          ...fleet.headers,
          'content-type': 'application/json',
          ...(length === undefined ? {} : { 'content-length': length }),
        },
      },
      (incoming) => {
        isAnswered = true;
        incoming.resume();
        resolve({ status: incoming.statusCode ?? 0, sentBytes });
        outgoing.destroy();
      },
    );
    outgoing.on('error', (error) => (isAnswered ? undefined : reject(error)));
    const more = (): void => {
      while (!isAnswered && sentBytes < DECLARED_BYTES && !outgoing.destroyed) {
        sentBytes += chunk.length;
        if (!outgoing.write(chunk)) {
          outgoing.once('drain', more);
          return;
        }
      }
    };
    if (length === undefined) more();
    else outgoing.flushHeaders();
  });
}

test('T-52 a body of 100 MB is refused by what it declares, before any of it is read', async () => {
  expect(await send(DECLARED_BYTES)).toEqual({ status: 413, sentBytes: 0 });
});

test('T-52 a body that never says how long it is, is read as far as the limit', async () => {
  const { status, sentBytes } = await send(undefined);
  expect(status).toBe(413);
  expect(sentBytes).toBeLessThan(READ_BYTES_MAX); // what the buffers of two sockets hold beyond the limit
});

test('T-52 a key that is there twice is refused whole', async () => {
  const twice = '{"name":"barn","label":"a","label":"b"}';
  const answer = await fleet.ask('POST', '/api/v1/sites', twice);
  expect([answer.status, answer.json()]).toMatchObject([400, { code: 'invalid-argument' }]);
  expect((await fleet.ask('GET', '/api/v1/sites/barn')).status).toBe(404);
});

test('T-51 a node has 64 labels at most, and labels make no series of /metrics', async () => {
  const series = async (): Promise<number> => {
    const { text } = await fleet.ask('GET', '/metrics');
    return text.split('\n').filter((line) => line.startsWith('bramble_') && !line.includes('http_requests')).length;
  };
  const id = makeNode(1).id;
  const label = (from: number, count: number) => {
    const labels = Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`key-${from + n}`, `value-${from + n}`]),
    );
    return fleet.ask('PATCH', `/api/v1/nodes/${id}`, { labels });
  };
  const before = await series();
  expect((await label(0, 64)).status).toBe(200);
  const refused = await label(64, 1);
  expect([refused.status, refused.json()]).toMatchObject([400, { code: 'invalid-argument' }]);
  expect(await series()).toBe(before);
  const { text } = await fleet.ask('GET', '/metrics');
  expect(text).not.toMatch(/key-\d|value-\d/);
});
