import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { piName } from '../../agent/demo/pi-spec.js';
import { parseAgentConfig } from '../../agent/kit/config.js';
import { FILESERVER_NAME } from '../../fileserver-agent/demo/server-spec.js';
import { SWITCH_NAME } from '../../switch-agent/demo/switch-spec.js';
import { parseConfig } from '../config/config.js';
import { DEMO_FILESERVER, DEMO_SWITCH, demoPiName } from './demo-names.js';
import { partsOf } from './demo-site.js';
import { pathsIn, writeAgentConfig, writeControllerConfig } from './files.js';
import { parseFlags } from './flags.js';
import { endLeftovers } from './leftovers.js';
import { loadMemory, saveMemory } from './memory.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-quick-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const JOIN = {
  keyId: 'k',
  token: 'bt1_a_b_c',
  spkiPin: 'ab'.repeat(32),
  enrollEndpoint: '127.0.0.1:1',
  expiresAtMs: 0,
};

test('the agents’ ports are chosen once and found again', async () => {
  const first = await loadMemory(dir);
  await saveMemory(dir, { ...first, nodeId: 'n-0000000000001', pids: [42] });
  expect(await loadMemory(dir)).toEqual({ ...first, nodeId: 'n-0000000000001', pids: [42] });
  expect(first.linkPort).not.toBe(0);
});

test.for(['', '{', '[]', '{"linkPort":0,"enrolPort":1}', '{"linkPort":"1","enrolPort":2}'])(
  'a damaged memory (%j) is said, not guessed around',
  async (text) => {
    await writeFile(join(dir, 'quickstart.json'), text);
    await expect(loadMemory(dir)).rejects.toMatchObject({ message: expect.stringContaining('is damaged') });
  },
);

test('the controller understands the configuration that is written for it, and listens on loopback only', async () => {
  const paths = pathsIn(dir);
  await writeControllerConfig(paths, { httpPort: 8080, linkPort: 1, enrolPort: 2, advertise: undefined });
  expect(parseConfig(parse(await readFile(paths.controllerConfig, 'utf8')), 'x')).toMatchObject({
    dataDir: dir,
    link: { host: '127.0.0.1', advertise: ['127.0.0.1:1'] },
    enrol: { host: '127.0.0.1', advertise: '127.0.0.1:2' },
  });
});

test('with a name for other machines it listens everywhere but for the page', async () => {
  const paths = pathsIn(dir);
  await writeControllerConfig(paths, { httpPort: 8080, linkPort: 1, enrolPort: 2, advertise: '[fd00::1]' });
  expect(parseConfig(parse(await readFile(paths.controllerConfig, 'utf8')), 'x')).toMatchObject({
    http: { host: '127.0.0.1' },
    link: { host: '::', advertise: ['[fd00::1]:1'] },
    enrol: { host: '::', advertise: '[fd00::1]:2' },
  });
});

test('the agent understands its configuration; the token is in a file of its own that nobody else reads', async () => {
  const paths = pathsIn(dir);
  await writeAgentConfig(paths, JOIN);
  const config = parseAgentConfig(await readFile(paths.agentConfig, 'utf8'), 'agent.yaml');
  expect(config).toMatchObject({
    stateDir: paths.agentState,
    join: { token: { kind: 'file', path: paths.tokenFile } },
    services: { kind: 'child' },
  });
  expect((await stat(paths.tokenFile)).mode & 0o777).toBe(0o600);
  await writeAgentConfig(paths, undefined);
  expect(parseAgentConfig(await readFile(paths.agentConfig, 'utf8'), 'agent.yaml').join).toBeUndefined();
});

test('a process id that belongs to somebody else by now is left alone', async () => {
  expect(await endLeftovers([process.pid, 2 ** 22 - 1], dir)).toBe(0);
});

test.for<[string, readonly string[]]>([
  ['an unknown option', ['--demo']],
  ['a port that is none', ['--port', 'http']],
  ['a host with a port', ['--advertise', 'pi.example:7443']],
  ['a number of Pis that is none', ['--demo-pis', 'many']],
  ['more Pis than the demo takes', ['--demo-pis', '201']],
])('%s is a usage error', ([, argv]) => {
  expect(() => parseFlags(argv)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

test('what is not said has the documented defaults', () => {
  const plain = { mode: 'run', data: '.bramble', port: 8080, advertise: undefined, demoPis: 24, isDemoCalm: false };
  expect(parseFlags([])).toEqual(plain);
  expect(parseFlags(['--demo-calm'])).toEqual({ ...plain, isDemoCalm: true });
});

test('the demo site runs in two halves that share no Pi and leave none out', () => {
  expect(partsOf(0)).toEqual([]);
  expect(partsOf(1)).toEqual([{ first: 0, pis: 1 }]);
  expect(partsOf(25)).toEqual([
    { first: 0, pis: 13 },
    { first: 13, pis: 12 },
  ]);
});

test('both programs call the simulated nodes by the same names', () => {
  expect(DEMO_FILESERVER).toBe(FILESERVER_NAME);
  expect(DEMO_SWITCH).toBe(SWITCH_NAME);
  for (const index of [0, 8, 9, 99, 199]) expect(demoPiName(index)).toBe(piName(index));
});
