import { beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../proto/contract/secret.js';
import { SESSION_IDLE_MS, SESSION_LIFE_MS } from '../../domain/access/account.js';
import { principalName } from '../../domain/access/principal.js';
import type { Store } from '../ports.js';
import { by } from '../testing/by.js';
import { FakeWorld } from '../testing/fake-world.js';
import { makeStore, refusal } from '../testing/fleet.js';
import { testTrust } from '../testing/trust-bench.js';
import { Access } from './access.js';
import type { Caller } from './caller.js';
import type { Passwords, PasswordVerdict } from './ports.js';

const MINUTE_MS = 60_000;
const admin: Caller = { principal: { kind: 'administrator', name: 'root' }, actor: by('admin:root') };
const good = new Secret('correct horse battery');
const viewer = [{ role: 'viewer', sites: 'all' }] as const;

/** Hashes that finish when the test says so, and what was asked of them. */
class CountedPasswords implements Passwords {
  checked: (string | undefined)[] = [];
  running = 0;
  runningMost = 0;
  outdated = false;
  gate: Promise<void> = Promise.resolve();

  async hash(password: Secret): Promise<string> {
    return `hash of ${password.reveal()}${this.outdated ? '' : ' by new rules'}`;
  }

  async check(password: Secret, stored: string | undefined): Promise<PasswordVerdict> {
    this.checked.push(stored);
    this.running += 1;
    this.runningMost = Math.max(this.runningMost, this.running);
    await this.gate;
    this.running -= 1;
    const matches = stored?.startsWith(`hash of ${password.reveal()}`) ?? false;
    return { matches, isOutdated: matches && stored?.endsWith('by new rules') === false };
  }
}

let world: FakeWorld;
let store: Store;
let passwords: CountedPasswords;
let access: Access;

beforeEach(async () => {
  world = new FakeWorld();
  store = await makeStore(world);
  passwords = new CountedPasswords();
  access = new Access({ store, world, trust: testTrust, passwords });
  await access.users.create({ name: 'kim', password: good, grants: viewer }, admin);
});

const from = (address = '192.0.2.7') => ({ address, source: `page ${address}`, requestId: 'r-1' });
const login = (password: Secret = good, name = 'kim', address?: string) =>
  access.sessions.login(name, password, from(address));

async function caller(secret: Secret): Promise<Caller & { readonly idHmac: string }> {
  const found = await access.sessions.find(secret);
  if (found === undefined) throw new Error('no session');
  return { principal: found.principal, actor: by(principalName(found.principal)), idHmac: found.idHmac };
}

const actions = async () => {
  await access.trail.settled();
  return (await store.reader.audit.after(0, 1_000)).map(
    ({ action, outcome, target }) => `${action} ${outcome} ${target}`,
  );
};

describe('a session', () => {
  test('is opened by the right password, kept as a hash, and known by its secret alone', async () => {
    const { secret } = await login();
    const { principal, idHmac } = await caller(secret);
    expect(principalName(principal)).toBe('user:kim');
    expect(idHmac).not.toContain(secret.reveal());
    expect(await access.sessions.find(new Secret('ab'.repeat(32)))).toBeUndefined();
    expect(await access.sessions.find(new Secret("' OR 1=1 --"))).toBeUndefined();
    expect(await actions()).toEqual(['user.create done user:kim', 'session.login done user:kim']);
  });

  test('T-42: every login gets a new one: nothing that was there before becomes it', async () => {
    const [first, second] = [await login(), await login()];
    expect(first.secret.reveal()).not.toBe(second.secret.reveal());
  });

  test('ends half an hour after the last sign of life, and twelve hours after it began in any case', async () => {
    const { secret } = await login();
    await world.advance(SESSION_IDLE_MS - 1);
    expect(await access.sessions.find(secret)).toBeDefined();
    await world.settle();
    await world.advance(SESSION_IDLE_MS - 1);
    expect(await access.sessions.find(secret)).toBeDefined();
    for (let ms = 0; ms < SESSION_LIFE_MS; ms += 20 * MINUTE_MS) {
      await world.advance(20 * MINUTE_MS);
      await access.sessions.find(secret);
      await world.settle();
    }
    expect(await access.sessions.find(secret)).toBeUndefined();
    const idle = await login();
    await world.advance(SESSION_IDLE_MS);
    expect(await access.sessions.find(idle.secret)).toBeUndefined();
  });

  test('T-42: is over after logout, one or all; and those who hold something open are told', async () => {
    const told: string[] = [];
    access.changes.listen((account) => told.push(account));
    const [one, two, three] = [await login(), await login(), await login()];
    const leaving = await caller(one.secret);
    expect(await access.sessions.logout(leaving.idHmac, leaving, false)).toBe(1);
    expect(await access.sessions.find(one.secret)).toBeUndefined();
    expect(await access.sessions.find(two.secret)).toBeDefined();
    const last = await caller(two.secret);
    expect(await access.sessions.logout(last.idHmac, last, true)).toBe(2);
    expect(await access.sessions.find(three.secret)).toBeUndefined();
    expect(told).toEqual(['user:kim', 'user:kim']);
  });

  test('T-42: a role that is taken away is gone with the next request; a new password ends every session', async () => {
    const { secret } = await login();
    await access.users.change('kim', { grants: [{ role: 'operator', sites: ['cam'] }] }, admin);
    expect((await caller(secret)).principal).toMatchObject({ grants: [{ role: 'operator', sites: ['cam'] }] });
    await access.users.change('kim', { password: 'another good password' }, admin);
    expect(await access.sessions.find(secret)).toBeUndefined();
    const again = await login(new Secret('another good password'));
    await access.users.change('kim', { disabled: true }, admin);
    expect(await access.sessions.find(again.secret)).toBeUndefined();
    expect((await refusal(login(new Secret('another good password')))).code).toBe('unauthenticated');
  });
});

test('T-42: a login by the old password that was under way when a new one was set opens nothing', async () => {
  let open: () => void = () => undefined;
  passwords.gate = new Promise((resolve) => {
    open = resolve;
  });
  const slow = refusal(login());
  await world.settle();
  await access.users.change('kim', { password: 'another good password' }, admin);
  open();
  expect((await slow).code).toBe('unauthenticated');
});

test.for(['password', 'disabled', 'logout'])(
  'T-42: a login link that was made before ends with the sessions: %s',
  async (how) => {
    await access.users.change('kim', { grants: [{ role: 'fleet-admin' }] }, admin);
    const kim = await caller((await login()).secret);
    const { path } = await access.createLoginLink(MINUTE_MS, kim);
    if (how === 'logout') await access.sessions.logout(kim.idHmac, kim, true);
    else {
      await access.users.change(
        'kim',
        how === 'password' ? { password: 'another good one' } : { disabled: true },
        admin,
      );
      if (how === 'disabled') await access.users.change('kim', { disabled: false }, admin);
    }
    const code = new Secret(path.slice(path.indexOf('#') + 1));
    expect((await refusal(access.sessions.loginByLink(code, from()))).code).toBe('unauthenticated');
  },
);

describe('T-43: guessing', () => {
  test('no name, wrong password and disabled account are told apart by nothing, and cost the same', async () => {
    await access.users.create({ name: 'old', password: good, grants: viewer }, admin);
    await access.users.change('old', { disabled: true }, admin);
    const refusals = [];
    for (const name of ['kim', 'nobody', 'old', '../etc']) {
      refusals.push(await refusal(login(name === 'old' ? good : new Secret('wrong'), name)));
    }
    expect(new Set(refusals.map(({ code, message, hint }) => `${code} ${message} ${hint}`)).size).toBe(1);
    expect(passwords.checked).toHaveLength(4);
  });

  test('five wrong tries close the way for a quarter of an hour, for this account from this address', async () => {
    for (let n = 0; n < 5; n++) expect((await refusal(login(new Secret('wrong')))).code).toBe('unauthenticated');
    expect(await refusal(login())).toMatchObject({
      code: 'resource-exhausted',
      hint: expect.stringContaining('15 min'),
    });
    expect(passwords.checked).toHaveLength(5); // not even looked at
    await login(good, 'kim', '198.51.100.1');
    await world.advance(15 * MINUTE_MS);
    await login();
  });

  test('many addresses that try one account, and one address that tries many, are slowed down as well', async () => {
    let refusedAt = 0;
    for (let n = 1; refusedAt === 0 && n < 100; n++) {
      const { code } = await refusal(login(new Secret('wrong'), 'kim', `2001:db8::${n}`));
      if (code === 'resource-exhausted') refusedAt = n;
    }
    expect(refusedAt).toBe(31);
    const codes = [];
    for (let n = 0; n < 40; n++) codes.push((await refusal(login(new Secret('wrong'), `u${n}`, '203.0.113.9'))).code);
    expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(30);
  });

  test('never more than two passwords are hashed at once; of a hundred the rest is refused', async () => {
    let open: () => void = () => undefined;
    passwords.gate = new Promise((resolve) => {
      open = resolve;
    });
    const tries = Array.from({ length: 100 }, (_, n) => refusal(login(new Secret('wrong'), `u${n}`, `10.0.0.${n}`)));
    await world.settle();
    expect(passwords.running).toBe(2);
    open();
    const codes = (await Promise.all(tries)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'resource-exhausted')).toHaveLength(92);
    expect(passwords.runningMost).toBe(2);
  });

  test('what goes wrong is recorded as a sample, so that trying fills no disk', async () => {
    for (let n = 0; n < 400; n++) await refusal(login(new Secret('wrong'), `u${n}`, `10.0.${n % 7}.${n}`));
    const denied = (await actions()).filter((line) => line.startsWith('session.login denied'));
    expect(denied).toHaveLength(120);
    expect(access.trail.leftOutCount).toBe(280);
  });
});

