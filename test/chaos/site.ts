import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiClient } from '../../controller/cli/api-client.js';
import { HttpTransport } from '../../controller/cli/transport.js';

/** Units that commands restart; `CONTROL` is one that nobody restarts, so it counts the agent's own starts. */
export const CONTROL = 'control.service';
export const UNITS = Array.from({ length: 6 }, (_, index) => `unit-${index}.service`);

/** Notes its start and its process in a file, and waits to be ended. */
const UNIT_PROGRAM = 'echo $$ >> "$0"; exec sleep 600';

/** The built controller and one built agent as real processes on loopback, to be killed at will. */
export class Site {
  readonly dir = mkdtempSync(join(tmpdir(), 'bramble-chaos-'));
  readonly #ports: readonly number[];
  #undo: () => void = () => undefined;
  controller: ChildProcess | undefined;
  agent: ChildProcess | undefined;
  /** From spawn to the ready line, ms, of every start of the controller. */
  readonly startsMs: number[] = [];

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** @param prepare makes what must be there before the programs start, and answers with what undoes it after their end */
  static async open(prepare: (dir: string) => () => void = () => () => undefined): Promise<Site> {
    const site = new Site(await freePorts(3));
    site.#undo = prepare(site.dir);
    await site.startController();
    const { token, spkiPin, enrollEndpoint } = await site.api.createToken({
      site: 'chaos',
      kind: 'pi',
      preApproved: true,
    });
    const units = Object.fromEntries(
      [CONTROL, ...UNITS].map((unit) => [unit, ['/bin/sh', '-c', UNIT_PROGRAM, join(site.dir, unit)]]),
    );
    const config = {
      stateDir: join(site.dir, 'agent'),
      join: { controller: enrollEndpoint, pin: spkiPin, token },
      allowedUnits: UNITS,
      services: { child: { units } },
      logLevel: 'warn',
    };
    writeFileSync(join(site.dir, 'agent.yaml'), JSON.stringify(config), { mode: 0o600 });
    site.startAgent();
    return site;
  }

  get api(): ApiClient {
    const socket = join(this.dir, 'data', 'admin.sock');
    return new ApiClient(new HttpTransport({ kind: 'socket', path: socket }, 'chaos'), AbortSignal.timeout(60_000));
  }

  async startController(): Promise<void> {
    const [http, link, enrol] = this.#ports;
    const startedMs = performance.now();
    const argv = ['--data', join(this.dir, 'data'), '--config', this.#controllerConfig()];
    const ports = ['--http-port', `${http}`, '--link-port', `${link}`, '--enrol-port', `${enrol}`];
    const child = spawn(process.execPath, [resolve('dist/bramble-controller.mjs'), ...argv, ...ports], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.controller = child;
    child.stderr.pipe(createWriteStream(join(this.dir, 'controller.err'), { flags: 'a' }));
    const lines = createInterface({ input: child.stdout });
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
    if (typeof line !== 'string') throw new Error(`the controller ended with ${String(line)} instead of starting`);
    this.startsMs.push(performance.now() - startedMs);
  }

  startAgent(): void {
    const argv = [resolve('dist/bramble-agent.mjs'), 'run', '--config', join(this.dir, 'agent.yaml')];
    const log = openSync(join(this.dir, 'agent.log'), 'a');
    this.agent = spawn(process.execPath, argv, { stdio: ['ignore', log, log] });
  }

  async kill(what: 'controller' | 'agent'): Promise<void> {
    const child = this[what];
    if (child === undefined || child.exitCode !== null) throw new Error(`the ${what} has ended by itself`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    if (what === 'agent') this.#endOrphans();
  }

  /** What a program has written about its troubles so far. */
  said(what: 'controller' | 'agent'): string {
    return readFileSync(join(this.dir, what === 'agent' ? 'agent.log' : 'controller.err'), 'utf8');
  }

  /** How often a unit was started, by the agent's own start or by a command. */
  starts(unit: string): number {
    return this.#unitPids(unit).length;
  }

  async close(): Promise<void> {
    for (const child of [this.agent, this.controller]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    this.#endOrphans();
    this.#undo();
    rmSync(this.dir, { recursive: true, force: true });
  }

  #controllerConfig(): string {
    const file = join(this.dir, 'controller.yaml');
    writeFileSync(file, JSON.stringify({ cadence: { reportInterval: '1s' }, log: { level: 'warn' } }));
    return file;
  }

  #unitPids(unit: string): readonly number[] {
    try {
      return readFileSync(join(this.dir, unit), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return []; // it never started
    }
  }

  /** Units outlive an agent that was killed: nobody else would end them. */
  #endOrphans(): void {
    for (const pid of [CONTROL, ...UNITS].flatMap((unit) => this.#unitPids(unit))) {
      try {
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8') === 'sleep\x300\0') process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended
      }
    }
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
}
