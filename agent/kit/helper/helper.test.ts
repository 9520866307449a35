import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeNodeExec } from '../host/node/exec.js';
import { makeHelperCall } from '../host/node/helper-socket.js';
import { makeHelperMachine, makeHelperServices } from './client.js';
import { LINE_LIMIT_BYTES } from './protocol.js';

/**
 * The helper as systemd runs it with Accept=yes: a process per connection, the socket as its standard input and output.
 * Only what it would do to the system is replaced: it writes that into a file.
 */
const PROGRAM = `
import { appendFileSync, readFileSync } from 'node:fs';
import { makeHelperConnection } from './agent/kit/host/node/helper-connection.js';
import { makeKernelFiles } from './agent/kit/host/node/kernel-files.js';
import { serveHelper } from './agent/kit/helper/serve.js';
const [peer, policyPath, donePath] = process.argv.slice(2);
const did = (what) => appendFileSync(donePath, what + '\\n');
process.exitCode = await serveHelper({
  peer, policyPath,
  connection: makeHelperConnection(process.stdin, process.stdout, new AbortController().signal),
  readPolicy: async () => readFileSync(policyPath, 'utf8'),
  kernel: makeKernelFiles(),
  configActuator: () => { throw new Error("not asked for"); },
  services: { state: () => { throw new Error('not asked for'); }, restart: async (unit) => did(unit), reboot: async () => did('reboot') },
  machine: {
    remount: async (mountPoint, access) => did('remount ' + mountPoint + ' ' + access),
    stepClock: async () => did('step'),
    blink: (forMs, gone) => new Promise((resolve) => {
      did('blink ' + forMs);
      gone.addEventListener('abort', () => { did('given back'); resolve(); });
    }),
    endBlink: async () => {},
    journal: async (source, lines) => (source.unit ?? source.kind) + ' ' + lines + ' ' + '\\u0007'.repeat(250_000),
  },
});
`;

let directory: string;
let server: Server;
let peer = '0-1-1000';
const children = new Set<ChildProcess>();
const path = (name: string): string => join(directory, name);
const { signal } = new AbortController();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bramble-helper-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: process.cwd() },
    outfile: path('helper.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  server = createServer({ pauseOnConnect: true }, (socket) => {
    const argv = [path('helper.mjs'), peer, path('policy'), path('done')];
    const child = spawn(process.execPath, argv, { stdio: [socket, socket, 'inherit'] });
    children.add(child);
    child.on('exit', () => {
      children.delete(child);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(path('socket'), resolve);
  });
});

afterAll(async () => {
  server.close();
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  peer = '0-1-1000';
  await writeFile(path('policy'), '{"user": 1000, "units": ["ssh.service"], "reboot": true}');
  await writeFile(path('done'), '');
});

const services = () => makeHelperServices(makeNodeExec(), makeHelperCall(path('socket')));
const machine = () => makeHelperMachine(makeHelperCall(path('socket')));
const done = async (): Promise<string[]> => (await readFile(path('done'), 'utf8')).split('\n').filter(Boolean);

/** What a raw client gets back for these bytes. */
function say(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path: path('socket') });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => {}); // cut off while we still write: what came before counts
    socket.on('close', () => {
      resolve(answer);
    });
    socket.write(bytes);
  });
}

test('a restart and a reboot that the policy allows are done, each by a process of its own', async () => {
  await services().restart('ssh.service', signal);
  await services().reboot(signal);
  expect(await done()).toEqual(['ssh.service', 'reboot']);
});

test('T-59 another user is refused, root is not', async () => {
  peer = '1-1-1001';
  await expect(services().restart('ssh.service', signal)).rejects.toMatchObject({ code: 'permission-denied' });
  peer = '1-unknown';
  await expect(services().reboot(signal)).rejects.toMatchObject({ code: 'permission-denied' });
  expect(await done()).toEqual([]);
  peer = '1-1-0';
  await services().reboot(signal);
  expect(await done()).toEqual(['reboot']);
});

test('T-59 a unit or a reboot that root did not allow is refused, whatever the agent allows', async () => {
  await writeFile(path('policy'), '{"user": 1000, "units": ["cron.service"]}');
  await expect(services().restart('ssh.service', signal)).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(services().reboot(signal)).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(services().restart('../cron.service', signal)).rejects.toMatchObject({ code: 'invalid-argument' });
  expect(await done()).toEqual([]);
});

