import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { siteId } from '../../../proto/contract/ids.js';
import type { ApiToken, User, WebSession } from '../../domain/access/account.js';
import { ChainCheck } from '../../domain/audit/chain.js';
import { type AuditEntry, EMPTY_HEAD } from '../../domain/audit/record.js';
import type { Store, StoreWriter } from '../../usecases/ports.js';
import { T0_MS } from './samples.js';

const cam = siteId('cam');

const sampleUser = (name: string, over: Partial<User> = {}): User => ({
  name,
  grants: [{ role: 'operator', sites: [cam] }],
  passwordHash: 'scrypt$1$2$3$aa$bb',
  disabled: false,
  createdAtMs: T0_MS,
  createdBy: 'admin',
  passwordSetAtMs: T0_MS,
  ...over,
});

const sampleApiToken = (n: number, over: Partial<ApiToken> = {}): ApiToken => ({
  id: `token00${n}`,
  secretHmac: 'cd'.repeat(32),
  label: 'prometheus',
  grants: [{ role: 'viewer', sites: 'all' }],
  createdAtMs: T0_MS + n,
  createdBy: 'admin',
  expiresAtMs: T0_MS + 1_000,
  lastUsedAtMs: undefined,
  revokedAtMs: undefined,
  ...over,
});

const sampleSession = (n: number, over: Partial<WebSession> = {}): WebSession => ({
  idHmac: String(n).repeat(64),
  account: 'user:kim',
  createdAtMs: T0_MS,
  lastUsedAtMs: T0_MS,
  expiresAtMs: T0_MS + 1_000,
  address: '192.0.2.7',
  ...over,
});

const sampleEntry = (n: number, over: Partial<AuditEntry> = {}): AuditEntry => ({
  atMs: T0_MS + n,
  actor: { name: 'user:kim', role: 'operator@cam', source: 'page 192.0.2.7', requestId: `r-${n}` },
  action: 'command.issue',
  target: 'n-0000000000001',
  site: cam,
  outcome: 'done',
  details: { reason: 'stuck' },
  ...over,
});

export function describeAccess(current: () => Store): void {
  const write = <T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> => current().transact(work);

  test('users come back as they were put, by name', async () => {
    const { reader } = current();
    const barred = sampleUser('alex', { disabled: true, grants: [] });
    await write(async ({ access }) => {
      await access.putUser(sampleUser('kim'));
      await access.putUser(sampleUser('alex'));
      await access.putUser(barred);
    });
    expect(await reader.access.users()).toEqual([barred, sampleUser('kim')]);
    expect(await reader.access.user('kim')).toEqual(sampleUser('kim'));
    expect(await reader.access.user('nobody')).toBeUndefined();
  });

  test('API tokens come back as they were put, the newest first', async () => {
    const { reader } = current();
    const used = sampleApiToken(1, { lastUsedAtMs: T0_MS + 5, revokedAtMs: T0_MS + 6 });
    await write(async ({ access }) => {
      await access.putApiToken(sampleApiToken(1));
      await access.putApiToken(sampleApiToken(2));
      await access.putApiToken(used);
    });
    expect(await reader.access.apiTokens()).toEqual([sampleApiToken(2), used]);
    expect(await reader.access.apiToken('token001')).toEqual(used);
    expect(await reader.access.apiToken('token009')).toBeUndefined();
  });

  test('sessions end one by one, with their account, and by age', async () => {
    const { access } = current().reader;
    const known = async () => {
      const found = await Promise.all([1, 2, 3, 4].map((n) => access.session(String(n).repeat(64))));
      return found.map((session) => session !== undefined);
    };
    await write(async (writer) => {
      for (const n of [1, 2]) await writer.access.putSession(sampleSession(n));
      await writer.access.putSession(sampleSession(3, { account: 'admin:root', expiresAtMs: T0_MS + 9_000 }));
      await writer.access.putSession(sampleSession(4, { account: 'admin:root', lastUsedAtMs: T0_MS - 9_000 }));
    });
    expect(await access.session('1'.repeat(64))).toEqual(sampleSession(1));
    await write((writer) => writer.access.removeSession('1'.repeat(64)));
    expect(await known()).toEqual([false, true, true, true]);
    expect(await write((writer) => writer.access.removeSessionsOf('user:kim'))).toBe(1);
    expect(await known()).toEqual([false, false, true, true]);
    await write((writer) => writer.access.pruneSessions(T0_MS - 1, T0_MS + 2_000));
    expect(await known()).toEqual([false, false, true, false]);
  });

  test('audit records are chained in the order of their transactions, also when these wait together', async () => {
    const { audit } = current().reader;
    expect(await audit.head()).toEqual(EMPTY_HEAD);
    await Promise.all([1, 2, 3, 4, 5].map((n) => write((writer) => writer.audit.add(sampleEntry(n)))));
    const failing = write(async (writer) => {
      await writer.audit.add(sampleEntry(6));
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    const seventh = await write((writer) => writer.audit.add(sampleEntry(7, { atMs: T0_MS + 0.4, site: undefined })));
    const check = new ChainCheck((text) => createHash('sha256').update(text).digest('hex'));
    for (const record of await audit.after(0, 100)) check.take(record);
    expect([check.faults, check.head.sequence]).toEqual([[], 6]);
    expect(await audit.head()).toEqual({ sequence: 6, hash: seventh.hash });
    expect(await audit.record(6)).toEqual(seventh);
    expect(await audit.record(7)).toBeUndefined();
  });

  test('audit records are found by actor, action, time and site, newest first, a page at a time', async () => {
    const { audit } = current().reader;
    await write(async (writer) => {
      await writer.audit.add(sampleEntry(1));
      await writer.audit.add(sampleEntry(2, { action: 'audit.read', site: undefined }));
      await writer.audit.add(sampleEntry(3, { actor: { ...sampleEntry(3).actor, name: 'admin' } }));
      await writer.audit.add(sampleEntry(4, { site: siteId('ox') }));
    });
    const found = async (query: Parameters<typeof audit.newest>[0]) =>
      (await audit.newest(query)).map(({ sequence }) => sequence);
    expect(await found({ limit: 10 })).toEqual([4, 3, 2, 1]);
    expect(await found({ limit: 2, beforeSequence: 4 })).toEqual([3, 2]);
    expect(await found({ limit: 10, actor: 'user:kim', action: 'command.issue' })).toEqual([4, 1]);
    expect(await found({ limit: 10, sinceMs: T0_MS + 3 })).toEqual([4, 3]);
    expect(await found({ limit: 10, sites: [cam] })).toEqual([3, 1]);
    expect(await found({ limit: 10, sites: [] })).toEqual([]);
  });
}
