import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';
import { NodeDetail } from '../../proto/contract/api/fleet.js';
import { NodeList } from '../../proto/contract/api/lists.js';
import { allProcesses, type ProcessInfo } from './processes.js';

const UP_MS_MAX = 60_000;
const POLL_MS = 50;
export const EXAMPLE_UNIT = 'bramble-example.service';

/** Every one that was started, so that a failed test leaves nothing running either. */
const runs: Run[] = [];

/** One `npm start` after its build; without the demo site unless the options ask for it. */
export class Run {
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

export async function endAll(): Promise<void> {
  for (const run of runs.splice(0)) {
    if (run.status === undefined) run.process.kill('SIGTERM');
    await run.ended();
  }
}

export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + UP_MS_MAX;
  while (!(await done())) {
    if (Date.now() > endsAt) throw new Error(`waited ${UP_MS_MAX} ms in vain`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function bramble(
  data: string,
  ...words: readonly string[]
): Promise<{ status: number; out: string; err: string }> {
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

export const getJson = async (url: string): Promise<unknown> =>
  (await fetch(url, { headers: { cookie: cookies.get(new URL(url).origin) ?? '' } })).json();

export async function onlyNode(url: string): Promise<NodeDetail> {
  const { nodes } = NodeList.parse(await getJson(`${url}/api/v1/nodes`));
  expect(nodes).toHaveLength(1);
  return NodeDetail.parse(await getJson(`${url}/api/v1/nodes/${nodes[0]?.id}`));
}

export const named = (processes: readonly ProcessInfo[], word: string) =>
  processes.find(({ argv }) => argv.some((argument) => argument.includes(word)));

export const ofData = (data: string) => allProcesses().filter(({ argv }) => argv.some((word) => word.startsWith(data)));

/** One data folder through a life: every test goes on where the one before it ended. */
