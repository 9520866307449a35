import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CommandView, NodeDetail } from '../../proto/contract/api/fleet.js';
import { Secret } from '../../proto/contract/secret.js';
import { startWebServer, type WebServer } from '../web/server.js';
import { NODE_1, NOW_MS, nodeDetail, tokenHeaders, webOptions } from '../web/testing/fixtures.js';
import type { CliHost } from './context.js';
import { type Outcome, runCommandLine } from './testing/host.js';

let dir = '';
let options: ReturnType<typeof webOptions>;
let server: WebServer;
let nowMs = 0;
const saved = new Map<string, string>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-cli-'));
  options = webOptions(join(dir, 'admin.sock'));
  server = await startWebServer(options);
  options.fleet.putNode(nodeDetail());
  nowMs = 0;
  saved.clear();
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

/** Runs one command line as a user would type it; time passes only by sleeping. */
function bramble(line: string, over: Partial<CliHost> = {}, signal?: AbortSignal): Promise<Outcome> {
  const host: Partial<CliHost> = {
    clock: { nowMs: () => NOW_MS, monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += ms;
    },
    readSecretFile: (path) => new Secret(readFileSync(path, 'utf8').trim()),
    askSecret: async () => new Secret('correct horse battery'),
    save: async (path, content) => {
      saved.set(path, Buffer.from(content).toString('hex'));
    },
    ...over,
  };
  return runCommandLine(line.split(' '), options.adminSocket, host, signal);
}

function commandView(state: CommandView['state'], over: Partial<CommandView> = {}): CommandView {
  return {
    id: '01890000-0000-7000-8000-000000000001',
    nodeId: NODE_1,
    action: { kind: 'restart-unit', unit: 'nginx.service' },
    state,
    detail: '',
    reason: '',
    actor: '',
    issuedAtMs: 0,
    validForMs: 60_000,
    updatedAtMs: NOW_MS,
    ...over,
  };
}

test('get nodes shows trouble first, the state as a word, and how long ago each was seen', async () => {
  const trouble = { id: 'n-0000000000002', name: 'pi-02', state: 'no-contact', why: 'silent since 5 min' } as const;
  options.fleet.putNode(nodeDetail({ ...trouble, lastSeenMs: NOW_MS - 300_000 }));
  const { code, out } = await bramble('get nodes');
  expect(code).toBe(0);
  expect(out).toBe(
    [
      'NAME   STATE       SITE  KIND  SEEN       WHY',
      'pi-02  no-contact  cam   pi    5 min ago  silent since 5 min',
      'pi-01  ready       cam   pi    4 s ago    reports arrive and nothing is wrong',
      '',
    ].join('\n'),
  );
});

test('-o chooses the format, before or after the verb', async () => {
  expect(JSON.parse((await bramble('get nodes -o json')).out)).toMatchObject({ nodes: [{ id: NODE_1 }] });
  expect(parse((await bramble('-o yaml get nodes')).out)).toMatchObject({ nodes: [{ id: NODE_1, site: 'cam' }] });
  expect((await bramble('get nodes -o name')).out).toBe('node/pi-01\n');
  expect((await bramble('get nodes -o wide')).out).toContain('Raspberry Pi 3 Model B Rev 1.2');
});

test('an empty fleet says what to do next, and nothing in json', async () => {
  options.fleet.detailById.clear();
  expect((await bramble('get nodes')).out).toContain('bramble token create');
  expect(JSON.parse((await bramble('get nodes -o json')).out)).toEqual({ nodes: [] });
});

