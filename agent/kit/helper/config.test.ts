import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, link, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { KEY_ED25519, KEY_RSA, keyNumber } from '../../../test/fixtures/node-configs.js';
import { makeHelperCall } from '../host/node/helper-socket.js';
import { makeHelperConfig } from './config-client.js';

/**
 * The helper as systemd runs it, a process per request, on a whole machine in a directory: files, owners, modes, links and
 * kills are real. Only the service manager is played, by a file with one line per unit.
 */
const PROGRAM = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { makeNodeConfigActuator } from './agent/kit/host/node/config/actuator.js';
import { makeHelperConnection } from './agent/kit/host/node/helper-connection.js';
import { makeKernelFiles } from './agent/kit/host/node/kernel-files.js';
import { serveHelper } from './agent/kit/helper/serve.js';
import { noMachine } from './agent/kit/machine/local-machine.js';
const [root, policyPath] = process.argv.slice(2);
process.umask(0o077);
const unitsPath = root + '/units.json';
const exec = { run: async (argv) => {
  const [, verb, , ...rest] = argv;
  const unit = rest.at(-1);
  const units = JSON.parse(readFileSync(unitsPath, 'utf8'));
  const answer = (stdout) => ({ status: 0, stdout, stderr: '' });
  if (verb === 'show') {
    const [file, active] = units[unit] ?? [];
    return answer(file === undefined ? 'LoadState=not-found\\n' :
      'LoadState=loaded\\nActiveState=' + active + '\\nUnitFileState=' + file + '\\n');
  }
  appendFileSync(root + '/systemctl.log', verb + ' ' + unit + '\\n');
  if (existsSync(root + '/hang')) await new Promise((resolve) => setTimeout(resolve, 60_000));
  const state = units[unit];
  if (state === undefined) return answer('');
  if (verb === 'enable' || verb === 'disable') state[0] = verb + 'd';
  if (verb === 'start' || verb === 'stop') state[1] = verb === 'start' ? 'active' : 'inactive';
  writeFileSync(unitsPath, JSON.stringify(units));
  return answer('');
} };
process.exitCode = await serveHelper({
  peer: '0-1-1000', policyPath,
  connection: makeHelperConnection(process.stdin, process.stdout, new AbortController().signal),
  readPolicy: async () => readFileSync(policyPath, 'utf8'),
  kernel: makeKernelFiles(),
  services: {},
  machine: noMachine(),
  configActuator: (allowance) => makeNodeConfigActuator({ root, ownerUid: process.getuid(), exec }, allowance),
});
process.exit();
`;

const OWNER = process.getuid?.() ?? 0;
/** Root can play a user; others are their own only user. */
const USER = OWNER === 0 ? 12_345 : OWNER;
const { signal } = new AbortController();

let directory: string;
let root: string;
let server: Server;
const children = new Set<ChildProcess>();
const inRoot = (path: string): string => join(root, path);
const KEYS = '/srv/pi/.ssh/authorized_keys';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bramble-config-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: process.cwd() },
    outfile: join(directory, 'helper.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  server = createServer({ pauseOnConnect: true }, (socket) => {
    const argv = [join(directory, 'helper.mjs'), root, join(directory, 'policy')];
    const child = spawn(process.execPath, argv, { stdio: [socket, socket, 'inherit'] });
    children.add(child);
    child.on('exit', () => {
      children.delete(child);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(join(directory, 'socket'), resolve);
  });
});

afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  root = await mkdtemp(join(directory, 'root-'));
  const config = { hostname: true, ntp: true, users: ['pi'], sysctls: ['vm.swappiness'], units: ['cups.service'] };
  await writeFile(join(directory, 'policy'), JSON.stringify({ user: 1000, config }));
  const files: Readonly<Record<string, string>> = {
    '/etc/passwd': `root:x:0:0::/root:/bin/sh\npi:x:${USER}:${USER}::/srv/pi:/bin/sh\n`,
    '/etc/hostname': 'pi-0\n',
    '/etc/hosts': '127.0.1.1 pi-0\n',
    '/proc/sys/kernel/hostname': 'pi-0\n',
    '/proc/sys/vm/swappiness': '60\n',
    '/usr/lib/systemd/systemd-timesyncd': '',
    '/units.json': JSON.stringify({ 'cups.service': ['enabled', 'active'] }),
    [KEYS]: `${KEY_RSA} k\u00efm\xff\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(inRoot(path)), { recursive: true });
    await writeFile(inRoot(path), text, 'latin1');
  }
  await chmod(inRoot('/etc/hostname'), 0o640);
  for (const path of ['/srv/pi', '/srv/pi/.ssh', KEYS]) await chown(inRoot(path), USER, USER);
  await chmod(inRoot(KEYS), 0o600);
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(root, { recursive: true });
});

const helper = () => makeHelperConfig(makeHelperCall(join(directory, 'socket')));

const CONFIG: NodeConfig = {
  hostname: 'pi-7',
  authorizedKeys: { pi: [KEY_ED25519] },
  ntpServers: ['ntp.lab'],
  sysctls: { 'vm.swappiness': '10' },
  units: { 'cups.service': 'disabled' },
};

const PATHS = [
  '/etc/hostname',
  '/etc/hosts',
  '/etc/systemd/timesyncd.conf.d/bramble.conf',
  '/etc/sysctl.d/90-bramble.conf',
  '/proc/sys/kernel/hostname',
  '/proc/sys/vm/swappiness',
  '/units.json',
  KEYS,
];

