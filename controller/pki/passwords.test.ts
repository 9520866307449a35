import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Secret } from '../../proto/contract/secret.js';
import { ScryptPasswords } from './passwords.js';

const random = { unit: () => 0.5, bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const cheap = { n: 2 ** 10, r: 8, p: 1 };
const password = new Secret('correct horse battery');

test('the right password matches its hash, every other does not, and two hashes of one differ', async () => {
  const passwords = new ScryptPasswords(random, cheap);
  const stored = await passwords.hash(password);
  expect(stored).toMatch(/^scrypt\$1024\$8\$1\$[0-9a-f]{32}\$[0-9a-f]{64}$/);
  expect(stored).not.toBe(await passwords.hash(password));
  expect(await passwords.check(password, stored)).toEqual({ matches: true, isOutdated: false });
  for (const other of ['correct horse batterx', '', 'Correct horse battery']) {
    expect(await passwords.check(new Secret(other), stored)).toEqual({ matches: false, isOutdated: false });
  }
});

test('what is no hash of ours, or no account at all, matches nothing', async () => {
  const passwords = new ScryptPasswords(random, cheap);
  const zeros = `scrypt$1024$8$1$${'0'.repeat(32)}$${'0'.repeat(64)}`;
  for (const stored of [undefined, '', 'correct horse battery', '$2b$10$abc', zeros]) {
    expect((await passwords.check(password, stored)).matches, stored).toBe(false);
  }
});

test('a hash with weaker parameters still counts, and asks to be made anew', async () => {
  const stored = await new ScryptPasswords(random, cheap).hash(password);
  const stronger = new ScryptPasswords(random, { ...cheap, n: 2 ** 11 });
  expect(await stronger.check(password, stored)).toEqual({ matches: true, isOutdated: true });
  expect(await stronger.check(new Secret('x'), stored)).toEqual({ matches: false, isOutdated: false });
});

test('the same letters in another Unicode form are the same password', async () => {
  const passwords = new ScryptPasswords(random, cheap);
  const stored = await passwords.hash(new Secret('m\u00fcnchen-isar-tram'));
  expect((await passwords.check(new Secret('mu\u0308nchen-isar-tram'), stored)).matches).toBe(true);
});

test('the parameters of a release are what OWASP asks for with 32 MiB', async () => {
  expect(await new ScryptPasswords(random).hash(password)).toMatch(/^scrypt\$32768\$8\$3\$/);
});
