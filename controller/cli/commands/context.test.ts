import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../proto/contract/secret.js';
import type { CliHost } from '../context.js';
import { readTextIfThere, saveConfig } from '../machine.js';
import { CliBench } from '../testing/bench.js';
import type { Outcome } from '../testing/host.js';
import { HttpTransport, type Where } from '../transport.js';

let bench: CliBench;
let dir = '';
let asked: Where[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-context-'));
  bench = await CliBench.start(dir);
  asked = [];
});
afterEach(() => bench.close());

/** As bramble is on a machine with a config file of its own, wherever the environment points. */
function bramble(line: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const over: Partial<CliHost> = {
    env: { XDG_CONFIG_HOME: dir, ...env },
    readTextIfThere,
    saveConfig,
    readSecretFile: (path) => new Secret(`token of ${path}`),
    connect: (where, actor) => {
      asked.push(where);
      return new HttpTransport({ kind: 'socket', path: bench.options.adminSocket }, actor);
    },
  };
  return bench.run(line.split(' '), over);
}

test('a context says where the controller is; another one is chosen by flag, environment or use', async () => {
  await bramble('context set home --socket /run/a.sock');
  const { out } = await bramble('context set far --server https://far.example --token-file /t --ca /dev/null');
  expect(out.split('\n').map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
    ['CURRENT', 'NAME', 'CONTROLLER', 'TOKEN FILE'],
    ['*', 'home', '/run/a.sock', '-'],
    ['-', 'far', 'https://far.example', '/t'],
    [''],
  ]);
  await bramble('get nodes');
  await bramble('--context far get nodes');
  await bramble('get nodes', { BRAMBLE_CONTEXT: 'far' });
  await bramble('get nodes', { BRAMBLE_SOCKET: '/run/b.sock', BRAMBLE_CONTEXT: 'far' });
  await bramble('context use far');
  await bramble('get nodes');
  const home = { kind: 'socket', path: '/run/a.sock' };
  const far = { kind: 'server', url: 'https://far.example', token: new Secret('token of /t'), caPem: '' };
  expect(asked).toEqual([home, far, far, { kind: 'socket', path: '/run/b.sock' }, far]);
  expect(asked.map((where) => (where.kind === 'server' ? where.token?.reveal() : ''))[1]).toBe('token of /t');
});

test('the file is for its owner alone, and what is removed is not current any more', async () => {
  await bramble('context set home --socket /run/a.sock');
  expect((await stat(join(dir, 'bramble/config.yaml'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dir, 'bramble'))).mode & 0o777).toBe(0o700);
  await bramble('context remove home');
  expect((await bramble('context list')).out).toContain('No contexts');
});

test('a context that is not there is told, and a file that is broken can be told from one that is empty', async () => {
  const missing = await bramble('--context nowhere get nodes');
  expect([missing.code, missing.out]).toEqual([3, '']);
  expect((await bramble('context set home')).code).toBe(2);
  expect((await bramble('context set ../x --socket /a')).code).toBe(2);
  expect((await bramble('context set home --server nonsense')).code).toBe(2);
  await saveConfig(join(dir, 'bramble/config.yaml'), 'contexts: [');
  expect((await bramble('get nodes')).err).toContain('config.yaml is not understood');
});