test('a password that was hashed by weaker rules is hashed anew when it is typed', async () => {
  passwords.outdated = true;
  await access.users.create({ name: 'lee', password: good, grants: viewer }, admin);
  passwords.outdated = false;
  await login(good, 'lee');
  expect((await store.reader.access.user('lee'))?.passwordHash).toMatch(/by new rules$/);
});

describe('a login link', () => {
  test('opens one session of whoever made it, once, and for minutes only', async () => {
    const { path } = await access.createLoginLink(10 * MINUTE_MS, admin);
    const code = new Secret(path.slice(path.indexOf('#') + 1));
    const { secret } = await access.sessions.loginByLink(code, from());
    expect((await caller(secret)).principal).toEqual({ kind: 'administrator', name: 'root' });
    expect((await refusal(access.sessions.loginByLink(code, from()))).code).toBe('unauthenticated');
    const late = await access.createLoginLink(10 * MINUTE_MS, admin);
    await world.advance(10 * MINUTE_MS);
    const expired = new Secret(late.path.slice(late.path.indexOf('#') + 1));
    expect((await refusal(access.sessions.loginByLink(expired, from()))).code).toBe('unauthenticated');
  });

  test('is not for everybody to make, and of a bounded number', async () => {
    const { secret } = await login();
    expect((await refusal(access.createLoginLink(MINUTE_MS, await caller(secret)))).code).toBe('permission-denied');
    for (let n = 0; n < 32; n++) await access.createLoginLink(MINUTE_MS, admin);
    expect((await refusal(access.createLoginLink(MINUTE_MS, admin))).code).toBe('resource-exhausted');
  });
});

