import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { NodeDetail } from '../../proto/contract/api/fleet.js';
import { EventList, NodeList, Readiness } from '../../proto/contract/api/lists.js';
import { allProcesses, listeningOn, type ProcessInfo, treeOf } from './processes.js';

const UP_MS_MAX = 60_000;
const POLL_MS = 50;
const EXAMPLE_UNIT = 'bramble-example.service';

/** Every one that was started, so that a failed test leaves nothing running either. */
const runs: Run[] = [];

/** One `npm start` after its build; without the demo site unless the options ask for it. */
class Run {
  readonly process: ChildProcess;
  out = '';
  err = '';
  status: number | null | undefined;

  constructor(data: string, ...more: readonly string[]) {
    const argv = [
      path.resolve('dist/bramble-quickstart.mjs'),
      '--data',
      data,
      ...(more.includes('--demo-pis') ? [] : ['--demo-pis', '0']),
      ...more,
    ];
    this.process = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
    this.process.on('close', (status) => (this.status = status));
    runs.push(this);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async up(): Promise<string> {
    await until(() => this.out.includes('Bramble is up: ') || this.status !== undefined);
    const url = /^Bramble is up: (http:\/\/127\.0\.0\.1:\d+)$/m.exec(this.out)?.[1];
    if (url === undefined) throw new Error(`it did not come up: ${this.out}${this.err}`);
    await until(() => LOGIN_LINK.test(this.out) || this.status !== undefined);
    cookies.set(url, await signIn(url, LOGIN_LINK.exec(this.out)?.[1] ?? ''));
    return url;
  }

  async ended(): Promise<number | null> {
    await until(() => this.status !== undefined);
    return this.status ?? null;
  }
}

async function endAll(): Promise<void> {
  for (const run of runs.splice(0)) {
    if (run.status === undefined) run.process.kill('SIGTERM');
    await run.ended();
  }
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + UP_MS_MAX;
  while (!(await done())) {
    if (Date.now() > endsAt) throw new Error(`waited ${UP_MS_MAX} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function bramble(data: string, ...words: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const argv = [path.resolve('dist/bramble.mjs'), '--socket', path.join(data, 'admin.sock'), ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const LOGIN_LINK = /^Sign in with this link, once, within the hour: http:\S+\/login\.html#([a-z2-7]{32})$/m;
/** Page -> the cookie of its session. */
const cookies = new Map<string, string>();

/** What the page does with the code of its address. */
async function signIn(url: string, code: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v1/session/link`, { method: 'POST', headers, body: JSON.stringify({ code }) });
  expect(answer.status).toBe(201);
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

const getJson = async (url: string): Promise<unknown> =>
  (await fetch(url, { headers: { cookie: cookies.get(new URL(url).origin) ?? '' } })).json();

async function onlyNode(url: string): Promise<NodeDetail> {
  const { nodes } = NodeList.parse(await getJson(`${url}/api/v1/nodes`));
  expect(nodes).toHaveLength(1);
  return NodeDetail.parse(await getJson(`${url}/api/v1/nodes/${nodes[0]?.id}`));
}

const named = (processes: readonly ProcessInfo[], word: string) =>
  processes.find(({ argv }) => argv.some((argument) => argument.includes(word)));

const ofData = (data: string) => allProcesses().filter(({ argv }) => argv.some((word) => word.startsWith(data)));

/** One data folder through a life: every test goes on where the one before it ended. */
describe('npm start', () => {
  let data = '';
  let run: Run;
  let url = '';
  let nodeId = '';
  let name = '';

  beforeAll(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'bramble-start-'));
    run = new Run(data, '--port', '0');
    url = await run.up();
  });
  afterAll(async () => {
    await endAll();
    rmSync(data, { recursive: true, force: true });
  });

  test('it says that it is up in one line, and what to try next', () => {
    expect(run.out.match(/Bramble is up/g)).toHaveLength(1);
    expect(run.out).toContain('get nodes');
    expect(run.err).toBe('');
  });

  test('the page and the API show this machine as it is', async () => {
    const page = await fetch(url);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<title>Bramble</title>')]);
    const node = await onlyNode(url);
    nodeId = node.id;
    name = node.name;
    const fact = (name: string) => node.facts.find((each) => each.fact === name && each.instance === '')?.value;
    const memTotalKib = Number(/^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
    expect(fact('hostname_text')).toBe(hostname());
    expect(fact('memory_total_bytes')).toBe(memTotalKib * 1024);
    expect(fact('boot_id_text')).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    expect(node.liveness).toBe('fresh');
    const { events } = EventList.parse(await getJson(`${url}/api/v1/events`));
    expect(events.map((event) => event.reason)).toEqual(expect.arrayContaining(['NodeEnrolled', 'NodeReporting']));
    expect(Readiness.parse(await getJson(`${url}/readyz`)).ready).toBe(true);
  });

  test('nothing listens but the controller’s three ports, on loopback', () => {
    const { linkPort, enrolPort } = JSON.parse(readFileSync(path.join(data, 'quickstart.json'), 'utf8')) as {
      linkPort: number;
      enrolPort: number;
    };
    const ports = [Number(new URL(url).port), linkPort, enrolPort];
    expect([...listeningOn(treeOf(run.pid))].sort()).toEqual(ports.map((port) => `127.0.0.1:${port}`).sort());
  });

  test('a signed command really restarts the example unit, and only that one', async () => {
    const sleeper = () => treeOf(run.pid).find(({ argv }) => argv[0]?.endsWith('sleep') === true)?.pid;
    const before = sleeper();
    expect(before).toBeDefined();
    const allowed = await bramble(data, 'node', 'restart-unit', name, EXAMPLE_UNIT);
    expect(allowed).toMatchObject({ status: 0, out: expect.stringContaining('succeeded') });
    expect(sleeper()).not.toBe(before);
    expect(sleeper()).toBeDefined();
    const refused = await bramble(data, 'node', 'restart-unit', name, 'ssh.service');
    expect(refused).toMatchObject({ status: 6, out: expect.stringContaining('rejected (not-allowed') });
  });

  test('diagnostics come back as an archive that holds what the node says, and end as a file of this user alone', async () => {
    const file = path.join(data, 'bundle.tar.gz');
    const asked = await bramble(data, 'node', 'diagnostics', name, '-o', file);
    expect(asked).toMatchObject({ status: 0, out: expect.stringContaining(`Saved ${file}`) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const read = (entry: string): string => execFileSync('tar', ['-xzOf', file, entry], { encoding: 'utf8' });
    expect(JSON.parse(read('agent.json'))).toMatchObject({ kind: 'pi', nodeId });
    expect(JSON.parse(read('settings.json'))).toMatchObject({ allowedUnits: [EXAMPLE_UNIT] });
    expect(read('report.json')).toContain('memory_total_bytes');
    expect(read('mounts.txt')).toContain(' / ');
    const again = await bramble(data, 'node', 'diagnostics', name, '-o', file);
    expect(again).toMatchObject({ status: 5, err: expect.stringContaining('is there already') });
  });

  test('what this machine’s node may not do is refused with the reason', async () => {
    const remount = await bramble(data, 'node', 'remount', name, '/');
    expect(remount).toMatchObject({ status: 6, out: expect.stringContaining('not-allowed') });
    const step = await bramble(data, 'node', 'step-clock', name);
    expect(step).toMatchObject({ status: 6, out: expect.stringContaining('unsupported') });
  });

  test('an agent that dies is started again, which is said, and its node is the same', async () => {
    const agent = named(treeOf(run.pid), 'bramble-agent.mjs');
    process.kill(agent?.pid ?? 0, 'SIGKILL');
    await until(() => run.err.includes('The agent ended unexpectedly (signal SIGKILL); starting it again in 1 s'));
    const since = Date.now();
    await until(async () => ((await onlyNode(url)).connectedSinceMs ?? 0) > since);
    expect((await onlyNode(url)).id).toBe(nodeId);
  });

  test('a second start on the same data is refused and harms nothing', async () => {
    const second = new Run(data, '--port', '0');
    expect(await second.ended()).toBe(1);
    expect(second.err).toContain(`process ${run.pid} already uses this data directory`);
    expect((await onlyNode(url)).liveness).toBe('fresh');
  });

  test('Ctrl-C ends everything cleanly, the agent with a goodbye', async () => {
    const before = treeOf(run.pid).map(({ pid }) => pid);
    expect(before.length).toBeGreaterThanOrEqual(4);
    process.kill(run.pid, 'SIGINT');
    expect(await run.ended()).toBe(0);
    const after = new Set(allProcesses().map(({ pid }) => pid));
    expect(before.filter((pid) => after.has(pid))).toEqual([]);
    expect(ofData(data)).toEqual([]);
  });

  test('the next start goes on with the same data and the same node', async () => {
    run = new Run(data, '--port', '0');
    url = await run.up();
    expect((await onlyNode(url)).id).toBe(nodeId);
    const { events } = EventList.parse(await getJson(`${url}/api/v1/events?limit=1000`));
    expect(events.filter((event) => event.reason === 'NodeEnrolled')).toHaveLength(1);
  });

  test('after a kill -9 the next start clears up what was left and goes on', async () => {
    process.kill(run.pid, 'SIGKILL');
    await run.ended();
    expect(ofData(data).length).toBeGreaterThan(0);
    run = new Run(data, '--port', '0');
    url = await run.up();
    expect(await onlyNode(url)).toMatchObject({ id: nodeId, state: expect.stringMatching(/^(ready|troubled)$/) });
    expect(ofData(data).filter(({ argv }) => argv.some((word) => word.includes('bramble-agent.mjs')))).toHaveLength(1);
  });

  test('a database of a newer release is refused, with the way out, and left as it is', async () => {
    process.kill(run.pid, 'SIGTERM');
    await run.ended();
    const file = path.join(data, 'bramble.db');
    const db = new Database(file);
    const version = db.pragma('user_version', { simple: true });
    db.pragma('user_version = 9999');
    db.close();
    run = new Run(data, '--port', '0');
    expect(await run.ended()).toBe(1);
    expect(run.err).toContain('9999');
    expect(run.err).toMatch(/newer controller/);
    const again = new Database(file);
    expect(again.pragma('user_version', { simple: true })).toBe(9999);
    again.pragma(`user_version = ${String(version)}`);
    again.close();
  });
});

/** As many as a test needs: both processes of the site have some. */
const PIS = 4;

describe('npm start with its demo site', () => {
  let data = '';
  let run: Run;
  let url = '';

  const demoNodes = async () => {
    const { nodes } = NodeList.parse(await getJson(`${url}/api/v1/nodes`));
    return nodes.filter(({ site }) => site === 'demo');
  };
  const idsByName = async () => Object.fromEntries((await demoNodes()).map(({ name, id }) => [name, id]));
  const start = async (...more: readonly string[]) => {
    run = new Run(data, '--port', '0', ...more);
    url = await run.up();
  };
  const stop = async () => {
    process.kill(run.pid, 'SIGINT');
    expect(await run.ended()).toBe(0);
    expect(ofData(data)).toEqual([]);
  };

  beforeAll(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'bramble-demo-'));
    await start('--demo-pis', String(PIS));
  });
  afterAll(async () => {
    await endAll();
    rmSync(data, { recursive: true, force: true });
  });

  test('when it is up every simulated Pi and their fileserver are connected, beside this machine', async () => {
    const nodes = await demoNodes();
    expect(nodes.map(({ name }) => name).sort()).toEqual(['demo-01', 'demo-02', 'demo-03', 'demo-04', 'demo-fs']);
    expect(nodes.every(({ liveness }) => liveness === 'fresh')).toBe(true);
    expect(new Set(nodes.map(({ model }) => model)).size).toBeGreaterThan(2);
    const { nodes: all } = NodeList.parse(await getJson(`${url}/api/v1/nodes`));
    expect(all).toHaveLength(PIS + 2);
    expect(run.err).toBe('');
  });

  test('commands work on them: a unit restarts, and a reboot takes the Pi away and brings it back', async () => {
    const restarted = await bramble(data, 'node', 'restart-unit', 'demo-02', EXAMPLE_UNIT);
    expect(restarted).toMatchObject({ status: 0, out: expect.stringContaining('succeeded') });
    const id = (await idsByName())['demo-03'] ?? '';
    const bootOf = async () => {
      const { facts } = NodeDetail.parse(await getJson(`${url}/api/v1/nodes/${id}`));
      return facts.find(({ fact }) => fact === 'boot_id_text')?.value;
    };
    const before = await bootOf();
    const asked = bramble(data, 'node', 'reboot', 'demo-03', '--confirm=demo-03');
    await until(async () => (await bootOf()) !== before);
    expect(before).toMatch(/^[0-9a-f-]{36}$/);
    expect(await asked).toMatchObject({ status: 0, out: expect.stringContaining('succeeded') });
  });

  test('a board that boots over the network is seen by the fileserver, stage by stage', async () => {
    const booted = await bramble(data, 'node', 'boot', 'demo-02');
    expect(booted).toMatchObject({ status: 0, out: expect.stringContaining('It is up') });
    for (const stage of ['dhcp-seen', 'bootcode-served', 'kernel-served', 'nfs-mounted', 'verified']) {
      expect(booted.out).toContain(stage);
    }
  });

  test('its array is whole or on the way there, and reboots are judged by it', async () => {
    const shown = await bramble(data, 'raid', 'show', 'demo-fs');
    expect(shown).toMatchObject({ status: 0, out: expect.stringContaining('raid1') });
    const replaced = await bramble(data, 'raid', 'replace', 'demo-fs', 'md0', 'sda', 'sdc', '--confirm=demo-fs');
    expect(replaced).toMatchObject({ status: 0, out: expect.stringContaining('recover runs') });
    const refused = await bramble(data, 'node', 'reboot', 'demo-fs', '--confirm=demo-fs');
    expect(refused).toMatchObject({ out: expect.stringContaining('a reboot now is not safe') });
    expect(refused.status).not.toBe(0);
  });

  test('the tokens that let them in are gone', () => {
    expect(readdirSync(path.join(data, 'demo')).filter((name) => name.includes('token'))).toEqual([]);
  });

  test('the next start goes on with the same nodes in the same boots', async () => {
    const before = await idsByName();
    await stop();
    await start('--demo-pis', String(PIS));
    expect(await idsByName()).toEqual(before);
    const { events } = EventList.parse(await getJson(`${url}/api/v1/events?limit=1000`));
    expect(events.filter(({ reason }) => reason === 'NodeEnrolled')).toHaveLength(PIS + 2);
    const rebooted = events.filter(({ reason, nodeName }) => reason === 'NodeRebooted' && nodeName !== 'demo-03');
    expect(rebooted).toEqual([]);
  });

  test('fewer Pis than before are not missed: those that went are out of service', async () => {
    await stop();
    await start('--demo-pis', '1');
    const states = (await demoNodes()).map(({ name, state }) => [name, state === 'revoked']).sort();
    expect(states).toEqual([
      ['demo-01', false],
      ['demo-02', true],
      ['demo-03', true],
      ['demo-04', true],
      ['demo-fs', false],
    ]);
  });
});