/** Content, owner and mode of everything that a config may touch. */
async function snapshot(): Promise<readonly string[]> {
  return Promise.all(
    PATHS.map(async (path) => {
      const stat = await lstat(inRoot(path)).catch(() => undefined);
      if (stat === undefined) return `${path} absent`;
      const text = await readFile(inRoot(path), 'latin1');
      return `${path} ${stat.uid}:${stat.gid} ${(stat.mode & 0o7777).toString(8)} ${JSON.stringify(text)}`;
    }),
  );
}

describe('the helper on a real filesystem', () => {
  test('puts a config in place, with owners and modes as they were', async () => {
    const changes = await helper().apply(1, CONFIG, signal);
    expect(changes).toContain('hostname: pi-0 -> pi-7');
    const now = await snapshot();
    expect(now[0]).toBe(`/etc/hostname ${OWNER}:${OWNER === 0 ? 0 : process.getgid?.()} 640 "pi-7\\n"`);
    expect(now.at(-1)).toContain(`${KEYS} ${USER}:${USER} 600 "${KEY_RSA} k\u00efm\xff\\n# BEGIN bramble`);
    expect(now.at(-2)).toContain('disabled');
    expect((await lstat(inRoot('/etc/systemd/timesyncd.conf.d'))).mode & 0o777).toBe(0o755);
    expect(now[2]).toContain(' 644 ');
    expect(await helper().check(CONFIG, signal)).toEqual([]);
    await helper().confirm(1, signal);
    expect(await helper().undo(signal)).toEqual([]);
    expect(await snapshot()).toEqual(now);
  });

  test('takes a config back to the byte, and removes what was not there', async () => {
    const before = await snapshot();
    await helper().apply(1, CONFIG, signal);
    expect(await helper().undo(signal)).toContain('hostname: pi-7 -> pi-0');
    expect(await snapshot()).toEqual(before);
  });

  test('makes .ssh for a user who has none, as the user', async () => {
    await rm(inRoot('/srv/pi/.ssh'), { recursive: true });
    await helper().apply(1, { authorizedKeys: { pi: [KEY_ED25519] } }, signal);
    const [folder, file] = await Promise.all([lstat(inRoot('/srv/pi/.ssh')), lstat(inRoot(KEYS))]);
    expect([folder.uid, folder.mode & 0o777, file.uid, file.mode & 0o777]).toEqual([USER, 0o700, USER, 0o600]);
  });

  test('takes as many keys as a config may have', async () => {
    const keys = Array.from({ length: 64 }, (_, index) => `${keyNumber(index)} ${'c'.repeat(600)}`);
    await helper().apply(1, { authorizedKeys: { pi: keys } }, signal);
    expect((await readFile(inRoot(KEYS), 'latin1')).split('\n')).toHaveLength(64 + 4);
  });

  test.for<[string, () => Promise<void>]>([
    [
      'a .ssh that leads elsewhere',
      async () => {
        await rm(inRoot('/srv/pi/.ssh'), { recursive: true });
        await symlink(inRoot('/etc'), inRoot('/srv/pi/.ssh'));
      },
    ],
    [
      'an authorized_keys that leads to a secret',
      async () => {
        await rm(inRoot(KEYS));
        await symlink(inRoot('/etc/secret'), inRoot(KEYS));
      },
    ],
    [
      'an authorized_keys that is a second name of a secret',
      async () => {
        await rm(inRoot(KEYS));
        await link(inRoot('/etc/secret'), inRoot(KEYS));
      },
    ],
    [
      'an authorized_keys that is a directory',
      async () => {
        await rm(inRoot(KEYS));
        await mkdir(inRoot(KEYS));
      },
    ],
  ])('refuses %s', async ([, lay]) => {
    await writeFile(inRoot('/etc/secret'), 'secret\n');
    await lay();
    await expect(helper().apply(1, CONFIG, signal)).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(await readFile(inRoot('/etc/secret'), 'utf8')).toBe('secret\n');
    expect(await readFile(inRoot('/etc/hostname'), 'utf8')).toBe('pi-0\n');
  });

  test('never follows a link laid where it writes first', async () => {
    await writeFile(inRoot('/etc/secret'), 'secret\n');
    await symlink(inRoot('/etc/secret'), inRoot('/srv/pi/.ssh/.authorized_keys.bramble'));
    await helper().apply(1, CONFIG, signal);
    expect(await readFile(inRoot('/etc/secret'), 'utf8')).toBe('secret\n');
  });

  test('that is killed in the middle leaves what the next one takes back; meanwhile nobody else works', async () => {
    const before = await snapshot();
    await writeFile(inRoot('/hang'), '');
    const cut = helper().apply(1, CONFIG, signal);
    const isCut = expect(cut).rejects.toMatchObject({ code: 'unavailable' });
    const log = () => readFile(inRoot('/systemctl.log'), 'utf8').catch(() => '');
    await expect.poll(log, { timeout: 20_000 }).toContain('try-restart');
    expect(await readFile(inRoot('/etc/hostname'), 'utf8')).toBe('pi-7\n');
    await expect(helper().undo(signal)).rejects.toMatchObject({ code: 'unavailable' });
    for (const child of children) child.kill('SIGKILL');
    await isCut;
    await rm(inRoot('/hang'));
    await expect
      .poll(() =>
        helper()
          .undo(signal)
          .catch(() => []),
      )
      .toContain('hostname: pi-7 -> pi-0');
    expect(await snapshot()).toEqual(before);
  });

  test('refuses what its own list does not have, whoever asks', async () => {
    const beyond: NodeConfig = { authorizedKeys: { root: [] }, sysctls: { 'vm.dirty_ratio': '1' }, units: {} };
    await expect(helper().apply(1, beyond, signal)).rejects.toMatchObject({
      code: 'permission-denied',
      message: "not on this machine's list: authorized keys of root, sysctl vm.dirty_ratio",
    });
  });
});
