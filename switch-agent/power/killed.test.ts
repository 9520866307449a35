import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';

/** The process in the middle of a cycle, and the keeper that it starts: one program, as on a switch. Ten switches at once. */
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

const ROUNDS = 10;
const folder = mkdtempSync(join(tmpdir(), 'bramble-power-'));
const ports = Array.from({ length: ROUNDS }, (_, at) => `swp${at + 1}`);
const fileOf = (port: string): string => join(folder, `power-${port}`);
const children: ChildProcess[] = [];
const clock = makeNodeClock();

beforeAll(async () => {
  await build({
    stdin: { contents: PROGRAM, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'program.mjs'),
    banner: { js: "import{createRequire as c}from'node:module';const require=c(import.meta.url);" },
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'driver'), DRIVER, { mode: 0o755 });
  for (const port of ports) writeFileSync(fileOf(port), 'on');
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves as soon as the port is so. */
function seen(port: string, wanted: 'on' | 'off'): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (readFileSync(fileOf(port), 'utf8') !== wanted) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(fileOf(port), look);
    look();
  });
}

test(`an agent that is killed between off and on, ${ROUNDS} times: no port is left dark, and none is on too early`, async () => {
  const darkMs = await Promise.all(
    ports.map(async (port) => {
      const order = JSON.stringify({ kind: 'power', port, action: 'cycle', offMs: 15_000, bootLeaseId: '' });
      const agent = spawn(process.execPath, [join(folder, 'program.mjs'), folder, join(folder, port), order], {
        stdio: 'inherit',
      });
      children.push(agent);
      await seen(port, 'off');
      const sinceMs = clock.monotonicMs();
      const ended = new Promise((resolve) => agent.once('exit', (_, signal) => resolve(signal)));
      agent.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      await seen(port, 'on');
      return clock.monotonicMs() - sinceMs;
    }),
  );
  expect(Math.min(...darkMs)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...darkMs)).toBeLessThan(60_000);
}, 120_000);
