import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../../proto/contract/random.js';
import { CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import { makeNodeFiles } from '../host/node/files.js';
import { makeNodeRandom } from '../host/node/random.js';
import { Ledger } from './ledger.js';
import { Outbox } from './outbox.js';

/** Adds events and moves commands as fast as it can, and prints each fact once it was promised. */
const PROGRAM = `
import { makeNodeFiles } from './agent/kit/host/node/files.js';
import { makeNodeRandom } from './agent/kit/host/node/random.js';
import { Ledger } from './agent/kit/durable/ledger.js';
import { Outbox } from './agent/kit/durable/outbox.js';
const [directory, round] = process.argv.slice(2);
const files = makeNodeFiles();
const outbox = await Outbox.open({ files, path: directory + '/outbox', random: makeNodeRandom() });
const ledger = await Ledger.open({ files, path: directory + '/ledger' });
const say = (line) => process.stdout.write(line + '\\n');
const stamp = { bootId: 'boot', uptimeMs: 1, wallClockUnixMs: 1 };
say('open');
for (let turn = 0; ; turn++) {
  const id = round + '.' + turn;
  const kind = { $case: 'desiredStateFailed', value: { revision: 1, detail: 'x'.repeat(turn * 37 % 900) } };
  const [event] = await Promise.all([
    outbox.add(kind, stamp, 'normal').then((event) => (say('event ' + event.sequence), event)),
    ledger.accept({ id, targetNodeId: '', epoch: 1, issuedAtUnixMs: 1, validForMs: 1, preconditions: undefined, reason: '', actor: '', action: undefined }, 1)
      .then(() => say('accepted ' + id)),
  ]);
  await ledger.start(id, '').then(() => say('started ' + id));
  await ledger.finish(id, 3, '').then(() => say('finished ' + id));
  if (turn % 3 !== 0) continue;
  for (const { sequence } of outbox.pending(0, 2)) say('acknowledged ' + sequence);
  await outbox.acknowledge(outbox.pending(0, 2).at(-1)?.sequence ?? 0);
}
`;

let directory: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bramble-durable-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: process.cwd() },
    outfile: join(directory, 'program.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

/** Runs it until it has said so many lines, kills it, and answers with everything that it still got out. */
async function runUntilKilled(round: number, lines: number): Promise<readonly string[]> {
  const argv = [join(directory, 'program.mjs'), directory, `${round}`];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  running.delete(child);
  return said;
}

const STEPS = { accepted: 1, started: 2, finished: 3 } as const;
const STEP_OF_STATE: ReadonlyMap<number | undefined, number> = new Map([
  [CommandState.ACCEPTED, 1],
  [CommandState.STARTED, 2],
  [CommandState.SUCCEEDED, 3],
]);

test('a real process killed at random points loses no event and no command that it had promised', async () => {
  const random = seededRandom(1);
  const waiting = new Set<number>();
  const everGiven = new Set<number>();
  const commands = new Map<string, number>();
  for (let round = 0; round < 8; round++) {
    for (const line of await runUntilKilled(round, 20 + Math.floor(random.unit() * 400))) {
      const [what, id = ''] = line.split(' ');
      if (what === 'event') {
        expect(everGiven.has(Number(id)), `sequence ${id} is new`).toBe(false);
        everGiven.add(Number(id));
        waiting.add(Number(id));
      } else if (what === 'acknowledged') waiting.delete(Number(id));
      else if (what === 'accepted' || what === 'started' || what === 'finished') commands.set(id, STEPS[what]);
    }
    const outbox = await Outbox.open({ files: makeNodeFiles(), path: `${directory}/outbox`, random: makeNodeRandom() });
    const found = new Set(outbox.pending(0, 100_000).map((event) => event.sequence));
    expect([...waiting].filter((sequence) => !found.has(sequence))).toEqual([]);
    await outbox.close();
    const ledger = await Ledger.open({ files: makeNodeFiles(), path: `${directory}/ledger` });
    const forgotten = [...commands].filter(([id, step]) => (STEP_OF_STATE.get(ledger.find(id)?.state) ?? 0) < step);
    expect(forgotten).toEqual([]);
    expect([outbox.damagedBytes, ledger.damagedBytes].every((dropped) => dropped < 2000)).toBe(true);
    await ledger.close();
  }
  expect(everGiven.size).toBeGreaterThan(100);
});
