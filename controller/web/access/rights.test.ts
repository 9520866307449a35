import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ROLES } from '../../../proto/contract/access.js';
import { FLEET_WIDE, MATRIX, type Permission } from '../../domain/access/permission.js';
import type { RouteDeclaration } from '../declare.js';
import { makeDoor } from '../door.js';
import { Metrics } from '../metrics.js';
import { startWebServer, type WebServer } from '../server.js';
import { ROUTES } from '../table/index.js';
import { ROUTE_RIGHTS } from '../table/rights.js';
import { NODE_1, NOW_MS, nodeDetail, tokenHeaders, webOptions } from '../testing/fixtures.js';
import { ask, type HttpAnswer } from '../testing/http.js';
import { SseReader } from '../testing/sse.js';
import { DoorKeeper } from './door-keeper.js';
import type { RouteRight } from './right.js';

const NODE_2 = 'n-0000000000002';
const routes: readonly (readonly [string, RouteDeclaration])[] = Object.entries(ROUTES);
const rights: Readonly<Record<string, RouteRight>> = ROUTE_RIGHTS;

let dir = '';
let options: ReturnType<typeof webOptions>;
let server: WebServer;
let port = 0;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-rights-'));
  options = webOptions(join(dir, 'admin.sock'), { metricsOpenOnLoopback: false });
  server = await startWebServer(options);
  port = Number(new URL(server.url).port);
  options.fleet.putNode(nodeDetail());
  options.fleet.putNode(nodeDetail({ id: NODE_2, name: 'pi-02', site: 'ox' }));
});
afterEach(async () => {
  await server.close();
  await options.store.close();
  await rm(dir, { recursive: true, force: true });
});

function send(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<HttpAnswer> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const text = body === undefined ? undefined : JSON.stringify(body);
  return ask({ host: '127.0.0.1', port, method, path, headers: { ...type, ...headers } }, text);
}

/** A path of the route; what it names need not exist, but has the form. */
function pathOf({ path }: RouteDeclaration): string {
  const known = path.startsWith('/api/v1/commands/') ? '01890000-0000-7000-8000-000000000001' : NODE_1;
  return path
    .replace(':id', path.includes('api-tokens') ? 'abcdefgh' : known)
    .replace(':fingerprint', 'a'.repeat(64))
    .replace(':keyId', 'abcdefgh')
    .replace(':name', 'kim');
}

describe('T-21: the whole matrix of roles and routes', () => {
  test.for(routes)('%s lets in whom the table names', async ([name, route]) => {
    const right = rights[name];
    expect(right).toBeDefined();
    if (route.path.endsWith('/stream')) return; // does not end when it is allowed; its own test is below
    const stranger = await send(route.method, pathOf(route));
    if (route.doors === 'admin') {
      expect(stranger.status).toBe(404); // the page does not have it, whoever asks
      return;
    }
    if (right === 'public') expect([401, 403]).not.toContain(stranger.status);
    else expect([stranger.status, stranger.json()]).toMatchObject([401, { code: 'unauthenticated' }]);
    if (right === 'public' || right === 'signed-in') return;
    const permission: Permission = right === 'metrics' ? 'metrics.read' : (right as Permission); // the others are left
    for (const role of ROLES) {
      const wide = await send(route.method, pathOf(route), await tokenHeaders(options, role));
      expect(wide.status === 403, `${role} ${name}: ${wide.text}`).toBe(!MATRIX[role].has(permission));
      if (role === 'fleet-admin') continue;
      const atCam = await send(route.method, pathOf(route), await tokenHeaders(options, `${role}@cam`));
      const isAllowed = MATRIX[role].has(permission) && !FLEET_WIDE.has(permission);
      expect(atCam.status === 403, `${role}@cam ${name}: ${atCam.text}`).toBe(!isAllowed);
    }
  });

  test('a route that is made past the table does not start', () => {
    const app = makeDoor('page', options, new Metrics(), new DoorKeeper('page', options));
    expect(() => app.get('/api/v1/back-door', () => 'hello')).toThrow('/api/v1/back-door does not say who may use it');
  });
});

