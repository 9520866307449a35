import { createHmac } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../proto/contract/secret.js';
import type { Alert } from '../usecases/alerts/ports.js';
import { Alertmanager } from './alertmanager.js';
import { Mail } from './mail.js';
import { openAlerts } from './open-alerts.js';
import { Webhook } from './webhook.js';

const NOW_MS = 1_800_000_000_000;
const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
const alert = (over: Partial<Alert> = {}): Alert => ({
  incident: '019a8f3e-0000-7000-8000-000000000007',
  cause: 'node:pi-7',
  site: 'cam',
  severity: 'warning',
  title: 'pi-7: its kernel or its NFS client hangs',
  text: 'agent pi-7: silent',
  members: ['pi-7'],
  startedAtMs: NOW_MS - 1_000,
  endedAtMs: undefined,
  link: 'https://bramble.example/#incident=7',
  ...over,
});

interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let dir = '';
let http: Server;
let tcp: TcpServer | undefined;
let status = 200;
let asked: Asked[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-alerts-'));
  [status, asked] = [200, []];
  http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ url: request.url ?? '', headers: request.headers, body });
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:9/' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await new Promise((resolve) => http.close(resolve));
  await new Promise((resolve) => (tcp === undefined ? resolve(undefined) : tcp.close(resolve)));
  tcp = undefined;
  await rm(dir, { recursive: true, force: true });
});

const url = (): string => `http://127.0.0.1:${portOf(http)}`;

function portOf(server: Server | TcpServer): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('Alertmanager hears labels that stay the same, and an end that is ahead until it is over', async () => {
  const alertmanager = new Alertmanager(`${url()}/`, new Secret('geheim'), clock);
  await alertmanager.send(alert());
  await alertmanager.send(alert({ endedAtMs: NOW_MS, text: 'It is healthy again.' }));
  const bodies = asked.map(({ body }) => (JSON.parse(body) as readonly Record<string, unknown>[])[0]);
  expect(asked.map((one) => one.url)).toEqual(['/api/v2/alerts', '/api/v2/alerts']);
  expect(asked[0]?.headers.authorization).toBe('Bearer geheim');
  expect(bodies[0]?.['labels']).toEqual(bodies[1]?.['labels']);
  expect(Date.parse(String(bodies[0]?.['endsAt']))).toBeGreaterThan(NOW_MS + 2 * alertmanager.repeatMs);
  expect(Date.parse(String(bodies[1]?.['endsAt']))).toBe(NOW_MS);
});

test('a webhook proves who sent it, and when', async () => {
  await new Webhook(`${url()}/hook`, new Secret('geheim'), clock).send(alert());
  const { headers = {}, body = '' }: Partial<Asked> = asked[0] ?? {};
  const [, atS = '', hex = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-bramble-signature'])) ?? [];
  expect(Number(atS)).toBe(NOW_MS / 1_000);
  expect(createHmac('sha256', 'geheim').update(`${atS}.${body}`).digest('hex')).toBe(hex);
  expect(JSON.parse(body)).toMatchObject({ event: 'incident.opened', cause: 'node:pi-7' });
  expect(body + JSON.stringify(headers)).not.toContain('geheim');
});

test.for([
  [400, 'invalid-argument'],
  [401, 'unavailable'],
  [429, 'unavailable'],
  [503, 'unavailable'],
  [302, 'unavailable'],
] as const)('an answer with status %i is %s: a body that is refused stays refused', async ([answer, code]) => {
  status = answer;
  const webhook = new Webhook(url(), new Secret('geheim'), clock);
  await expect(webhook.send(alert())).rejects.toMatchObject({ code });
});

/** Says yes to everything, as a mail server does, and keeps what it hears. */
async function mailServer(refusal: string | undefined): Promise<{ readonly port: number; readonly heard: string[] }> {
  const heard: string[] = [];
  const serve = (socket: Socket): void => {
    let inMessage = false;
    socket.on('error', () => undefined); // whoever calls may hang up
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 mail');
    createInterface({ input: socket }).on('line', (line) => {
      heard.push(line);
      if (inMessage) {
        if (line !== '.') return;
        inMessage = false;
        say(refusal ?? '250 taken');
      } else if (line.startsWith('EHLO')) say('250 mail');
      else if (line === 'DATA') {
        inMessage = true;
        say('354 go on');
      } else if (line === 'QUIT') socket.end('221 bye\r\n');
      else say('250 ok');
    });
  };
  const server = createTcpServer(serve);
  tcp = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: portOf(server), heard };
}

const terms = { host: '127.0.0.1', from: 'bramble@example.org', to: ['kim@example.org'], login: undefined } as const;

test('mail: the end answers the beginning, so that a reader finds both together', async () => {
  const { port, heard } = await mailServer(undefined);
  const mail = new Mail({ ...terms, port, security: 'none' });
  await mail.send(alert());
  await mail.send(alert({ endedAtMs: NOW_MS }));
  const ids = heard.filter((line) => line.startsWith('Message-ID: ')).map((line) => line.slice(12));
  expect(heard.filter((line) => line.startsWith('In-Reply-To: '))).toEqual([`In-Reply-To: ${ids[0]}`]);
  expect(heard.filter((line) => line.startsWith('Subject: '))).toEqual([
    'Subject: Warning: pi-7: its kernel or its NFS client hangs',
    'Subject: Closed: pi-7: its kernel or its NFS client hangs',
  ]);
});

test('mail: a server without TLS gets nothing when TLS is asked for', async () => {
  const { port, heard } = await mailServer(undefined);
  const mail = new Mail({ ...terms, port, security: 'starttls' });
  await expect(mail.send(alert())).rejects.toMatchObject({ code: 'unavailable' });
  expect(heard.some((line) => line.startsWith('MAIL FROM'))).toBe(false);
});

test.for([
  ['451 later', 'unavailable'],
  ['554 never', 'invalid-argument'],
] as const)('mail: "%s" is %s', async ([reply, code]) => {
  const { port } = await mailServer(reply);
  await expect(new Mail({ ...terms, port, security: 'none' }).send(alert())).rejects.toMatchObject({ code });
});

test('a secret that everybody can read is not used', async () => {
  const secretFile = join(dir, 'secret');
  await writeFile(secretFile, 'geheim\n', { mode: 0o644 });
  const config = { webhook: { url: url(), secretFile } };
  await expect(openAlerts(config, clock)).rejects.toMatchObject({ code: 'failed-precondition' });
  await chmod(secretFile, 0o640);
  const { channels } = await openAlerts(config, clock);
  expect(channels.map(({ name }) => name)).toEqual(['webhook']);
  await expect(openAlerts({ webhook: { url: url(), secretFile: join(dir, 'no') } }, clock)).rejects.toMatchObject({
    code: 'failed-precondition',
  });
});
