import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

/** The built command against the built controller, the way operators use them beyond one machine. */

const UP_MS_MAX = 60_000;

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

let dir = '';
let data = '';
let running: ChildProcess | undefined;

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'bramble-operator-'));
  data = path.join(dir, 'data');
});
afterEach(() => stop());
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const inDir = (name: string): string => path.join(dir, name);

function run(...words: readonly string[]): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: dir };
  return new Promise((resolve) => {
    execFile(process.execPath, [path.resolve('dist/bramble.mjs'), ...words], { env, cwd: dir }, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const locally = (...words: readonly string[]) => run('--socket', path.join(data, 'admin.sock'), ...words);

/** Starts the controller, and says where its page is; what it said when it would not start is the error. */
async function start(config: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const file = inDir('controller.yaml');
  const loopback = { host: '127.0.0.1', port: 0 };
  writeFileSync(file, JSON.stringify({ dataDir: data, http: loopback, link: loopback, enrol: loopback, ...config }));
  const controller = spawn(process.execPath, [path.resolve('dist/bramble-controller.mjs'), '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = controller;
  let said = '';
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not up in ${UP_MS_MAX} ms: ${said}`)), UP_MS_MAX);
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const url = /"ready":true,"http":"([^"]+)"/.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(late);
      resolve(url);
    };
    controller.stdout.on('data', hear);
    controller.stderr.on('data', hear);
    controller.once('close', () => {
      clearTimeout(late);
      reject(new Error(said));
    });
  });
}

async function stop(): Promise<void> {
  const controller = running;
  running = undefined;
  if (controller === undefined || controller.exitCode !== null) return;
  const ended = new Promise((resolve) => controller.once('close', resolve));
  controller.kill('SIGTERM');
  await ended;
}

/** An authority of the operator's own, and a certificate of it for "localhost". */
function makeCertificates(): void {
  const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { cwd: dir, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '30', '-subj', '/CN=Own', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'page.key', '-out', 'page.csr');
  writeFileSync(inDir('names'), 'subjectAltName=DNS:localhost');
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'page.csr', ...by, '-days', '10', '-out', 'page.pem');
}

describe('over TLS, with an authority of one’s own', () => {
  const { missing } = inject('debian');
  const tls = () => ({
    http: {
      ...{ host: '127.0.0.1', port: 0, names: ['localhost'] },
      tls: { certificate: inDir('page.pem'), key: inDir('page.key') },
    },
  });

  test('--ca is believed, nothing else is, and the doctor says which it was', async (context) => {
    if (missing['openssl'] !== undefined) return context.skip(missing['openssl']);
    makeCertificates();
    const { port } = new URL(await start(tls()));
    const made = await locally('api-token', 'create', '--label', 'test', '--grant', 'fleet-admin', '-o', 'json');
    const { token } = JSON.parse(made.out) as { token: string };
    writeFileSync(inDir('token'), token, { mode: 0o600 });
    const at = (name: string, ...words: readonly string[]) =>
      run('--server', `https://${name}:${port}`, '--token-file', inDir('token'), ...words);

    expect(await at('localhost', '--ca', inDir('ca.pem'), 'get', 'nodes', '-o', 'json')).toEqual({
      ...{ status: 0, out: '{\n  "nodes": []\n}\n', err: '' },
    });
    const stranger = await at('localhost', 'get', 'nodes');
    expect(stranger).toMatchObject({ status: 1, out: '' });
    expect(stranger.err).toMatch(/is not trusted: .*--ca FILE/s);
    const another = await at('127.0.0.1', '--ca', inDir('ca.pem'), 'get', 'nodes');
    expect(another).toMatchObject({ status: 1, out: '', err: expect.stringContaining('is not trusted') });

    const well = await at('localhost', '--ca', inDir('ca.pem'), 'doctor');
    expect(well.out).toMatch(/^ok +dns +localhost is /m);
    // Ten days are left of it, which is little.
    expect(well.out).toMatch(/^warn +page-certificate +it is trusted, and good for 9 d/m);
    expect(well.out).toMatch(/^warn +certificates +the certificate “page” ends in 9 d/m);
    expect(well.out).toMatch(/^ok +store /m);
    expect(well.status).toBe(0);
    const ill = await at('localhost', 'doctor');
    expect(ill).toMatchObject({ status: 9, out: expect.stringMatching(/^fail +page-certificate +it is not trusted/m) });
  });
});

describe('a restore that was cut off', () => {
  test('is refused by the controller, named by the doctor, and ended by restoring again', async () => {
    await start();
    expect((await locally('site', 'create', 'barn')).status).toBe(0);
    const backup = inDir('backup');
    expect((await locally('backup', backup)).status).toBe(0);
    await stop();

    // As a power cut leaves it: what was there is moved aside, and what comes instead is not there yet.
    writeFileSync(path.join(data, 'restore-unfinished'), '');
    mkdirSync(path.join(data, 'replaced-20261120T120000000Z'));
    renameSync(path.join(data, 'bramble.db'), path.join(data, 'replaced-20261120T120000000Z', 'bramble.db'));

    await expect(start()).rejects.toThrow(/a restore into .* was cut off.*run bramble restore again/s);
    expect(existsSync(path.join(data, 'bramble.db'))).toBe(false);
    const examined = await locally('doctor');
    expect(examined).toMatchObject({ status: 9, out: expect.stringMatching(/^fail +restore .*was cut off/m) });

    const restored = await run('restore', backup, '--data', data, '--confirm', data);
    expect(restored).toMatchObject({ status: 0, out: expect.stringContaining('bramble promote') });
    await start();
    expect((await locally('get', 'sites', '-o', 'name')).out).toBe('site/barn\n');
  });
});
