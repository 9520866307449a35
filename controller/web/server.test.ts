import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeId } from '../../proto/contract/ids.js';
import { by } from '../usecases/testing/by.js';
import { startWebServer, type WebServer } from './server.js';
import { NODE_1, nodeDetail, tokenHeaders, webOptions } from './testing/fixtures.js';
import { ask, type HttpAnswer } from './testing/http.js';

let dir = '';
let options: ReturnType<typeof webOptions>;
let server: WebServer;
let port = 0;
let token: { readonly authorization: string } = { authorization: '' };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-web-'));
  options = webOptions(join(dir, 'admin.sock'));
  server = await startWebServer(options);
  port = Number(new URL(server.url).port);
  token = await tokenHeaders(options);
  options.fleet.putNode(nodeDetail());
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

function get(path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
  return ask({ host: '127.0.0.1', port, path, headers: { ...token, ...headers } });
}

function admin(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return ask(
    { socketPath: options.adminSocket, method, path, headers: { ...type, ...headers } },
    body === undefined ? undefined : JSON.stringify(body),
  );
}

test('the page door shows nodes, one node, its history and events', async () => {
  options.fleet.addEvent({ atMs: 5, severity: 'info', reason: 'NodeEnrolled', message: 'pi-01 joined' });
  expect((await get('/api/v1/nodes')).json()).toMatchObject({ nodes: [{ id: NODE_1, state: 'ready' }] });
  expect((await get(`/api/v1/nodes/${NODE_1}`)).json()).toMatchObject({ facts: [{ fact: 'memory_total_bytes' }] });
  const history = await get(`/api/v1/nodes/${NODE_1}/history?fact=memory_total_bytes&fromMs=0&toMs=1000`);
  expect(history.json()).toEqual({ fact: 'memory_total_bytes', instance: '', points: [[1, 2]] });
  expect((await get('/api/v1/events?limit=5')).json()).toMatchObject({ events: [{ id: 1, reason: 'NodeEnrolled' }] });
});

test.for<[string, string, number, string]>([
  ['a node that never was', '/api/v1/nodes/n-000000000000z', 404, 'not-found'],
  ['a node id of the wrong form', '/api/v1/nodes/%3Cscript%3E', 400, 'invalid-argument'],
  ['a path that is not there', '/api/v1/nope', 404, 'not-found'],
  ['a history without a time', `/api/v1/nodes/${NODE_1}/history?fact=memory_total_bytes`, 400, 'invalid-argument'],
  [
    'a history of a text',
    `/api/v1/nodes/${NODE_1}/history?fact=hostname_text&fromMs=0&toMs=1`,
    400,
    'invalid-argument',
  ],
  [
    'a history of a prototype key',
    `/api/v1/nodes/${NODE_1}/history?fact=toString&fromMs=0&toMs=1`,
    400,
    'invalid-argument',
  ],
  [
    'a history backwards',
    `/api/v1/nodes/${NODE_1}/history?fact=cpu_cores_count&fromMs=2&toMs=1`,
    400,
    'invalid-argument',
  ],
  ['too many events at once', '/api/v1/events?limit=100000', 400, 'invalid-argument'],
  ['an unknown query word', '/api/v1/events?colour=green', 400, 'invalid-argument'],
  ['a broken escape in the path', '/api/v1/nodes/%zz', 400, 'invalid-argument'],
])('%s is answered with the one error envelope', async ([, path, status, code]) => {
  const answer = await get(path);
  expect(answer.status).toBe(status);
  expect(answer.json()).toMatchObject({ code, message: expect.any(String), requestId: expect.stringMatching(/^r-/) });
});

test('a browser that was led here under another name gets nothing (DNS rebinding)', async () => {
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example']) {
    const answer = await get('/api/v1/nodes', { host });
    expect(answer.status, host).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain(NODE_1);
  }
  for (const host of [`localhost:${port}`, `[::1]:${port}`, '127.0.0.1']) {
    expect((await get('/api/v1/nodes', { host })).status, host).toBe(200);
  }
});

