import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EventList, Readiness } from '../../proto/contract/api/lists.js';
import { allProcesses, listeningOn, treeOf } from './processes.js';
import { bramble, EXAMPLE_UNIT, endAll, getJson, named, ofData, onlyNode, Run, until } from './quickstart-rig.js';

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
