import { expect, test } from 'vitest';
import { loadConfig, refuseReadableKeys } from './load-config.js';
import type { SettingsFile } from './program-io.js';

const PIN = 'b'.repeat(64);
const PATH = '/etc/bramble/agent.yaml';
const TOKEN_PATH = '/etc/bramble/join-token';
const BY_FILE = `join: { controller: "c:7442", pin: ${PIN}, tokenFile: ${TOKEN_PATH} }\n`;
const INLINE = `join: { controller: "c:7442", pin: ${PIN}, token: bt1_x }\n`;

const load = (files: Readonly<Record<string, SettingsFile>>) => loadConfig(PATH, async (path) => files[path]);
const file = (text: string, mode = 0o600): SettingsFile => ({ text, mode });

test('takes the token from its own file', async () => {
  const { join } = await load({ [PATH]: file(BY_FILE, 0o644), [TOKEN_PATH]: file('bt1_secret\n') });
  expect(join).toEqual({ controller: 'c:7442', pin: PIN, token: 'bt1_secret' });
});

test('a token that was taken away after enrolment is no error', async () => {
  expect((await load({ [PATH]: file(BY_FILE, 0o644) })).join).toBeUndefined();
});

test('a configuration that holds the token itself must be private', async () => {
  expect((await load({ [PATH]: file(INLINE, 0o640) })).join?.token).toBe('bt1_x');
  await expect(load({ [PATH]: file(INLINE, 0o644) })).rejects.toMatchObject({
    code: 'failed-precondition',
    message: `everybody on this machine may read ${PATH} (mode 0644)`,
    hint: `chmod o-rwx ${PATH}`,
  });
});

test.for<[string, Record<string, SettingsFile>, string, string]>([
  ['no configuration', {}, 'not-found', `there is no configuration at ${PATH}`],
  ['a configuration that anybody may change', { [PATH]: file('', 0o666) }, 'failed-precondition', 'may change'],
  [
    'a token that anybody may read',
    { [PATH]: file(BY_FILE), [TOKEN_PATH]: file('x', 0o644) },
    'failed-precondition',
    `may read ${TOKEN_PATH} (mode 0644)`,
  ],
  ['an empty token', { [PATH]: file(BY_FILE), [TOKEN_PATH]: file('\n') }, 'invalid-argument', 'holds no token'],
  ['a bad configuration', { [PATH]: file('x: 1') }, 'invalid-argument', 'x: unknown key'],
])('refuses %s', async ([, files, code, message]) => {
  await expect(load(files)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
});

test('a key that everybody may read is not used', async () => {
  const check = (files: Readonly<Record<string, SettingsFile>>) =>
    refuseReadableKeys('/s', async (path) => files[path]);
  await expect(check({})).resolves.toBeUndefined();
  await expect(
    check({ '/s/identity.json': file('{}'), '/s/next-key.json': file('{}', 0o640) }),
  ).resolves.toBeUndefined();
  for (const path of ['/s/identity.json', '/s/next-key.json']) {
    await expect(check({ [path]: file('{}', 0o604) })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `everybody on this machine may read ${path} (mode 0604)`,
    });
  }
});