test('every answer carries the headers that keep a page to itself, the event stream and errors included', async () => {
  for (const path of ['/', '/api/v1/nodes', '/api/v1/nope', '/healthz']) {
    const { headers } = await get(path);
    expect(headers['content-security-policy'], path).toContain("default-src 'none'");
    expect(headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
});

test('the page is served from memory and not sent twice', async () => {
  const first = await get('/');
  expect(first.text).toBe('<!doctype html>');
  expect((await get('/', { 'if-none-match': String(first.headers.etag) })).status).toBe(304);
  expect((await get('/../../etc/passwd')).status).toBe(404);
});

test('the administrator’s socket is for its owner only and does everything', async () => {
  expect((await stat(options.adminSocket)).mode & 0o777).toBe(0o600);
  const created = await admin('POST', '/api/v1/tokens', { site: 'cam', kind: 'pi' }, { 'x-bramble-actor': 'kim' });
  expect([created.status, created.json()]).toMatchObject([
    201,
    { token: 'bt1_abcdefgh_secret_crc', enrollEndpoint: 'controller.example:7442', spkiPin: 'ab'.repeat(32) },
  ]);
  const action = { kind: 'restart-unit', unit: 'x.service' };
  const issued = await admin('POST', `/api/v1/nodes/${NODE_1}/commands`, { action, reason: 'test' });
  expect([issued.status, issued.json()]).toMatchObject([202, { state: 'issued' }]);
  expect((await admin('POST', `/api/v1/nodes/${NODE_1}/revoke`, { reason: 'stolen' })).status).toBe(200);
  expect((await admin('GET', '/api/v1/nodes')).status).toBe(200);
  expect(options.fleet.calls).toEqual([
    'token cam admin:kim',
    `command restart-unit ${NODE_1} admin`,
    `revoke ${NODE_1} admin`,
  ]);
});

test.for<[string, string, string, unknown, number, string]>([
  [
    'a body with a word that nobody knows',
    'POST',
    '/api/v1/tokens',
    { site: 'cam', kind: 'pi', x: 1 },
    400,
    'invalid-argument',
  ],
  ['a site name that is none', 'POST', '/api/v1/tokens', { site: '../x', kind: 'pi' }, 400, 'invalid-argument'],
  [
    'a command without a reason',
    'POST',
    `/api/v1/nodes/${NODE_1}/commands`,
    { action: { kind: 'reboot' } },
    400,
    'invalid-argument',
  ],
  [
    'an action outside the closed set',
    'POST',
    `/api/v1/nodes/${NODE_1}/commands`,
    { action: { kind: 'shell' }, reason: 'x' },
    400,
    'invalid-argument',
  ],
  ['a wrong state', 'POST', `/api/v1/nodes/${NODE_1}/thaw`, { reason: 'x' }, 409, 'failed-precondition'],
  ['a token that never was', 'DELETE', '/api/v1/tokens/abcdefgh', undefined, 404, 'not-found'],
  [
    'a fingerprint of the wrong form',
    'POST',
    '/api/v1/enrollments/xyz/reject',
    { reason: 'x' },
    400,
    'invalid-argument',
  ],
  ['a body above 1 MiB', 'POST', '/api/v1/tokens', { site: 'x'.repeat(1_100_000) }, 413, 'resource-exhausted'],
])('%s is refused', async ([, method, path, body, status, code]) => {
  const answer = await admin(method, path, body);
  expect([answer.status, answer.json()]).toMatchObject([status, { code }]);
});

test('the text of a bug stays in the log, found by its request id', async () => {
  const logged: unknown[] = [];
  await server.close();
  options = webOptions(join(dir, 'admin.sock'), {
    log: { ...options.log, error: (fields, message) => logged.push({ ...fields, message }) },
  });
  server = await startWebServer(options);
  const answer = await admin('POST', `/api/v1/enrollments/${'a'.repeat(64)}/approve`, { reason: 'x' });
  expect(answer.text).not.toContain('secret');
  const requestId = String(answer.headers['x-request-id']);
  expect([answer.status, answer.json()]).toMatchObject([500, { code: 'internal', requestId }]);
  expect(logged).toMatchObject([{ requestId, err: { message: 'a bug with a secret in its text' } }]);
});

test('a prototype key in a body is refused, not merged', async () => {
  const answer = await ask(
    {
      socketPath: options.adminSocket,
      method: 'POST',
      path: '/api/v1/tokens',
      headers: { 'content-type': 'application/json' },
    },
    '{"site":"cam","kind":"pi","__proto__":{"preApproved":true}}',
  );
  expect(answer.status).toBe(400);
});

test('readiness names the part that is not ready', async () => {
  expect((await get('/readyz')).status).toBe(200);
  await server.close();
  options = webOptions(join(dir, 'admin.sock'), {
    readiness: async () => [{ part: 'store', ready: false, detail: 'no answer for 5 s' }],
  });
  server = await startWebServer(options);
  port = Number(new URL(server.url).port);
  const answer = await ask({ host: '127.0.0.1', port, path: '/readyz' });
  expect([answer.status, answer.json()]).toEqual([
    503,
    { ready: false, parts: [{ part: 'store', ready: false, detail: 'no answer for 5 s' }] },
  ]);
});

test('metrics count nodes by state, requests and what the controller counts', async () => {
  await get('/healthz');
  const { text } = await get('/metrics');
  for (const line of [
    'bramble_nodes{state="ready"} 1',
    'bramble_nodes{state="troubled"} 0',
    'bramble_http_requests_total{door="page",status="200"} 1',
    'bramble_reports_total 7',
    'bramble_event_stream_readers 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toContain('bramble_nodejs_eventloop_lag_seconds');
});

test('configs of nodes are read and changed by those who may, and by nobody else', async () => {
  const path = `/api/v1/nodes/${NODE_1}/config`;
  const viewer = await tokenHeaders(options, 'viewer');
  expect((await ask({ host: '127.0.0.1', port, path, headers: viewer })).status).toBe(403);
  expect((await admin('GET', path)).json()).toMatchObject({ revision: 0, config: {} });
  const put = { config: { hostname: 'pi-7' }, expectedRevision: 0, reason: 'tidy' };
  expect((await admin('PUT', path, put)).json()).toMatchObject({ revision: 1, config: { hostname: 'pi-7' } });
  const late = await admin('PUT', path, put);
  expect([late.status, late.json()]).toEqual([409, expect.objectContaining({ code: 'failed-precondition' })]);
  const bad = await admin('PUT', path, { ...put, config: { hostname: 'PI', path: '/' } });
  expect(bad.status).toBe(400);
  expect(bad.text).toContain('unknown part');
  expect(bad.text).toContain('hostname');
  const rollback = { toRevision: 1, expectedRevision: 1, reason: 'back' };
  expect((await admin('POST', `${path}/rollback`, rollback)).json()).toMatchObject({ revision: 2 });
  expect((await admin('GET', `${path}/history`)).json()).toMatchObject({
    revisions: [{ revision: 2 }, { revision: 1 }],
  });
});

test('an address that is not loopback is refused without TLS, before anything listens', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'localhost.example']) {
    const attempt = startWebServer({ ...options, page: { host, port: 0 } });
    await expect(attempt, host).rejects.toMatchObject({ code: 'failed-precondition' });
  }
});

test('a taken port is named, with the way out', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  const attempt = startWebServer({ ...webOptions(join(dir, 'b.sock')), page: { host: '127.0.0.1', port: taken } });
  await expect(attempt).rejects.toMatchObject({ message: expect.stringContaining(`127.0.0.1:${taken} is in use`) });
  other.close();
});

