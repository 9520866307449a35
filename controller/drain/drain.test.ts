import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { DrainCall } from '../usecases/provisioning/ports.js';
import { commandDrain } from './command.js';
import { makeDrain } from './make-drain.js';

const CALL: DrainCall = { id: 's-1-drain', phase: 'drain', node: 'pi-1', site: 'lab', kind: 'reimage', reason: 'news' };
const SECRET = 'a secret of many characters';
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function listener(status: number): Promise<{ readonly url: string; readonly heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      heard.push({ headers: request.headers, body });
      response.writeHead(status).end('2 jobs moved');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(() => new Promise((closed) => server.close(closed)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  return { url: `http://127.0.0.1:${address.port}/drain`, heard };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'drain-'));
  closers.push(() => rm(path, { recursive: true }));
  return path;
}

async function webhook(url: string) {
  const secretFile = join(await folder(), 'secret');
  await writeFile(secretFile, `${SECRET}\n`);
  const hook = await makeDrain({ kind: 'webhook', url, secretFile, timeoutMs: 5_000 }, () => 1_700_000_000_999);
  if (hook === undefined) throw new Error('there is a hook');
  return hook;
}

test('a call is signed over its time and its body, and says that it is the same call when it comes again', async () => {
  const { url, heard } = await listener(200);
  expect(await (await webhook(url))(CALL)).toBe('2 jobs moved');
  const [call] = heard;
  const signature = createHmac('sha256', SECRET).update(`1700000000.${call?.body}`).digest('hex');
  expect(call?.headers['x-bramble-signature']).toBe(`t=1700000000,v1=${signature}`);
  expect(call?.headers['idempotency-key']).toBe('s-1-drain');
  expect(JSON.parse(call?.body ?? '')).toMatchObject({ phase: 'drain', node: 'pi-1' });
});

test('whoever says no is told of with what they said', async () => {
  const { url } = await listener(409);
  await expect((await webhook(url))(CALL)).rejects.toThrow('409: 2 jobs moved');
});

test('a program gets what it needs as arguments that no shell reads', async () => {
  const hook = commandDrain({ command: ['/bin/echo', '$HOME; rm'], timeoutMs: 5_000 });
  expect(await hook(CALL)).toBe('$HOME; rm drain pi-1 lab reimage s-1-drain');
});

test('a program that fails keeps the node as it is', async () => {
  await expect(commandDrain({ command: ['/bin/false'], timeoutMs: 5_000 })(CALL)).rejects.toThrow('said no');
});

test('a secret that anybody could guess is none', async () => {
  const secretFile = join(await folder(), 'secret');
  await writeFile(secretFile, 'hunter2');
  const settings = { kind: 'webhook', url: 'http://127.0.0.1:1/', secretFile, timeoutMs: 1_000 } as const;
  await expect(makeDrain(settings, () => 0)).rejects.toMatchObject({ code: 'failed-precondition' });
});