describe('npm start says what is wrong and ends with 1', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), 'bramble-refuse-'));
    folders.push(made);
    return made;
  };
  afterEach(async () => {
    await endAll();
    for (const made of folders.splice(0)) {
      expect(ofData(made)).toEqual([]);
      rmSync(made, { recursive: true, force: true });
    }
  });

  test('when the port of the page is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const run = new Run(folder(), '--port', String(port));
    expect(await run.ended()).toBe(1);
    expect(run.err).toContain(`127.0.0.1:${port} is in use`);
    expect(run.err).toMatch(/what to do/i);
    expect(run.out).toBe('');
    other.close();
  });

  test('when nothing can be written in the data folder', async () => {
    const file = path.join(folder(), 'a-file');
    writeFileSync(file, '');
    const run = new Run(path.join(file, 'data'), '--port', '0');
    expect(await run.ended()).toBe(1);
    expect(run.err).toContain('cannot write in the data directory');
  });

  test('when a key can be read by others', async () => {
    const data = folder();
    const first = new Run(data, '--port', '0');
    await first.up();
    process.kill(first.pid, 'SIGTERM');
    await first.ended();
    const key = filesBelow(path.join(data, 'pki')).find((file) => /key/.test(path.basename(file))) ?? '';
    chmodSync(key, 0o644);
    const run = new Run(data, '--port', '0');
    expect(await run.ended()).toBe(1);
    expect(run.err).toContain(key);
    expect(run.err).toContain('chmod');
  });

  test('when the options are wrong, with 2', async () => {
    const run = new Run(folder(), '--colour', 'green');
    expect(await run.ended()).toBe(2);
  });
});

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => path.join(dir, name));
}
