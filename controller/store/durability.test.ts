import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Migration, migrate } from './migrate.js';
import { openSqliteStore } from './sqlite-store.js';
import { frozenClock, silentLog } from './testing/samples.js';
import { bundleProgram, type Program } from './testing/worker-program.js';

/** Writes two settings per transaction, several transactions at a time, and says which are committed. */
const WRITING = `
  import { openSqliteStore } from '../sqlite-store.js';
  import { isSqliteWorker, runSqliteWorker } from '../worker.js';
  import { frozenClock, silentLog } from './samples.js';
  if (isSqliteWorker()) runSqliteWorker();
  else await main(process.argv[2], process.argv[3]);

  async function main(path: string, mode: 'inline' | 'threads'): Promise<void> {
    const store = await openSqliteStore({ path, mode, clock: frozenClock, log: silentLog, workerUrl: new URL(import.meta.url) });
    await Promise.all([0, 1, 2, 3].map(async (lane) => {
      for (let n = lane; ; n += 4) {
        await store.transact(async (writer) => {
          await writer.putSetting('a' + n, 'x');
          await writer.putSetting('b' + n, 'x');
        });
        await new Promise((resolve) => process.stdout.write(n + '\\n', resolve));
      }
    }));
  }`;

let folder: string;
let writing: Program;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bramble-durable-'));
  writing = await bundleProgram(WRITING);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  writing.remove();
});

/** Lines until there are `count`, then the process is killed without warning. */
async function killAfterLines(child: ChildProcess, count: number): Promise<readonly string[]> {
  if (child.stdout === null) throw new Error('the child has no output');
  const ended = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === count) child.kill('SIGKILL');
  }
  await ended;
  return lines;
}

function integrityOf(filePath: string): unknown {
  const db = new Database(filePath);
  try {
    return db.pragma('integrity_check', { simple: true });
  } finally {
    db.close();
  }
}

test.for(['inline', 'threads'] as const)(
  'property: killed at any moment, %s keeps every transaction that was confirmed, and each whole',
  { timeout: 120_000 },
  async (mode) => {
    let runsCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (linesCount) => {
        const filePath = path.join(folder, `${mode}-${++runsCount}.db`);
        const child = spawn(process.execPath, [writing.path, filePath, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
        const confirmed = await killAfterLines(child, linesCount);
        expect(confirmed.length).toBeGreaterThanOrEqual(linesCount);
        const store = await openSqliteStore({ path: filePath, mode: 'inline', clock: frozenClock, log: silentLog });
        for (const n of confirmed) expect([n, await store.reader.setting(`a${n}`)]).toEqual([n, 'x']);
        for (let n = 0; n < confirmed.length + 50; n++) {
          expect(await store.reader.setting(`b${n}`)).toBe(await store.reader.setting(`a${n}`));
        }
        await store.close();
        expect(integrityOf(filePath)).toBe('ok');
      }),
      { numRuns: 3 },
    );
  },
);

/** die_here(n) kills the process when n is the chosen moment; otherwise it is n. */
const STEPS: readonly Migration[] = [
  {
    version: 1,
    name: 'first',
    sql: `
      CREATE TABLE t (n INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
      WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000)
        INSERT INTO t SELECT x, hex(zeroblob(100)) FROM c;`,
  },
  {
    version: 2,
    name: 'rebuild',
    sql: `
      CREATE TABLE t2 (n INTEGER PRIMARY KEY, word TEXT NOT NULL, more INTEGER NOT NULL) STRICT;
      INSERT INTO t2 SELECT n, word, die_here(n) FROM t;
      DROP TABLE t;
      SELECT die_here(4000);
      ALTER TABLE t2 RENAME TO t;`,
  },
  { version: 3, name: 'index', sql: 'SELECT die_here(5000); CREATE INDEX t_more ON t (more); SELECT die_here(6000);' },
];

const MIGRATING = `
  import Database from 'better-sqlite3';
  import { migrate } from '../migrate.js';
  const db = new Database(process.argv[2]);
  db.pragma('journal_mode = WAL');
  db.pragma('cache_size = -64');
  db.function('die_here', (n) => {
    if (n === Number(process.argv[3])) process.kill(process.pid, 'SIGKILL');
    return n;
  });
  migrate(db, ${JSON.stringify(STEPS)}, 0);`;

test.for<[string, number, number]>([
  ['early in the second step', 1, 1],
  ['late in the second step', 2_900, 1],
  ['after the old table is gone', 4_000, 1],
  ['at the start of the third step', 5_000, 2],
  ['at the end of the third step', 6_000, 2],
])('killed %s, the database is at one step or the next, whole, and goes on from there', async ([, moment, version]) => {
  const migrating = await bundleProgram(MIGRATING);
  const filePath = path.join(folder, `migrate-${moment}.db`);
  try {
    const first = new Database(filePath);
    migrate(first, STEPS.slice(0, 1), 0);
    first.close();
    const child = spawn(process.execPath, [migrating.path, filePath, String(moment)], { stdio: 'inherit' });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(integrityOf(filePath)).toBe('ok');
    const db = new Database(filePath);
    try {
      expect(db.pragma('user_version', { simple: true })).toBe(version);
      expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3_000);
      db.function('die_here', (n: unknown) => n);
      migrate(db, STEPS, 0);
      expect(db.prepare('SELECT sum(more) FROM t').pluck().get()).toBe((3_000 * 3_001) / 2);
      expect(db.pragma('user_version', { simple: true })).toBe(3);
    } finally {
      db.close();
    }
    expect(integrityOf(`${filePath}.schema-1.backup`)).toBe('ok');
  } finally {
    migrating.remove();
  }
});
