import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../proto/contract/secret.js';
import { by } from '../../usecases/testing/by.js';
import { startWebServer, type WebServer } from '../server.js';
import { NODE_1, nodeDetail, webOptions } from '../testing/fixtures.js';
import { ask, type HttpAnswer } from '../testing/http.js';
import { SseReader } from '../testing/sse.js';
import { cookieName, renderCookie } from './cookies.js';

const PASSWORD = 'correct horse battery';
const admin = { principal: { kind: 'administrator', name: 'root' }, actor: by('admin:root') } as const;

let dir = '';
let options: ReturnType<typeof webOptions>;
let server: WebServer;
let port = 0;
let beat: () => void = () => undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-session-'));
  const timers = {
    after: (_ms: number, call: () => void) => {
      beat = call;
      return () => undefined;
    },
  };
  options = webOptions(join(dir, 'admin.sock'), { timers });
  server = await startWebServer(options);
  port = Number(new URL(server.url).port);
  options.fleet.putNode(nodeDetail());
  const grants = [{ role: 'site-admin', sites: 'all' }] as const;
  await options.access.users.create({ name: 'kim', password: new Secret(PASSWORD), grants }, admin);
});
afterEach(async () => {
  await server.close();
  await options.store.close();
  await rm(dir, { recursive: true, force: true });
});

type Headers = Readonly<Record<string, string>>;

function send(method: string, path: string, headers: Headers = {}, body?: unknown): Promise<HttpAnswer> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const text = body === undefined ? undefined : JSON.stringify(body);
  return ask({ host: '127.0.0.1', port, method, path, headers: { ...type, ...headers } }, text);
}

/** As the page does it: the cookie, and the token that goes with changes. */
async function signIn(): Promise<{ readonly cookie: string; readonly 'x-bramble-csrf': string }> {
  const answer = await send('POST', '/api/v1/session', {}, { user: 'kim', password: PASSWORD });
  expect(answer.status).toBe(201);
  const { csrfToken } = answer.json() as { readonly csrfToken: string };
  return { cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '', 'x-bramble-csrf': csrfToken };
}

const REVOKE = `/api/v1/nodes/${NODE_1}/revoke`;
const REASON = { reason: 'stolen' };

test('a signed-in browser sees and changes what its user may, and is recorded by name', async () => {
  const session = await signIn();
  expect((await send('GET', '/api/v1/nodes', { cookie: session.cookie })).status).toBe(200);
  expect((await send('GET', '/api/v1/session', { cookie: session.cookie })).json()).toMatchObject({
    name: 'user:kim',
    grants: [{ role: 'site-admin' }],
    permissions: expect.arrayContaining(['nodes.manage']),
  });
  expect((await send('POST', REVOKE, session, REASON)).status).toBe(200);
  expect(options.fleet.calls).toEqual([`revoke ${NODE_1} user:kim`]);
});

test('the cookie is out of reach of scripts and of other sites, and over TLS bound to its host', async () => {
  const answer = await send('POST', '/api/v1/session', {}, { user: 'kim', password: PASSWORD });
  const [cookie] = answer.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/^bramble-\d+=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  const secure = renderCookie(cookieName(true, 443), true, new Secret('s'));
  expect(secure).toBe('__Host-bramble=s; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure');
});

