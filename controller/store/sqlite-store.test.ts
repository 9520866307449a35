import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openSqliteStore } from './sqlite-store.js';
import { describeStore } from './testing/conformance.js';
import { frozenClock, silentLog } from './testing/samples.js';
import { bundleProgram, type Program, WORKER_SOURCE } from './testing/worker-program.js';

const common = { clock: frozenClock, log: silentLog };
let folder: string;
let program: Program;
let filesCount = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bramble-store-'));
  program = await bundleProgram(WORKER_SOURCE);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  program.remove();
});

const newFile = (): string => path.join(folder, `${++filesCount}.db`);
const cleanUp = async (): Promise<void> => {
  for (const file of readdirSync(folder)) rmSync(path.join(folder, file));
};

describeStore('in memory, inline', {
  open: () => openSqliteStore({ ...common, path: ':memory:', mode: 'inline' }),
  cleanUp,
  modelRuns: 40,
});

describeStore('in a file, inline', {
  open: () => openSqliteStore({ ...common, path: newFile(), mode: 'inline' }),
  cleanUp,
  modelRuns: 15,
});

describeStore('in a file, in threads', {
  open: () => openSqliteStore({ ...common, path: newFile(), mode: 'threads', workerUrl: program.url }),
  cleanUp,
  modelRuns: 10,
});
