import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STREAM_CLIENTS_MAX } from './event-stream.js';
import { startWebServer, type WebServer } from './server.js';
import { NODE_1, nodeDetail, tokenHeaders, webOptions } from './testing/fixtures.js';
import { ask } from './testing/http.js';
import { SseReader } from './testing/sse.js';

let dir = '';
let beat: () => void = () => undefined;
let options: ReturnType<typeof webOptions>;
let server: WebServer;
let port = 0;
let token: { readonly authorization: string } = { authorization: '' };
const readers: SseReader[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-sse-'));
  options = webOptions(join(dir, 'admin.sock'), {
    timers: {
      after: (_ms, call) => {
        beat = call;
        return () => undefined;
      },
    },
  });
  server = await startWebServer(options);
  port = Number(new URL(server.url).port);
  token = await tokenHeaders(options);
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

async function openReader(afterId?: number, header?: string): Promise<SseReader> {
  const reader = new SseReader();
  readers.push(reader);
  const query = afterId === undefined ? '' : `?afterId=${afterId}`;
  const place = header === undefined ? {} : { 'last-event-id': header };
  await reader.open(port, `/api/v1/events/stream${query}`, { ...token, ...place });
  return reader;
}

const isLive = (reader: SseReader) => () => reader.messages.some((message) => message.event === 'live');

function addEvents(count: number, message = 'something'): void {
  for (let i = 0; i < count; i++) options.fleet.addEvent({ atMs: i, severity: 'info', reason: 'Test', message });
}

test('a reader gets every node, then “live”, then each change as it happens', async () => {
  options.fleet.putNode(nodeDetail());
  const reader = await openReader();
  await reader.until(isLive(reader));
  options.fleet.putNode(nodeDetail({ state: 'troubled', why: 'disk nearly full' }));
  options.fleet.addEvent({ atMs: 1, severity: 'warning', reason: 'ConditionRaised', message: 'disk nearly full' });
  await reader.until(() => reader.eventIds().length === 1);
  expect(reader.messages.map((message) => message.event)).toEqual(['nodes', 'live', 'node', 'event']);
  expect(reader.messages[0]?.data).toMatchObject([{ id: NODE_1, state: 'ready' }]);
  expect(reader.messages[2]?.data).toMatchObject({ id: NODE_1, state: 'troubled' });
  expect(reader.messages[0]?.data).not.toMatchObject([{ facts: expect.anything() }]);
});

test('a reader that comes back with Last-Event-ID gets what it missed, once and in order', async () => {
  addEvents(450);
  const reader = await openReader(undefined, '7');
  await reader.until(isLive(reader));
  addEvents(3);
  await reader.until(() => reader.eventIds().at(-1) === 453);
  expect(reader.eventIds()).toEqual(Array.from({ length: 446 }, (_, index) => index + 8));
});

test('the first connection names its place in the query, and afterId=0 means from the beginning', async () => {
  addEvents(3);
  const reader = await openReader(0);
  await reader.until(isLive(reader));
  expect(reader.eventIds()).toEqual([1, 2, 3]);
});

test('without a place only new events come', async () => {
  addEvents(3);
  const reader = await openReader();
  await reader.until(isLive(reader));
  addEvents(1);
  await reader.until(() => reader.eventIds().length === 1);
  expect(reader.eventIds()).toEqual([4]);
});

test('events that are committed while a reader still catches up are neither lost nor doubled', async () => {
  addEvents(1000);
  const { fleet } = options;
  const read = fleet.eventsAfter.bind(fleet);
  let added = 0;
  fleet.eventsAfter = async (afterId, limit) => {
    const page = await read(afterId, limit); // what the store knew then
    if (added < 3_000) {
      added += 600; // above what may wait in memory, so the store has to be asked again
      addEvents(600);
    }
    return page;
  };
  const reader = await openReader(0);
  await reader.until(isLive(reader));
  addEvents(1);
  await reader.until(() => reader.eventIds().at(-1) === 1000 + 3_000 + 1);
  expect(reader.eventIds()).toEqual(Array.from({ length: 4_001 }, (_, index) => index + 1));
});

test('a place beyond what this controller knows is reset instead of waiting for ever', async () => {
  addEvents(2);
  const reader = await openReader(undefined, '900');
  await reader.until(isLive(reader));
  addEvents(1);
  await reader.until(() => reader.eventIds().length === 1);
  expect(reader.messages.map((message) => message.event)).toEqual(['reset', 'live', 'event']);
  expect(reader.messages[0]).toMatchObject({ id: 2, data: { reason: 'unknown', newestId: 2 } });
  expect(reader.eventIds()).toEqual([3]);
});

test('a place whose events were pruned is reset, and the stream goes on with what is left', async () => {
  addEvents(10);
  options.fleet.prunedThroughId = 6;
  const reader = await openReader(undefined, '4');
  await reader.until(isLive(reader));
  expect(reader.messages[0]).toMatchObject({
    id: 6,
    event: 'reset',
    data: { reason: 'pruned', afterId: 6, newestId: 10 },
  });
  expect(reader.eventIds()).toEqual([7, 8, 9, 10]);
  const [onTheEdge, fromTheBeginning] = [await openReader(6), await openReader(0)];
  for (const other of [onTheEdge, fromTheBeginning]) {
    await other.until(isLive(other));
    expect(other.messages.map((message) => message.event)).not.toContain('reset');
  }
});

test('who wants events only gets nothing of nodes', async () => {
  options.fleet.putNode(nodeDetail());
  const reader = new SseReader();
  readers.push(reader);
  await reader.open(port, '/api/v1/events/stream?only=events', token);
  await reader.until(isLive(reader));
  options.fleet.putNode(nodeDetail({ why: 'changed' }));
  addEvents(1);
  await reader.until(() => reader.eventIds().length === 1);
  expect(reader.messages.map((message) => message.event)).toEqual(['live', 'event']);
});

test('a reader that takes nothing while it catches up does not keep its place for ever', async () => {
  for (let i = 0; i < 3_000; i++) addEvents(1, 'x'.repeat(4_096));
  const reader = new SseReader();
  readers.push(reader);
  await reader.open(port, '/api/v1/events/stream?afterId=0', token);
  reader.pause();
  const metricsSay = async () => (await ask({ host: '127.0.0.1', port, path: '/metrics' })).text;
  expect(await metricsSay()).toContain('bramble_event_stream_readers 1\n');
  for (let asked = 0; asked < 500 && (await metricsSay()).includes('bramble_event_stream_readers 1\n'); asked++) beat();
  expect(await metricsSay()).toContain('bramble_event_stream_readers 0\n');
});

test('a beat reaches proxies as a comment and the page as a message with the controller’s time', async () => {
  const reader = await openReader();
  await reader.until(isLive(reader));
  beat();
  await reader.until(() => reader.messages.at(-1)?.event === 'beat');
  expect(reader.comments).toEqual([': beat']);
  expect(reader.messages.at(-1)?.data).toEqual({ nowMs: options.clock.nowMs() });
});

test('a reader that stops reading is cut, and loses no event when it comes back', async () => {
  const reader = await openReader(0);
  await reader.until(isLive(reader));
  reader.pause();
  const count = 3_000; // of 4 KiB each: more than any socket buffer and ours together
  for (let i = 0; i < count; i++) {
    addEvents(1, 'x'.repeat(4_096));
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  reader.resume();
  await reader.untilEnded();
  const before = reader.eventIds();
  expect(before.length).toBeLessThan(count);
  const again = await openReader(undefined, String(before.at(-1) ?? 0));
  await again.until(() => again.eventIds().at(-1) === count);
  expect([...before, ...again.eventIds()]).toEqual(Array.from({ length: count }, (_, index) => index + 1));
});

test('one reader that is gone harms no other', async () => {
  const [first, second] = [await openReader(), await openReader()];
  await first.until(isLive(first));
  await second.until(isLive(second));
  first.close();
  addEvents(1);
  await second.until(() => second.eventIds().length === 1);
  expect(second.eventIds()).toEqual([1]);
});

test('readers are limited, and the next one is told so', async () => {
  const all = await Promise.all(Array.from({ length: STREAM_CLIENTS_MAX }, () => openReader()));
  for (const reader of all) await reader.until(isLive(reader));
  const refused = await ask({ host: '127.0.0.1', port, path: '/api/v1/events/stream', headers: token });
  expect([refused.status, refused.json()]).toMatchObject([429, { code: 'resource-exhausted' }]);
  all[0]?.close();
  const metricsSay = async () => (await ask({ host: '127.0.0.1', port, path: '/metrics' })).text;
  while (!(await metricsSay()).includes(`bramble_event_stream_readers ${STREAM_CLIENTS_MAX - 1}\n`));
  const next = await openReader();
  await next.until(isLive(next));
});

test('a place that is no number is refused', async () => {
  const answer = await ask({ host: '127.0.0.1', port, path: '/api/v1/events/stream?afterId=-1', headers: token });
  expect([answer.status, answer.json()]).toMatchObject([400, { code: 'invalid-argument' }]);
});

test('closing the server ends the streams at once', async () => {
  const reader = await openReader();
  await reader.until(isLive(reader));
  await server.close();
  await reader.untilEnded();
  expect(reader.ended).toBe(true);
});