describe('T-40: a change that another page asks for', () => {
  test.for<[string, Headers]>([
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page on another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['a link that somebody typed', { 'sec-fetch-site': 'none' }],
    ['an old browser, by its Origin', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
  ])('%s is refused although the cookie came along', async ([, foreign]) => {
    const session = await signIn();
    const answer = await send('POST', REVOKE, { ...session, ...foreign }, REASON);
    expect([answer.status, answer.json()]).toMatchObject([403, { code: 'permission-denied' }]);
    expect(options.fleet.calls).toEqual([]);
  });

  test('without the token of the session, or with another one, it is refused', async () => {
    const { cookie } = await signIn();
    const other = await signIn();
    for (const token of [{}, { 'x-bramble-csrf': 'c5'.repeat(32) }, { 'x-bramble-csrf': other['x-bramble-csrf'] }]) {
      expect((await send('POST', REVOKE, { cookie, ...token }, REASON)).status).toBe(403);
    }
    expect(options.fleet.calls).toEqual([]);
  });

  test('as text, as a form or by a method in disguise it changes nothing', async () => {
    const session = await signIn();
    const text = JSON.stringify(REASON);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const headers = { ...session, 'content-type': type };
      const answer = await ask({ host: '127.0.0.1', port, method: 'POST', path: REVOKE, headers }, text);
      expect(answer.status, type).toBe(415);
    }
    const disguised = { ...session, 'x-http-method-override': 'DELETE' };
    await send('GET', '/api/v1/session?_method=DELETE', disguised);
    expect((await send('GET', '/api/v1/session', session)).status).toBe(200);
    expect(options.fleet.calls).toEqual([]);
  });

  test('nor may another page read, or follow the stream', async () => {
    const { cookie } = await signIn();
    for (const path of ['/api/v1/nodes', '/api/v1/events/stream']) {
      expect((await send('GET', path, { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    }
    expect((await send('GET', '/', { 'sec-fetch-site': 'cross-site' })).status).toBe(200); // a link to the page is fine
  });

  test('nor sign a browser in as somebody else', async () => {
    const body = { user: 'kim', password: PASSWORD };
    const answer = await send('POST', '/api/v1/session', { 'sec-fetch-site': 'cross-site' }, body);
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
  });
});

describe('T-41', () => {
  test('nothing that was signed in for is kept by caches, and no page may frame it', async () => {
    const { cookie } = await signIn();
    const { headers } = await send('GET', '/api/v1/nodes', { cookie });
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  test('a Host header of somebody else’s choice gets nothing, unless the operator has named it', async () => {
    const body = { user: 'kim', password: PASSWORD };
    expect((await send('POST', '/api/v1/session', { host: 'evil.example' }, body)).status).toBe(403);
    const page = { ...options.page, names: ['fleet.example'] };
    const named = await startWebServer({ ...options, page, adminSocket: join(dir, 'b.sock') });
    const at = Number(new URL(named.url).port);
    const status = async (host: string) =>
      (await ask({ host: '127.0.0.1', port: at, path: '/healthz', headers: { host } })).status;
    expect([await status(`Fleet.Example:${at}`), await status('fleet.example.evil.example')]).toEqual([200, 403]);
    await named.close();
  });
});

describe('T-42', () => {
  test('a session that somebody brings along is not taken up by a login', async () => {
    const planted = 'ab'.repeat(32);
    const body = { user: 'kim', password: PASSWORD };
    const answer = await send('POST', '/api/v1/session', { cookie: `bramble-${port}=${planted}` }, body);
    expect(answer.headers['set-cookie']?.[0]).not.toContain(planted);
    expect((await send('GET', '/api/v1/nodes', { cookie: `bramble-${port}=${planted}` })).status).toBe(401);
  });

  test('after logout the old cookie is worthless; logout everywhere ends the others too', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const left = await send('DELETE', '/api/v1/session', one);
    expect([left.status, left.headers['set-cookie']?.[0]]).toEqual([200, expect.stringContaining('Max-Age=0')]);
    expect((await send('GET', '/api/v1/nodes', { cookie: one.cookie })).status).toBe(401);
    const three = await signIn();
    expect((await send('DELETE', '/api/v1/sessions', three)).json()).toEqual({ sessionsEnded: 2 });
    expect((await send('GET', '/api/v1/nodes', { cookie: two.cookie })).status).toBe(401);
  });

  test('the stream of a user whose rights changed ends at once, and of one whose session ended with the next beat', async () => {
    const streams = await Promise.all(
      [1, 2].map(async () => {
        const reader = new SseReader();
        await reader.open(port, '/api/v1/events/stream', { cookie: (await signIn()).cookie });
        await reader.until(() => reader.messages.some(({ event }) => event === 'live'));
        return reader;
      }),
    );
    await options.store.transact(async ({ access }) => {
      await access.removeSessionsOf('user:kim'); // as by age: nobody is told
    });
    beat();
    for (const reader of streams) await reader.until(() => reader.ended).catch(() => undefined);
    expect(streams.map(({ ended }) => ended)).toEqual([true, true]);

    const reader = new SseReader();
    await reader.open(port, '/api/v1/events/stream', { cookie: (await signIn()).cookie });
    await reader.until(() => reader.messages.some(({ event }) => event === 'live'));
    await options.access.users.change('kim', { grants: [{ role: 'viewer', sites: ['cam'] }] }, admin);
    await reader.until(() => reader.ended).catch(() => undefined);
    expect(reader.ended).toBe(true);
  });
});

test('T-55: a password and a code are in no log line, no address and no audit record', async () => {
  const logged: unknown[] = [];
  const keep = (fields: unknown, message: string) => logged.push(fields, message);
  const loud = { ...options, log: { info: keep, warn: keep, error: keep }, adminSocket: join(dir, 'c.sock') };
  const other = await startWebServer(loud);
  port = Number(new URL(other.url).port);
  const { path } = await options.access.createLoginLink(60_000, admin);
  const code = path.slice(path.indexOf('#') + 1);
  await send('POST', '/api/v1/session/link', {}, { code });
  await send('POST', '/api/v1/session', {}, { user: 'kim', password: PASSWORD });
  await send('POST', '/api/v1/session', {}, { user: 'kim', password: `${PASSWORD} x` });
  await options.access.trail.settled();
  const records = await options.store.reader.audit.after(0, 100);
  const written = JSON.stringify([logged, records, await options.store.reader.access.users()]);
  expect(records.length).toBeGreaterThan(3);
  for (const secret of [code, `"${PASSWORD}`]) expect(written).not.toContain(secret);
  await other.close();
});