test('text of a node cannot move the cursor or hide other text, whatever the format', async () => {
  const name = 'pi\u001b[2J\u202e\u0007';
  options.fleet.putNode(nodeDetail({ name, why: 'line\nbreak' }));
  for (const line of [
    'get nodes',
    'get nodes -o name',
    'get nodes -o json',
    'get nodes -o yaml',
    `describe node ${NODE_1}`,
  ]) {
    const { code, out } = await bramble(line);
    expect(code, line).toBe(0);
    expect(out.replaceAll('\n', ''), line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
  }
  expect(parse((await bramble('get nodes -o yaml')).out)).toMatchObject({ nodes: [{ name }] });
  expect(JSON.parse((await bramble('get nodes -o json')).out)).toMatchObject({ nodes: [{ name }] });
});

test('colour needs a terminal that wants it; without one nothing is cut either', async () => {
  const long = 'w'.repeat(150);
  options.fleet.putNode(nodeDetail({ why: long }));
  const onTerminal = { widthColumns: 60 };
  expect((await bramble('get nodes', onTerminal)).out).toContain('\u001b[32mready');
  const env = { BRAMBLE_SOCKET: options.adminSocket };
  for (const quiet of [
    { ...onTerminal, env: { ...env, NO_COLOR: '1' } },
    { ...onTerminal, env: { ...env, TERM: 'dumb' } },
  ]) {
    expect((await bramble('get nodes', quiet)).out).not.toContain('\u001b');
  }
  expect((await bramble('get nodes --no-color', onTerminal)).out).not.toContain('\u001b');
  expect((await bramble('get nodes', { ...onTerminal, env: { ...env, NO_COLOR: '1' } })).out).toContain('…');
  expect((await bramble('get nodes')).out).toContain(long);
});

test('describe node tells the state, what is wrong, what to do, facts and events', async () => {
  options.fleet.addEvent({ atMs: NOW_MS, nodeId: NODE_1, severity: 'info', reason: 'NodeEnrolled', message: 'joined' });
  options.fleet.putNode(
    nodeDetail({
      state: 'troubled',
      conditions: [
        {
          type: 'DiskSpaceLow',
          instance: '/',
          status: 'true',
          severity: 'warning',
          message: '6 % free',
          remedy: 'delete what is not needed',
          sinceMs: NOW_MS - 60_000,
        },
      ],
    }),
  );
  const { out } = await bramble('describe node pi-01');
  for (const part of [
    'DiskSpaceLow (/) since 1 min ago: 6 % free',
    '-> delete what',
    'memory_total_bytes',
    'NodeEnrolled',
  ]) {
    expect(out).toContain(part);
  }
});

test('describe node tells a failing card with its cause and what to do about each', async () => {
  const since = { status: 'true', sinceMs: NOW_MS - 60_000 } as const;
  const saturated = {
    ...since,
    type: 'StorageSaturated',
    instance: 'mmcblk0',
    severity: 'warning',
    message: 'mmcblk0 was given more to write than it can take',
    remedy: 'Find who writes.',
  } as const;
  const failing = {
    ...since,
    type: 'CardFailing',
    instance: '',
    severity: 'error',
    message: `3 lines of the kernel’s log within 1 h; likely because ${saturated.message}`,
    remedy: 'Mend that first.',
  } as const;
  options.fleet.putNode(nodeDetail({ state: 'troubled', conditions: [saturated, failing] }));
  const { out } = await bramble('describe node pi-01');
  expect(out).toContain(
    [
      '  warning StorageSaturated (mmcblk0) since 1 min ago: mmcblk0 was given more to write than it can take',
      '    -> Find who writes.',
      '  error CardFailing since 1 min ago: 3 lines of the kernel’s log within 1 h; likely because mmcblk0 was given more to ' +
        'write than it can take',
      '    -> Mend that first.',
    ].join('\n'),
  );
});

test.for<[string, string, number, string]>([
  ['a node that is not there', 'describe node pi-99', 3, 'there is pi-01'],
  ['a wrong word', 'get fish', 2, 'unknown command'],
  ['a wrong format', 'get nodes -o xml', 2, 'Allowed choices'],
  ['a missing option', 'token create --kind pi', 2, '--site'],
  ['a duration that is none', 'token create --site a --kind pi --ttl 5', 2, 'duration'],
  ['a wrong state', 'node thaw pi-01 --reason x', 5, 'is not frozen'],
  ['a severe verb without confirmation', 'node reboot pi-01', 6, '--confirm=pi-01'],
  [
    'a severe verb confirmed with another name',
    'node revoke pi-01 --reason x --confirm=pi-02',
    6,
    'names another than pi-01',
  ],
  ['a fingerprint that is too short', 'enrol approve abc', 2, '8 hex digits'],
  ['a controller that is not there', '--socket /nonexistent/admin.sock get nodes', 1, 'no controller answers'],
  ['an address that is none', '--server nowhere get nodes', 2, 'is not an address'],
])('%s ends with its exit code, a way out on stderr, and an empty stdout', async ([, line, code, part]) => {
  const outcome = await bramble(line);
  expect(outcome).toMatchObject({ code, out: '' });
  expect(outcome.err).toContain(part);
  expect(options.fleet.calls).toEqual([]);
});

test('with -o json a failure is the error envelope on stderr', async () => {
  const { code, out, err } = await bramble('node thaw pi-01 --reason x -o json');
  expect([code, out]).toEqual([5, '']);
  expect(JSON.parse(err)).toMatchObject({
    code: 'failed-precondition',
    hint: 'nothing to do',
    requestId: expect.any(String),
  });
});

test('changes are recorded under the name of who made them', async () => {
  await bramble('node revoke pi-01 --reason stolen --confirm=pi-01');
  const created = await bramble('token create --site cam --kind pi --ttl 2h --pre-approved');
  expect(options.fleet.calls).toEqual([`revoke ${NODE_1} admin:kim`, 'token cam admin:kim']);
  expect(created.out).toContain('bt1_abcdefgh_secret_crc');
  expect(created.out).toContain(`pin: ${'ab'.repeat(32)}`);
});

test.for<[CommandView['state'], number, string]>([
  ['succeeded', 0, 'pi-01: restart nginx.service succeeded (restarted)'],
  ['failed', 1, 'failed'],
  ['rejected', 6, 'rejected (not-allowed: restarted)'],
  ['lapsed', 7, 'lapsed'],
  ['unknown', 7, 'Not settled in time: bramble command get 01890000'],
])('a command that ends as %s gives exit code %i', async ([state, code, part]) => {
  const states: CommandView['state'][] = ['dispatched', 'accepted', 'started'];
  const rejection = state === 'rejected' ? { rejection: 'not-allowed' } : {};
  options.fleet.command = async () => commandView(states.shift() ?? state, { detail: 'restarted', ...rejection });
  const outcome = await bramble('node restart-unit pi-01 nginx.service --timeout 30s');
  expect(outcome).toMatchObject({ code, out: expect.stringContaining(part) });
});

test('--no-wait returns at once with the id to ask for later', async () => {
  const { code, out } = await bramble('node reboot pi-01 --confirm=pi-01 --no-wait');
  expect([code, nowMs]).toEqual([0, 0]);
  expect(out).toContain('bramble command get 01890000-0000-7000-8000-000000000001');
});

test.for<[string, CommandView['action']]>([
  ['remount pi-01 /boot/firmware', { kind: 'remount', mountPoint: '/boot/firmware', access: 'read-write' }],
  ['remount pi-01 / --read-only', { kind: 'remount', mountPoint: '/', access: 'read-only' }],
  ['step-clock pi-01', { kind: 'step-clock' }],
  ['identify pi-01', { kind: 'identify', forMs: 30_000 }],
  ['identify pi-01 --for 2m', { kind: 'identify', forMs: 120_000 }],
])('node %s orders what it says, with its reason', async ([words, action]) => {
  const asked: unknown[] = [];
  options.fleet.issueCommand = async (_id, create) => {
    asked.push(create);
    return commandView('succeeded', { action: create.action, detail: 'done' });
  };
  const { code, out } = await bramble(`node ${words} --reason look`);
  expect([code, asked]).toMatchObject([0, [{ action, reason: 'look' }]]);
  expect(out).toContain('succeeded (done)');
});

test.for(['4s', '301s', '1'])('identify --for %s is no time that an LED blinks for', async (time) => {
  expect(await bramble(`node identify pi-01 --for ${time}`)).toMatchObject({ code: 2, out: '' });
  expect(options.fleet.calls).toEqual([]);
});

test.for<[string, string]>([
  ['node diagnostics pi-01 -o bundle.tar.gz', 'bundle.tar.gz'],
  ['node diagnostics pi-01 --output=bundle.tar.gz', 'bundle.tar.gz'],
  ['-o json node diagnostics pi-01 -o bundle.tar.gz', 'bundle.tar.gz'],
  ['node diagnostics pi-01', 'pi-01-diagnostics-20261120T120000Z.tar.gz'],
])('%s waits for the bundle and saves it', async ([line, file]) => {
  const action = { kind: 'diagnose' } as const;
  const states: CommandView['state'][] = ['dispatched', 'started', 'started'];
  options.fleet.command = async () => commandView(states.shift() ?? 'succeeded', { action });
  const { code, out } = await bramble(line);
  expect([code, Object.fromEntries(saved)]).toEqual([0, { [file]: '1f8b0800' }]);
  if (line.startsWith('-o json')) expect(JSON.parse(out)).toMatchObject({ state: 'succeeded', action });
  else expect(out).toContain(`Saved ${file}`);
});

test('diagnostics that failed save nothing, and a file that is there stops everything before it begins', async () => {
  options.fleet.command = async () => commandView('failed', { action: { kind: 'diagnose' }, detail: 'no bundle' });
  expect(await bramble('node diagnostics pi-01')).toMatchObject({ code: 1 });
  options.fleet.calls.length = 0;
  const there = await bramble('node diagnostics pi-01 -o x', { exists: () => true });
  expect(there).toMatchObject({ code: 5, out: '', err: expect.stringContaining('x is there already') });
  expect([options.fleet.calls, saved.size]).toEqual([[], 0]);
});

test('a bundle that is no longer kept is told as that', async () => {
  options.fleet.command = async () => commandView('succeeded', { action: { kind: 'diagnose' } });
  options.uploads.find = async () => undefined;
  const { code, err } = await bramble('node diagnostics pi-01');
  expect([code, err]).toEqual([3, expect.stringContaining('no longer kept')]);
});

test('events are told oldest first, and -w goes on until interrupted without leaving one out', async () => {
  const add = (message: string) =>
    options.fleet.addEvent({
      atMs: NOW_MS,
      nodeId: NODE_1,
      nodeName: 'pi-01',
      severity: 'info',
      reason: 'Test',
      message,
    });
  add('one');
  add('two');
  expect((await bramble('events')).out).toMatch(/one\n.*two\n$/);
  const interrupt = new AbortController();
  let seen = '';
  const watching = bramble(
    'events -w -o json',
    {
      out: (text) => {
        seen += text;
        if (text.includes('"two"')) setImmediate(() => add('three'));
        if (text.includes('"three"')) interrupt.abort();
      },
    },
    interrupt.signal,
  );
  expect((await watching).code).toBe(130);
  const lines = seen.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['one', 'two', 'three']);
});

