/** Power cycles whose agent is killed between off and on: real processes, a real keeper, and a file for each port. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';

/** The process in the middle of a cycle, and the keeper that it starts: one program, as on a switch. Each port is a switch of its own. */
const PROGRAM = `
import { actuatorPaths } from './switch-agent/actuator/paths.js';
import { makeNodeActuatorHost } from './switch-agent/actuator/node-host.js';
import { makeSwitchProgram } from './switch-agent/actuator/program.js';
const [folder, state, what, duty = ''] = process.argv.slice(2);
const driver = folder + '/driver';
const argv = (word) => [driver, folder, '{port}', word];
const command = { on: argv('on'), off: argv('off'), state: argv('state') };
const policy = JSON.stringify({ power: { driver: 'command', command, cutsPerHour: 1000 } });
const makeHost = () => makeNodeActuatorHost(actuatorPaths(state), [folder, state, 'keep']);
const program = makeSwitchProgram({ makeHost, readPolicy: async () => policy });
const { signal } = new AbortController();
if (what === 'keep') await program.keep(duty, () => {}, signal);
else await program.orders()(what, signal);
`;

/** Switches power as far as this test can see it: a file for each port. */
const DRIVER = `#!/bin/sh
case "$3" in
  state) cat "$1/power-$2" ;;
  *) printf %s "$3" > "$1/power-$2" ;;
esac
`;

const OFF_MS = 15_000;
/** A port that is not on by then is left dark. */
const GIVE_UP_MS = 90_000;

/** How long a port was without power after its agent was killed, ms; `undefined` = it was left dark. */
export interface KilledCycle {
  readonly port: string;
  readonly darkMs: number | undefined;
}

/**
 * Kills the agent of so many cycles, at the moment at which its port has gone off, so many of them at the same time.
 * @param checkout the folder with the sources
 */
export async function killedCycles(
  count: number,
  { checkout, atOnce }: { readonly checkout: string; readonly atOnce: number },
): Promise<readonly KilledCycle[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bramble-power-'));
  const children: ChildProcess[] = [];
  try {
    await makeProgram(folder, checkout);
    const done: KilledCycle[] = [];
    while (done.length < count) {
      const size = Math.min(atOnce, count - done.length);
      const ports = Array.from({ length: size }, (_, at) => `swp${done.length + at + 1}`);
      done.push(...(await Promise.all(ports.map((port) => killedCycle(folder, port, children)))));
    }
    return done;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeProgram(folder: string, checkout: string): Promise<void> {
  await build({
    stdin: { contents: PROGRAM, resolveDir: checkout, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'program.mjs'),
    banner: { js: "import{createRequire as c}from'node:module';const require=c(import.meta.url);" },
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'driver'), DRIVER, { mode: 0o755 });
}

async function killedCycle(folder: string, port: string, children: ChildProcess[]): Promise<KilledCycle> {
  const file = join(folder, `power-${port}`);
  writeFileSync(file, 'on');
  const order = JSON.stringify({ kind: 'power', port, action: 'cycle', offMs: OFF_MS, bootLeaseId: '' });
  const args = [join(folder, 'program.mjs'), folder, join(folder, port), order];
  const agent = spawn(process.execPath, args, { stdio: 'inherit' });
  children.push(agent);
  if (!(await seen(file, 'off'))) throw new Error(`${port} was never cut: the agent did not come that far`);
  const { monotonicMs } = makeNodeClock();
  const sinceMs = monotonicMs();
  const ended = new Promise((resolve) => agent.once('exit', (_, signal) => resolve(signal)));
  agent.kill('SIGKILL');
  if ((await ended) !== 'SIGKILL') throw new Error(`the agent of ${port} ended by itself before it was killed`);
  return { port, darkMs: (await seen(file, 'on')) ? monotonicMs() - sinceMs : undefined };
}

/** Resolves as soon as the port is so; with false when it takes too long. */
function seen(file: string, wanted: 'on' | 'off'): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isSeen: boolean): void => {
      clearTimeout(timer);
      watcher.close();
      resolve(isSeen);
    };
    const timer = setTimeout(() => end(false), GIVE_UP_MS);
    const look = (): void => {
      if (readFileSync(file, 'utf8') === wanted) end(true);
    };
    const watcher = watch(file, look);
    look();
  });
}
