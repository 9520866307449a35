import { beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../proto/contract/secret.js';
import type { Store } from '../ports.js';
import { by } from '../testing/by.js';
import { FakeWorld } from '../testing/fake-world.js';
import { makeStore, refusal } from '../testing/fleet.js';
import { testTrust } from '../testing/trust-bench.js';
import { Access } from './access.js';
import type { Caller } from './caller.js';
import type { Passwords } from './ports.js';
import type { SignedIn } from './sessions.js';

const admin: Caller = { principal: { kind: 'administrator', name: 'root' }, actor: by('admin:root') };
const OLD = new Secret('correct horse battery');
const NEW = new Secret('staple of another kind');
const FROM = { address: '192.0.2.7', source: 'page 192.0.2.7', requestId: 'r-1' };

const plain: Passwords = {
  hash: async (password) => `hash of ${password.reveal()}`,
  check: async (password, stored) => ({ matches: stored === `hash of ${password.reveal()}`, isOutdated: false }),
};

let store: Store;
let access: Access;

beforeEach(async () => {
  const world = new FakeWorld();
  store = await makeStore(world);
  access = new Access({ store, world, trust: testTrust, passwords: plain });
  for (const name of ['kim', 'lee']) {
    await access.users.create({ name, password: OLD, grants: [{ role: 'viewer', sites: 'all' }] }, admin);
  }
});

const login = async (name: string, password: Secret) => (await access.sessions.login(name, password, FROM)).secret;
const change = (password: Secret, newPassword: Secret, asking?: SignedIn, name = 'kim') =>
  access.ownPassword.change({ name, password, newPassword }, FROM, asking);

test('a viewer replaces their own password; every other session of theirs ends, and nobody else’s', async () => {
  const told: string[] = [];
  access.changes.listen((account) => told.push(account));
  const [here, there, lees] = [await login('kim', OLD), await login('kim', OLD), await login('lee', OLD)];
  expect(await change(OLD, NEW, await access.sessions.find(here))).toBe(1);
  expect(await access.sessions.find(here)).toBeDefined();
  expect(await access.sessions.find(there)).toBeUndefined();
  expect(await access.sessions.find(lees)).toBeDefined();
  expect((await refusal(login('kim', OLD))).code).toBe('unauthenticated');
  await login('kim', NEW);
  expect(told).toEqual(['user:kim']);
  const records = await store.reader.audit.after(0, 1_000);
  expect(records.find(({ action }) => action === 'user.own-password')).toMatchObject({
    ...{ actor: { name: 'user:kim' }, target: 'user:kim', outcome: 'done', details: { sessionsEnded: 1 } },
  });
});

test('the session of somebody else is no reason to keep one', async () => {
  const [kims, lees] = [await login('kim', OLD), await login('lee', OLD)];
  expect(await change(OLD, NEW, await access.sessions.find(lees))).toBe(1);
  expect(await access.sessions.find(kims)).toBeUndefined();
  expect(await access.sessions.find(lees)).toBeDefined();
});

test('T-43: the present password cannot be guessed here either: the tries count together with those of the login', async () => {
  const codes = [];
  for (let n = 0; n < 3; n++) codes.push((await refusal(change(new Secret('wrong'), NEW))).code);
  for (let n = 0; n < 2; n++) codes.push((await refusal(login('kim', new Secret('wrong')))).code);
  expect(codes).toEqual(Array(5).fill('unauthenticated'));
  expect((await refusal(change(OLD, NEW))).code).toBe('resource-exhausted');
  await access.trail.settled();
  const denied = (await store.reader.audit.after(0, 1_000)).filter(({ outcome }) => outcome === 'denied');
  expect(denied.map(({ action }) => action)).toContain('user.own-password');
});

test('nobody, a disabled user and a wrong password are told apart by nothing', async () => {
  await access.users.change('lee', { disabled: true }, admin);
  const refusals = await Promise.all([
    ...[change(new Secret('wrong'), NEW), change(OLD, NEW, undefined, 'nobody')].map(refusal),
    ...[change(OLD, NEW, undefined, 'lee'), change(OLD, new Secret('short'), undefined, '../x')].map(refusal),
  ]);
  expect(new Set(refusals.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
});

test('a new password that is weak or the present one changes nothing', async () => {
  const here = await login('kim', OLD);
  for (const bad of ['short', 'kim has a long one', OLD.reveal()]) {
    expect((await refusal(change(OLD, new Secret(bad)))).code, bad).toBe('invalid-argument');
  }
  expect(await access.sessions.find(here)).toBeDefined();
  await login('kim', OLD);
});
