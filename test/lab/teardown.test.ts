/** Nothing of a rack outlives it, however its starter ends. */

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { namespacesOf } from './host/namespaces.js';
import { runningPid } from './host/process.js';
import { RACKS_DIR, sweep } from './rack.js';
import { sharedRack, until } from './testing.js';

const PROGRAM = path.resolve('dist/test/lab.mjs');

test('a rack whose starter is killed is gone: processes at once, networks and files with the next start', async ({
  skip,
}) => {
  sharedRack(skip);
  const id = `crash-${process.pid}`;
  const dir = path.join(RACKS_DIR, `bramble-lab-${id}`);
  const starter = spawn(process.execPath, [PROGRAM, 'up', '--bare', '--pis', '1', '--owned', '--id', id], {
    stdio: 'ignore',
  });
  await until('a guest runs', 60_000, async () => runningPid(dir, 'switch') !== undefined);
  const pids = readdirSync(dir).flatMap((file) => /^(.+)\.pid$/.exec(file)?.[1] ?? []);
  starter.kill('SIGKILL');
  await until('its processes end', 20_000, async () => pids.every((name) => runningPid(dir, name) === undefined));
  await sweep();
  expect(existsSync(dir)).toBe(false);
  const there = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const name of Object.values(namespacesOf(id))) expect(there).not.toContain(name);
});