test('T-59 oversize lines, unknown verbs and garbage are refused, and the helper serves the next caller', async () => {
  const long = `${JSON.stringify({ verb: 'restart-unit', unit: 'x'.repeat(LINE_LIMIT_BYTES) })}\n`;
  for (const bytes of [long, 'x'.repeat(600_000), '{"verb":"shell"}\n', Uint8Array.of(0xff, 0x00, 0x0a)]) {
    expect(JSON.parse(await say(bytes))).toMatchObject({ ok: false, code: 'invalid-argument' });
  }
  await services().reboot(signal);
  expect(await done()).toEqual(['reboot']);
});

const ALLOWED = {
  user: 1000,
  mounts: ['/boot/firmware'],
  stepClock: true,
  identify: true,
  journal: ['bramble-agent.service'],
  kernelLog: true,
};

test('what the policy allows of the machine is done, and a long journal arrives whole', async () => {
  await writeFile(path('policy'), JSON.stringify(ALLOWED));
  await machine().remount('/boot/firmware', 'read-only', signal);
  await machine().stepClock(signal);
  expect(await done()).toEqual(['remount /boot/firmware read-only', 'step']);
  const unit = { kind: 'unit', unit: 'bramble-agent.service' } as const;
  expect(await machine().journal(unit, 500, signal)).toBe(`bramble-agent.service 500 ${'\u0007'.repeat(250_000)}`);
  expect(await machine().journal({ kind: 'kernel' }, 20, signal)).toMatch(/^kernel 20 /);
});

test('T-59 nothing of the machine is touched that root did not allow', async () => {
  const refusedAll = async (): Promise<void> => {
    for (const ask of [
      () => machine().remount('/', 'read-write', signal),
      () => machine().stepClock(signal),
      () => machine().blink(5_000, signal),
      () => machine().journal({ kind: 'unit', unit: 'ssh.service' }, 10, signal),
      () => machine().journal({ kind: 'kernel' }, 10, signal),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'permission-denied' });
    }
    expect(await done()).toEqual([]);
  };
  await refusedAll(); // a policy of before these verbs
  await writeFile(
    path('policy'),
    JSON.stringify({ ...ALLOWED, mounts: ['/boot'], stepClock: false, identify: false, kernelLog: false }),
  );
  await refusedAll();
});

test('blinking ends, and the LED is given back, when the caller goes away', async () => {
  await writeFile(path('policy'), JSON.stringify(ALLOWED));
  const stop = new AbortController();
  const blinking = machine().blink(300_000, stop.signal);
  await expect.poll(done).toEqual(['blink 300000']);
  stop.abort();
  await expect(blinking).rejects.toMatchObject({ code: 'cancelled' });
  await expect.poll(done).toEqual(['blink 300000', 'given back']);
});

test('only the first line of a connection counts', async () => {
  expect(await say('{"verb":"reboot"}\n{"verb":"reboot"}\n')).toBe('{"ok":true}\n');
  expect(await done()).toEqual(['reboot']);
});

test('a policy that cannot be used allows nothing, and says why', async () => {
  await writeFile(path('policy'), '{');
  await expect(services().reboot(signal)).rejects.toMatchObject({ code: 'failed-precondition' });
  expect(await done()).toEqual([]);
});

test('a helper that is not there is unavailable, with what to do about it', async () => {
  const absent = makeHelperServices(makeNodeExec(), makeHelperCall(path('nobody')));
  await expect(absent.reboot(signal)).rejects.toMatchObject({
    code: 'unavailable',
    hint: expect.stringContaining('systemctl enable --now'),
  });
});

test('a helper that never answers ends at the limit, and at once when the caller gives up', async () => {
  const mute = createServer(() => {});
  await new Promise<void>((resolve) => {
    mute.listen(path('mute'), resolve);
  });
  const call = makeHelperCall(path('mute'));
  await expect(call('{}\n', { signal, timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline-exceeded' });
  const stop = new AbortController();
  const waiting = call('{}\n', { signal: stop.signal, timeoutMs: 60_000 });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  await expect(call('{}\n', { signal: stop.signal, timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'cancelled' });
  mute.close();
});
