import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../proto/contract/secret.js';
import { by } from '../usecases/testing/by.js';
import { tokenHeaders } from '../web/testing/fixtures.js';
import { CliBench } from './testing/bench.js';

const ADMINISTRATOR = { principal: { kind: 'administrator', name: 'kim' }, actor: by('admin:kim') } as const;

let bench: CliBench;

beforeEach(async () => {
  bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-dry-')));
  const grants = [{ role: 'viewer', sites: 'all' }] as const;
  const password = new Secret('correct horse battery');
  await bench.options.access.users.create({ name: 'lee', password, grants }, ADMINISTRATOR);
});
afterEach(() => bench.close());

const accounts = async (): Promise<string> => {
  const { access } = bench.options;
  return JSON.stringify([await access.users.list(ADMINISTRATOR), await access.apiTokens.list(ADMINISTRATOR)]);
};

test.for([
  ['token create --site cam --kind pi', 'make a join token for a pi at cam'],
  ['user add kim --grant viewer', 'let kim sign in as viewer'],
  ['user passwd lee', 'set a new password: user lee, who has viewer'],
  ['user grant lee --grant operator@cam', 'give the roles operator@cam: user lee, who has viewer'],
  ['user disable lee', 'disable: user lee'],
  ['api-token create --label x --grant viewer', 'make an API token for viewer'],
  ['login-link', 'make a link'],
] as const)('%s --dry-run says what would be done, asks for nothing and does nothing', async ([line, words]) => {
  const before = await accounts();
  const askSecret = () => Promise.reject(new Error('asked for a password'));
  const { code, out } = await bench.run([...line.split(' '), '--dry-run'], { askSecret });
  expect([code, out]).toEqual([0, expect.stringContaining(`would ${words}`)]);
  expect(out).toContain('nothing was changed');
  expect(await accounts()).toBe(before);
  expect(bench.options.fleet.calls).toEqual([]);
});

test.for([
  'user disable nobody',
  'api-token revoke abcdefgh',
  'image rm nothing',
  'image push nothing --store /nowhere',
])('%s --dry-run finds that there is none', async (line) => {
  expect((await bench.run([...line.split(' '), '--dry-run'])).code).toBe(3);
});

test('a dry run is refused to who may not do it', async () => {
  const token = (await tokenHeaders(bench.options, 'operator')).authorization.replace('Bearer ', '');
  const words = ['--server', bench.server.url, '--token-file', 't', 'token', 'create', '--site', 'cam', '--kind', 'pi'];
  const outcome = await bench.run([...words, '--dry-run'], { readSecretFile: () => new Secret(token) });
  expect(outcome).toMatchObject({ code: 4, out: '' });
});

test.for([
  ['promote --reason x', 'an epoch that was told'],
  ['restore b --data /d', 'the controller is stopped'],
] as const)('%s has no dry run, and says why', async ([line, why]) => {
  const outcome = await bench.run([...line.split(' '), '--dry-run']);
  expect(outcome).toMatchObject({ code: 2, out: '', err: expect.stringContaining(why) });
});
