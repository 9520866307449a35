import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

const UP_MS_MAX = 60_000;

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** One invocation of the command line. @param dir where the controller has its folder "data", and files are named from */
export function runCli(dir: string, words: readonly string[]): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], HOME: dir };
  const argv = [path.resolve('dist/bramble.mjs'), '--socket', path.join(dir, 'data/admin.sock'), ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { env, cwd: dir, maxBuffer: 1e8 }, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** The built programs in a folder of their own: a controller, and the agent of a fileserver that has enrolled with it. */
export class ImageSite {
  readonly dir: string;
  readonly #running: ChildProcess[] = [];

  constructor() {
    this.dir = mkdtempSync(path.join(tmpdir(), 'bramble-images-'));
  }

  at(name: string): string {
    return path.join(this.dir, name);
  }

  async close(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  run(...words: readonly string[]): Promise<Outcome> {
    return runCli(this.dir, words);
  }

  async ok(...words: readonly string[]): Promise<string> {
    const { status, out, err } = await this.run(...words);
    expect({ status, err: status === 0 ? '' : err + out }).toEqual({ status: 0, err: '' });
    return out;
  }

  /** Answers with the digest. */
  async imported(source: string, release: number, ...more: readonly string[]): Promise<string> {
    const words = [
      'image',
      'import',
      source,
      '--class',
      'pi-root',
      '--release',
      String(release),
      ...more,
      '-o',
      'json',
    ];
    return (JSON.parse(await this.ok(...words)) as { image: string }).image;
  }

  #start(program: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): () => string {
    const child = spawn(process.execPath, [path.resolve(`dist/${program}.mjs`), ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...env },
    });
    this.#running.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
    }
    return () => said;
  }

  /** Starts both, and waits until the fileserver is ready. Answers with its id. */
  async start(env: Readonly<Record<string, string>>): Promise<string> {
    const loopback = { host: '127.0.0.1', port: 0 };
    const config = { dataDir: this.at('data'), http: loopback, link: loopback, enrol: loopback };
    writeFileSync(this.at('controller.yaml'), JSON.stringify(config));
    const controller = this.#start('bramble-controller', ['--config', this.at('controller.yaml')]);
    await expect.poll(() => controller(), { timeout: UP_MS_MAX }).toContain('"ready":true');
    const created = JSON.parse(
      await this.ok('token', 'create', '--site', 'barn', '--kind', 'fileserver', '--pre-approved', '-o', 'json'),
    ) as { token: string; enrollEndpoint: string; spkiPin: string };
    const join = { controller: created.enrollEndpoint, pin: created.spkiPin, token: created.token };
    const agentConfig = { stateDir: this.at('agent'), join, services: 'none' };
    writeFileSync(this.at('agent.yaml'), JSON.stringify(agentConfig), { mode: 0o600 });
    const agent = this.#start('bramble-fileserver-agent', ['run', '--config', this.at('agent.yaml')], env);
    let nodes: { id: string; state: string }[] = [];
    await expect
      .poll(
        async () => {
          nodes = (JSON.parse(await this.ok('get', 'nodes', '-o', 'json')) as { nodes: typeof nodes }).nodes;
          return [nodes[0]?.state, agent()];
        },
        { timeout: UP_MS_MAX, interval: 500 },
      )
      .toEqual(['ready', expect.anything()]);
    return nodes[0]?.id ?? '';
  }
}
