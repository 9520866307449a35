import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listeningOn, treeOf } from './processes.js';
import { TrustRig } from './trust-rig.js';

let rig: TrustRig;
let agent: ChildProcess | undefined;
beforeEach(async () => {
  rig = await TrustRig.start();
});
afterEach(async () => {
  if (agent?.exitCode === null && agent.signalCode === null) {
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
  await rig.stop();
});

/** Inodes of the sockets that a process has open. */
function sockets(pid: number): ReadonlySet<string> {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return ''; // closed in between
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** Lines of a table of sockets that belong to the process. */
function linesOf(pid: number, file: string, inodeColumn: number): readonly (readonly string[])[] {
  const own = sockets(pid);
  const lines = readFileSync(file, 'utf8').split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/)).filter((columns) => own.has(columns[inodeColumn] ?? ''));
}

test('T-60 an agent that reports listens nowhere: no TCP, no UDP, no Unix socket', async () => {
  const config = join(rig.dir, 'agent.yaml');
  const join_ = { controller: rig.enrol, pin: rig.authority.rootPin, token: await rig.token() };
  writeFileSync(config, JSON.stringify({ stateDir: join(rig.dir, 'agent'), join: join_, services: 'none' }), {
    mode: 0o600,
  });
  agent = spawn(process.execPath, [resolve('dist/bramble-agent.mjs'), 'run', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  agent.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await expect
    .poll(() => [rig.core.counters()['reports_total'] === 0, said], { timeout: 60_000 })
    .toEqual([false, expect.anything()]);
  const pid = agent.pid ?? 0;
  expect(sockets(pid).size).toBeGreaterThan(0);
  expect(listeningOn(treeOf(pid))).toEqual([]);
  expect([...linesOf(pid, '/proc/net/udp', 9), ...linesOf(pid, '/proc/net/udp6', 9)]).toEqual([]);
  // Flag 00010000: a socket that accepts connections (proc_net(5), /proc/net/unix).
  expect(linesOf(pid, '/proc/net/unix', 6).filter((columns) => columns[3] === '00010000')).toEqual([]);
});
