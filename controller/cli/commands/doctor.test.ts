import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { NETWORK_PROBE } from '../doctor/network-probe.js';
import { CliBench } from '../testing/bench.js';
import { runCommandLine } from '../testing/host.js';

let bench: CliBench;

beforeEach(async () => {
  bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-doctor-')));
});
afterEach(() => bench.close());

test('of a healthy controller every check is ok, one line each', async () => {
  const { code, out } = await bench.run(['doctor']);
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/\n\d+ checks: \d+ ok\n$/) });
  for (const check of ['controller', 'local-clock', 'store', 'space', 'open-files', 'backup', 'link-reachable']) {
    expect(out).toMatch(new RegExp(`^ok +${check} `, 'm'));
  }
});

test('json and yaml have the same findings, and name has only what is not ok', async () => {
  const json: unknown = JSON.parse((await bench.run(['doctor', '-o', 'json'])).out);
  expect(json).toMatchObject({ findings: expect.arrayContaining([expect.objectContaining({ check: 'store' })]) });
  const withoutTime = (text: string): string => text.replaceAll(/within \d+ ms/g, 'within n ms');
  const yaml = await bench.run(['doctor', '-o', 'yaml']);
  expect(parse(withoutTime(yaml.out))).toEqual(JSON.parse(withoutTime(JSON.stringify(json))));
  expect(await bench.run(['doctor', '-o', 'name'])).toMatchObject({ code: 0, out: '' });
});

test('without a controller it says what is wrong and what to do, and nothing that it cannot know', async () => {
  const socket = join(tmpdir(), 'bramble-nobody', 'admin.sock');
  const { code, out, err } = await runCommandLine(['doctor'], socket, {
    exists: (path) => path === join(tmpdir(), 'bramble-nobody', 'restore-unfinished'),
  });
  expect({ code, err }).toEqual({ code: 9, err: '' });
  expect(out).toMatch(/^fail +controller +there is no socket/m);
  expect(out).toMatch(/^fail +restore /m);
  expect(out).toContain('systemctl status bramble-controller');
  expect(out).not.toContain('local-clock');
});

test('a context that is not there is a finding, not a crash', async () => {
  const { code, out } = await bench.run(['doctor', '--context', 'nowhere'], { env: {} });
  expect({ code, out }).toMatchObject({ code: 9, out: expect.stringMatching(/^fail +address +there is no context/) });
});

test('a program that is no controller, or refuses the token, is told apart from one that is away', async () => {
  const env = { BRAMBLE_SERVER: bench.server.url };
  const { code, out } = await bench.run(['doctor'], { env, probe: NETWORK_PROBE });
  expect(code).toBe(9);
  expect(out).toMatch(/^ok +port /m);
  expect(out).toMatch(/^ok +controller /m);
  expect(out).toMatch(/^fail +rights +nobody has signed in/m);
});

test('over the network a closed port and a port that speaks no TLS are seen', async () => {
  const silent = await listen();
  const { port } = silent.address() as { port: number }; // of a TCP listener
  const secure = await bench.run(['doctor', '--server', `https://127.0.0.1:${port}`], {
    env: {},
    probe: NETWORK_PROBE,
  });
  expect(secure.out).toMatch(/^fail +page-certificate +no TLS/m);
  await new Promise((resolve) => silent.close(resolve));
  const closed = await bench.run(['doctor', '--server', `http://127.0.0.1:${port}`], { env: {}, probe: NETWORK_PROBE });
  expect(closed).toMatchObject({ code: 9, out: expect.stringMatching(/^fail +port +nothing listens/m) });
});

/** Takes connections and ends them at once. */
function listen(): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