describe('an API token', () => {
  const wish = { label: 'prometheus', grants: [{ role: 'viewer' as const }], ttlMs: 60 * MINUTE_MS };

  test('is told by its prefix, shown once, stored as a hash, and ends by age or by hand, at once', async () => {
    const { token, view } = await access.apiTokens.create(wish, admin);
    expect(token.reveal()).toMatch(new RegExp(`^brm_${view.id}_[a-z2-7]{32}_[a-z2-7]{7}$`));
    expect(JSON.stringify(await store.reader.access.apiTokens())).not.toContain(token.reveal().split('_')[2]);
    expect(await access.apiTokens.find(token)).toMatchObject({ kind: 'api-token', id: view.id });
    await access.apiTokens.revoke(view.id, admin);
    expect(await access.apiTokens.find(token)).toBeUndefined();
    const other = await access.apiTokens.create(wish, admin);
    await world.advance(60 * MINUTE_MS);
    expect(await access.apiTokens.find(other.token)).toBeUndefined();
    expect((await access.apiTokens.list(admin)).map(({ state }) => state).sort()).toEqual(['expired', 'revoked']);
  });

  test('with one letter changed is none; its last use is known to the hour', async () => {
    const { token, view } = await access.apiTokens.create(wish, admin);
    const text = token.reveal();
    for (const at of [5, 14, 40, text.length - 1]) {
      const changed = `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`;
      expect(await access.apiTokens.find(new Secret(changed)), String(at)).toBeUndefined();
    }
    expect((await access.apiTokens.list(admin))[0]?.lastUsedAtMs).toBeUndefined();
    await access.apiTokens.find(token);
    await world.settle();
    const first = (await store.reader.access.apiToken(view.id))?.lastUsedAtMs;
    expect(first).toBe(world.clock.nowMs());
    await world.advance(30 * MINUTE_MS);
    await access.apiTokens.find(token);
    await world.settle();
    expect((await store.reader.access.apiToken(view.id))?.lastUsedAtMs).toBe(first);
  });
});