describe('T-22: another site is not there', () => {
  const foreign = nodeDetail({ id: NODE_2 }).id;

  test.for<[string, string, string]>([
    ['a node', 'GET', '/api/v1/nodes/ID'],
    ['its history', 'GET', '/api/v1/nodes/ID/history?fact=memory_total_bytes&fromMs=0&toMs=1'],
    ['its commands', 'GET', '/api/v1/nodes/ID/commands'],
    ['an order to it', 'POST', '/api/v1/nodes/ID/commands'],
    ['its revocation', 'POST', '/api/v1/nodes/ID/revoke'],
    ['its thaw', 'POST', '/api/v1/nodes/ID/thaw'],
  ])('%s is answered as if it never was', async ([, method, path]) => {
    const token = await tokenHeaders(options, 'site-admin@cam');
    const body = method === 'GET' ? undefined : { reason: 'mine now', ...(path.endsWith('commands') ? ORDER : {}) };
    const answers = await Promise.all(
      [foreign, 'n-000000000000z'].map((id) => send(method, path.replace('ID', id), token, body)),
    );
    const [theirs, never] = answers.map(({ status, json }) => {
      const { code, message } = json() as { readonly code: string; readonly message: string };
      return { status, code, message: message.replace(/n-\w+/, 'ID').replace('no node ID', 'node ID is not known') };
    });
    expect(theirs).toMatchObject({ status: 404, code: 'not-found' });
    expect(theirs).toEqual(never);
    expect(options.fleet.calls).toEqual([]);
  });

  test('lists, events and the stream hold what is of one’s own sites', async () => {
    const event = { severity: 'info', reason: 'Test', message: 'x', atMs: NOW_MS } as const;
    options.fleet.addEvent({ ...event, nodeId: NODE_2, message: 'of ox' });
    options.fleet.addEvent({ ...event, message: 'of the fleet' });
    options.fleet.addEvent({ ...event, nodeId: NODE_1, message: 'of cam' });
    for (let n = 0; n < 450; n++) options.fleet.addEvent({ ...event, nodeId: NODE_2 });
    const token = await tokenHeaders(options, 'viewer@cam');
    expect((await send('GET', '/api/v1/nodes', token)).json()).toMatchObject({ nodes: [{ id: NODE_1 }] });
    const listed = (await send('GET', '/api/v1/events?limit=5', token)).json();
    expect(listed).toEqual({ events: [expect.objectContaining({ message: 'of cam' })] });
    expect((await send('GET', `/api/v1/events?node=${NODE_2}`, token)).json()).toEqual({ events: [] });
    const reader = new SseReader();
    await reader.open(port, '/api/v1/events/stream?afterId=0', token);
    await reader.until(() => reader.messages.some((message) => message.event === 'live'));
    options.fleet.putNode(nodeDetail({ id: NODE_2, site: 'ox', state: 'troubled' }));
    options.fleet.addEvent({ ...event, nodeId: NODE_2 });
    options.fleet.putNode(nodeDetail({ state: 'troubled' }));
    await reader.until(() => reader.messages.at(-1)?.event === 'node');
    expect(reader.messages.map(({ event: kind }) => kind)).toEqual(['nodes', 'event', 'live', 'node']);
    expect(JSON.stringify(reader.messages)).not.toContain(NODE_2);
    reader.close();
  });

  test('one’s own site is there, with what the role allows and no more', async () => {
    const operator = await tokenHeaders(options, 'operator@cam');
    const order = await send('POST', `/api/v1/nodes/${NODE_1}/commands`, operator, { ...ORDER, reason: 'stuck' });
    expect(order.status).toBe(202);
    const revoke = await send('POST', `/api/v1/nodes/${NODE_1}/revoke`, operator, { reason: 'x' });
    expect([revoke.status, revoke.json()]).toMatchObject([403, { hint: expect.stringContaining('operator@cam') }]);
    expect(options.fleet.calls).toEqual([expect.stringMatching(/^command restart-unit n-0000000000001 api-token:/)]);
    const both = await tokenHeaders(options, 'viewer', 'operator@cam');
    const there = await send('POST', `/api/v1/nodes/${NODE_2}/commands`, both, { ...ORDER, reason: 'stuck' });
    expect(there.status).toBe(403); // it may be seen, so that it is there is no secret
  });
});

test('T-63: figures of the fleet are for whoever may see all of it, or for this machine when the operator says so', async () => {
  expect((await send('GET', '/metrics')).status).toBe(401);
  expect((await send('GET', '/metrics', await tokenHeaders(options, 'viewer@cam'))).status).toBe(403);
  expect((await send('GET', '/metrics', await tokenHeaders(options, 'viewer'))).status).toBe(200);
  const open = await startWebServer({ ...options, adminSocket: join(dir, 'b.sock'), metricsOpenOnLoopback: true });
  expect((await ask({ host: '127.0.0.1', port: Number(new URL(open.url).port), path: '/metrics' })).status).toBe(200);
  await open.close();
});

test('denials and failed changes are in the audit log, once a minute each, and reads of it too', async () => {
  const viewer = await tokenHeaders(options, 'viewer');
  for (let n = 0; n < 3; n++) await send('POST', `/api/v1/nodes/${NODE_1}/revoke`, viewer, { reason: 'x' });
  const admin = await tokenHeaders(options);
  await send('POST', `/api/v1/nodes/${NODE_1}/thaw`, admin, { reason: 'x' });
  await options.access.trail.settled();
  const { records } = (await send('GET', '/api/v1/audit?action=request', admin)).json() as { records: unknown[] };
  const what = 'POST /api/v1/nodes/:id';
  expect(records).toMatchObject([
    { action: 'request', target: `${what}/thaw`, outcome: 'failed', details: { code: 'failed-precondition' } },
    { action: 'request', target: `${what}/revoke`, outcome: 'denied', role: 'viewer', source: 'page 127.0.0.1' },
  ]);
  const reads = (await send('GET', '/api/v1/audit?action=audit.read', admin)).json();
  expect(reads).toMatchObject({ records: [{ action: 'audit.read', details: { action: 'request', records: 2 } }] });
  expect((await send('GET', '/api/v1/audit/verify', admin)).json()).toMatchObject({ intact: true, faults: [] });
});

const ORDER = { action: { kind: 'restart-unit', unit: 'x.service' } };