test('the socket of a controller that was killed is replaced', async () => {
  const path = join(dir, 'stale.sock');
  await writeFile(path, '');
  const second = await startWebServer(webOptions(path));
  await second.close();
});

test('closing leaves no watcher of the fleet behind', async () => {
  expect(options.fleet.watcherCount).toBe(1);
  await server.close();
  expect(options.fleet.watcherCount).toBe(0);
  await expect(get('/healthz')).rejects.toThrow(/ECONNREFUSED/);
});

test('what a node has uploaded is a file to save, never one to show, and not for everybody', async () => {
  const id = '01890000-0000-7000-8000-000000000001';
  const asked: string[] = [];
  const create = { action: { kind: 'diagnose' }, reason: 'look', validForMs: 1_000 } as const;
  const view = await options.fleet.issueCommand(nodeId(NODE_1), create, by('kim'));
  options.fleet.command = async (of) => ({ ...view, id: of });
  options.uploads.find = async (node, command) => {
    asked.push(`${node} ${command}`);
    return { sizeBytes: 4, read: () => Readable.from([Buffer.from('abcd')]) };
  };
  const { status, headers, text } = await admin('GET', `/api/v1/uploads/${id}`);
  expect([status, text, asked]).toEqual([200, 'abcd', [`${NODE_1} ${id}`]]);
  expect(headers).toMatchObject({
    'content-type': 'application/gzip',
    'content-length': '4',
    'content-disposition': `attachment; filename="${NODE_1}-${id}.tar.gz"`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  for (const [role, status] of [
    ['viewer', 403],
    ['operator@ox', 404],
    ['operator@cam', 200],
  ] as const) {
    const headers = await tokenHeaders(options, role);
    const answer = await ask({ host: '127.0.0.1', port, path: `/api/v1/uploads/${id}`, headers });
    expect(answer.status, role).toBe(status);
  }
  for (const bad of ['..%2f..%2fetc%2fpasswd', 'x', '%00']) {
    expect((await admin('GET', `/api/v1/uploads/${bad}`)).status).toBe(400);
  }
  expect(asked).toHaveLength(2);
});