test('--help and --version end well', async () => {
  expect(await bramble('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage: bramble') });
  expect(await bramble('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

const wanting = (text: string): Partial<CliHost> => ({ readText: async () => text });

test('node config diff says in words what a file would change, and in its exit code', async () => {
  const { code, out } = await bramble('node config diff pi-01 -f -', wanting('hostname: pi-7\nntpServers: [a]\n'));
  expect([code, out]).toEqual([9, 'hostname: managed from now on, pi-7\nntp servers: managed from now on, a\n']);
  expect(await bramble('node config diff pi-01 -f -', wanting('{}'))).toMatchObject({
    code: 0,
    out: 'no difference\n',
  });
  const bad = await bramble('node config diff pi-01 -f x.yaml', wanting('hostname: Pi_7\ntimezone: UTC\n'));
  expect(bad.code).toBe(2);
  expect(bad.err).toContain('unknown part "timezone"');
  expect(bad.err).toContain('hostname "Pi_7"');
});

test('node config set --dry-run changes nothing', async () => {
  const { code, out } = await bramble('node config set pi-01 -f - --dry-run', wanting('hostname: pi-7\n'));
  expect([code, out, options.fleet.calls]).toEqual([0, 'hostname: managed from now on, pi-7\n', []]);
});

test.for<[string, Partial<NodeDetail>, number, string]>([
  ['reached', { desiredRevisionReached: 1 }, 0, 'pi-01 has reached revision 1'],
  [
    'taken back',
    { connectedSinceMs: 1, desiredTry: { revision: 1, outcome: 'undone', detail: 'no contact' } },
    1,
    'pi-01 has taken back revision 1: no contact',
  ],
  ['refused', { desiredTry: { revision: 1, outcome: 'refused', detail: 'no' } }, 1, 'pi-01 has refused revision 1: no'],
  ['on its way to a node that is away', {}, 0, 'pi-01 is not connected'],
  ['never heard of again', { connectedSinceMs: 1 }, 7, 'no word from pi-01'],
])('node config set follows a config that is %s', async ([, over, code, words]) => {
  options.fleet.putNode(nodeDetail(over));
  const outcome = await bramble('node config set pi-01 -f - --reason tidy', wanting('hostname: pi-7\n'));
  expect([outcome.code, options.fleet.calls]).toEqual([code, [`config ${NODE_1} 1 admin:kim`]]);
  expect(outcome.out).toContain(words);
});

test('node config get, history and rollback show what counted when, and go back to it', async () => {
  await bramble('node config set pi-01 -f - --no-wait --reason first', wanting('hostname: pi-7\n'));
  await bramble('node config set pi-01 -f - --no-wait --reason second', wanting('hostname: pi-8\n'));
  expect((await bramble('node config get pi-01')).out).toBe('# revision 2 by admin:kim: second\nhostname: "pi-8"\n');
  const history = (await bramble('node config history pi-01')).out;
  expect(history).toContain('second  hostname: pi-7 -> pi-8');
  expect(history).toContain('hostname: managed from now on, pi-7');
  const back = await bramble('node config rollback pi-01 --no-wait');
  expect([back.code, back.out]).toEqual([0, 'hostname: pi-8 -> pi-7\n']);
  expect((await bramble('node config get pi-01 -o json')).out).toContain('"hostname": "pi-7"');
  expect((await bramble('node config rollback pi-01 --to 9')).code).toBe(3);
});

test('users and API tokens are made, listed and ended; a password is never an argument', async () => {
  const asked: string[] = [];
  const askSecret = async (question: string) => {
    asked.push(question);
    return new Secret('correct horse battery');
  };
  const added = await bramble('user add kim --grant operator@cam --grant viewer', { askSecret });
  expect([added.code, added.out]).toEqual([0, expect.stringMatching(/kim +enabled +operator@cam viewer/)]);
  expect(asked).toEqual(['Password for kim: ']);
  expect((await bramble('user passwd kim', { askSecret })).code).toBe(0);
  const lines = ['correct horse battery', 'staple of another sort'];
  const own = await bramble('user passwd kim --own', { askSecret: async () => new Secret(lines.shift() ?? '') });
  expect([own.code, own.err, own.out]).toEqual([0, 'changed; 0 sessions of the page ended\n', '']);
  expect((await bramble('user passwd kim --own', { askSecret })).code).toBe(4);
  expect((await bramble('user disable kim')).out).toContain('disabled');
  expect((await bramble('user list -o name')).out).toBe('user/kim\n');
  expect((await bramble('user grant nobody --grant viewer')).code).toBe(3);
  const wrong = await bramble('user add lee --grant root');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('root is not a role')]);

  const made = await bramble('api-token create --label ci --grant viewer');
  const id = /^Id +(\w{8})$/m.exec(made.out)?.[1] ?? '';
  expect([made.code, made.out]).toEqual([0, expect.stringMatching(/brm_[a-z2-7_]{49}/)]);
  expect((await bramble(`api-token revoke ${id} --confirm=${id}`)).out).toContain('revoked');
  expect((await bramble('api-token list')).out).not.toContain('brm_');
});

test('an API token in a file opens the page’s address, and without one it says what to do', async () => {
  const { authorization } = await tokenHeaders(options, 'viewer');
  const file = join(dir, 'token');
  await writeFile(file, `${authorization.replace('Bearer ', '')}\n`, { mode: 0o600 });
  const at = `--server ${server.url}`;
  expect((await bramble(`${at} --token-file ${file} get nodes -o name`)).out).toBe('node/pi-01\n');
  expect((await bramble(`${at} get nodes`, { env: { BRAMBLE_TOKEN_FILE: file } })).code).toBe(0);
  const stranger = await bramble(`${at} get nodes`);
  expect([stranger.code, stranger.out, stranger.err]).toEqual([4, '', expect.stringContaining('send an API token')]);
  const order = await bramble(`${at} --token-file ${file} node restart-unit pi-01 x.service`);
  expect([order.code, order.err]).toEqual([4, expect.stringContaining('may not order nodes to do something')]);
});

test('a login link is the page’s address with a code that opens it', async () => {
  const { code, out } = await bramble(`login-link --page ${server.url}`);
  const link = new RegExp(`^${server.url}/login\\.html#([a-z2-7]{32})\\n$`).exec(out);
  expect([code, link === null]).toEqual([0, false]);
  const from = { address: '127.0.0.1', source: 'page', requestId: 'r' };
  await options.access.sessions.loginByLink(new Secret(link?.[1] ?? ''), from);
});

test('the audit log is listed and verified; what is wrong with it is said, and the exit code too', async () => {
  await bramble('user add kim --grant viewer');
  const listed = await bramble('audit list --action user.create');
  expect([listed.code, listed.out]).toEqual([
    0,
    expect.stringMatching(/admin:kim +socket +user\.create +user:kim +done/),
  ]);
  const whole = await bramble('audit verify');
  expect([whole.code, whole.out]).toEqual([0, expect.stringContaining('The log is as it was written: 2 records')]);
  const faults = [
    { sequence: 7, kind: 'edited' as const, message: 'it is not what was written', rememberedBy: 'pi-01' },
  ];
  const verdict = {
    intact: false,
    recordsCount: 9,
    head: { sequence: 9, hash: 'ab'.repeat(32) },
    agentsAsked: 1,
    faults,
  };
  const bad = await bramble('audit verify', {
    connect: () => ({
      download: async () => ({ status: 200, content: new Uint8Array() }),
      request: async () => ({ status: 200, text: JSON.stringify(verdict) }),
      stream: async function* () {},
    }),
  });
  expect([bad.code, bad.out]).toEqual([
    9,
    expect.stringContaining('record 7: edited: it is not what was written (remembered by pi-01)'),
  ]);
});
