import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../../proto/contract/secret.js';
import { openAuthority } from '../../pki/authority.js';
import { systemClock, systemRandom } from '../../system.js';
import { by } from '../../usecases/testing/by.js';
import { startWebServer } from '../server.js';
import { webOptions } from '../testing/fixtures.js';

const PASSWORD = 'correct horse battery';

test('beyond loopback the page speaks TLS alone, with a cookie that is bound to its host', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bramble-tls-'));
  const { serverIdentity } = await openAuthority({ dir: join(dir, 'pki'), clock: systemClock, random: systemRandom });
  const { certificateChainPem, privateKeyPem } = serverIdentity;
  const options = webOptions(join(dir, 'admin.sock'), {
    page: {
      ...{ host: '127.0.0.1', port: 0, names: ['fleet.example'] },
      tls: { certificatePem: certificateChainPem, privateKey: new Secret(privateKeyPem) },
    },
  });
  const admin = { principal: { kind: 'administrator', name: 'root' }, actor: by('admin:root') } as const;
  const grants = [{ role: 'viewer', sites: 'all' }] as const;
  await options.access.users.create({ name: 'kim', password: new Secret(PASSWORD), grants }, admin);
  const server = await startWebServer(options);
  try {
    expect(server.url).toMatch(/^https:/);
    const port = Number(new URL(server.url).port);
    const own = { host: 'fleet.example', origin: 'https://fleet.example', 'content-type': 'application/json' };
    const body = JSON.stringify({ user: 'kim', password: PASSWORD });
    const signedIn = await ask(port, { method: 'POST', path: '/api/v1/session', headers: own }, body);
    expect(signedIn.status).toBe(201);
    expect(signedIn.headers['strict-transport-security']).toBe('max-age=31536000');
    const [cookie = ''] = signedIn.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^__Host-bramble=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
    const known = { ...own, cookie: cookie.split(';')[0] ?? '' };
    expect((await ask(port, { path: '/api/v1/nodes', headers: known })).status).toBe(200);
    const insecure = { ...own, origin: 'http://fleet.example' };
    expect((await ask(port, { method: 'POST', path: '/api/v1/session', headers: insecure }, body)).status).toBe(403);
    await expect(fetch(server.url.replace('https:', 'http:'))).rejects.toThrow();
  } finally {
    await server.close();
    await options.store.close();
    await rm(dir, { recursive: true, force: true });
  }
});

interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whose certificate it is, is not the matter here. */
function ask(port: number, question: Question, body?: string) {
  return new Promise<{ status: number; headers: Record<string, string | string[] | undefined> }>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, rejectUnauthorized: false, ...question }, (incoming) => {
      incoming.resume();
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