test('an account that is gone may no longer have done what it asked for', async () => {
  const { view } = await access.apiTokens.create(
    { label: 'ci', grants: [{ role: 'operator', sites: ['cam'] }], ttlMs: MINUTE_MS },
    admin,
  );
  const may = (name: string, site = 'cam') => access.accounts.mayStill(name, 'commands.issue', site);
  expect(await may(`api-token:${view.id}`)).toBe(true);
  expect(await may(`api-token:${view.id}`, 'ox')).toBe(false);
  await access.apiTokens.revoke(view.id, admin);
  expect(await may(`api-token:${view.id}`)).toBe(false);
  expect([await may('user:kim'), await may('admin:root'), await may('user:nobody'), await may('kim')]).toEqual([
    false, // a viewer
    true,
    false,
    false,
  ]);
});

test('only who manages access does, whatever door they came by', async () => {
  const kim = await caller((await login()).secret);
  const attempts = [
    access.users.create({ name: 'eve', password: good, grants: [{ role: 'fleet-admin', sites: 'all' }] }, kim),
    access.users.change('kim', { grants: [{ role: 'fleet-admin' }] }, kim),
    access.apiTokens.create({ label: 'x', grants: [{ role: 'fleet-admin' }], ttlMs: MINUTE_MS }, kim),
    access.apiTokens.revoke('abcdefgh', kim),
    access.users.list(kim),
  ];
  for (const attempt of attempts) expect((await refusal(attempt)).code).toBe('permission-denied');
});

test('a user has a name and a password that deserve it, and is made once', async () => {
  const create = (name: string, password = good) => access.users.create({ name, password, grants: viewer }, admin);
  for (const name of ['Kim', '', 'a b', 'x'.repeat(40), 'user:kim']) {
    expect((await refusal(create(name))).code, name).toBe('invalid-argument');
  }
  expect((await refusal(create('lee', new Secret('short')))).code).toBe('invalid-argument');
  expect((await refusal(create('kim'))).code).toBe('already-exists');
  expect((await refusal(access.users.change('nobody', { disabled: true }, admin))).code).toBe('not-found');
});
