import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { storeError } from './sqlite-error.js';
import { openSqliteStore, type SqliteStore } from './sqlite-store.js';
import { frozenClock, nodeIdOf, sampleFleetEvent, sampleSegment, silentLog, T0_MS } from './testing/samples.js';
import { bundleProgram, type Program, WORKER_SOURCE } from './testing/worker-program.js';

let program: Program;
let folder: string;
let store: SqliteStore | undefined;

beforeAll(async () => {
  program = await bundleProgram(WORKER_SOURCE);
});
afterAll(() => program.remove());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bramble-files-'));
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const file = (name = 'bramble.db'): string => path.join(folder, name);

const openInThreads = async (): Promise<SqliteStore> => {
  const options = { path: file(), clock: frozenClock, log: silentLog, workerUrl: program.url };
  store = await openSqliteStore({ ...options, mode: 'threads' });
  return store;
};

/** Both ways of running must behave and fail alike. */
describe.for(['inline', 'threads'] as const)('%s', (mode) => {
  const open = async (filePath = file()): Promise<SqliteStore> => {
    store = await openSqliteStore({
      path: filePath,
      mode,
      clock: frozenClock,
      log: silentLog,
      workerUrl: program.url,
    });
    return store;
  };

  const refusal = async (filePath: string): Promise<BrambleError> => {
    try {
      await open(filePath);
    } catch (thrown) {
      return BrambleError.from(thrown);
    }
    throw new Error('it was opened');
  };

  test('the file is made for its owner alone, in a folder that is made when needed', async () => {
    await open(file('new/folder/bramble.db'));
    expect(statSync(file('new/folder/bramble.db')).mode & 0o777).toBe(0o600);
    expect(statSync(file('new/folder/bramble.db-wal')).mode & 0o777).toBe(0o600);
    expect(statSync(file('new/folder')).mode & 0o777).toBe(0o700);
  });

  test('what was committed is there after opening again', async () => {
    await (await open()).transact((writer) => writer.putSetting('epoch', '3'));
    await store?.close();
    expect(existsSync(`${file()}-wal`)).toBe(false);
    expect(await (await open()).reader.setting('epoch')).toBe('3');
    expect(store?.schemaVersion).toBeGreaterThan(0);
  });

  test('a backup is a whole database, made while the store goes on', async () => {
    const { transact, backup } = bound(await open());
    await transact((writer) => writer.putSetting('epoch', '3'));
    const saving = backup(file('copy.db'));
    await transact((writer) => writer.putSetting('epoch', '4'));
    await saving;
    expect(statSync(file('copy.db')).mode & 0o777).toBe(0o600);
    await expect(backup(file('copy.db'))).rejects.toMatchObject({ code: 'already-exists' });
    await store?.close();
    expect(['3', '4']).toContain(await (await open(file('copy.db'))).reader.setting('epoch'));
  });

  test('a backup into a folder that is not there is refused and leaves nothing', async () => {
    const opened = await open();
    await expect(opened.backup(file('nowhere/copy.db'))).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(existsSync(file('nowhere'))).toBe(false);
  });

  test('a checkpoint empties the log and gives back what was deleted', async () => {
    const opened = await open();
    const packed = new Uint8Array(50_000).fill(1);
    await opened.transact(async (writer) => {
      for (let n = 0; n < 40; n++) await writer.addHistory({ ...sampleSegment(1, n, n + 1), packed });
    });
    const fullBytes = await opened.sizeBytes();
    expect(fullBytes).toBeGreaterThan(40 * 50_000);
    await opened.transact(async (writer) => {
      for (let n = 0; n < 40; n++) await writer.removeHistory({ nodeId: nodeIdOf(1), fromMs: n });
    });
    expect(await opened.sizeBytes()).toBeLessThan(fullBytes / 4);
    await opened.checkpoint();
    expect(statSync(`${file()}-wal`).size).toBe(0);
    expect(statSync(file()).size).toBeLessThan(fullBytes / 4);
  });

  test('counters tell how many transactions shared how many commits', async () => {
    const opened = await open();
    await Promise.all([1, 2, 3].map((n) => opened.transact((writer) => writer.addFleetEvent(sampleFleetEvent(n)))));
    expect(opened.counters()).toMatchObject({ store_transactions_total: 3, store_transactions_waiting: 0 });
    expect(opened.counters()['store_commits_total']).toBe(1);
  });

  test('a file that is no database is refused and left as it is', async () => {
    writeFileSync(
      file(),
      'these are the notes of last summer, in a file that is long enough to be looked at\n'.repeat(20),
    );
    const before = readFileSync(file());
    expect(await refusal(file())).toMatchObject({
      code: 'data-loss',
      message: expect.stringContaining(file()),
      hint: expect.stringContaining('restore'),
    });
    expect(readFileSync(file())).toEqual(before);
  });

  test('a database of another program is refused and left as it is', async () => {
    const other = new Database(file());
    other.exec('CREATE TABLE recipes (name TEXT)');
    other.close();
    const before = readFileSync(file());
    expect(await refusal(file())).toMatchObject({ code: 'failed-precondition', hint: expect.any(String) });
    expect(readFileSync(file())).toEqual(before);
  });

  test('a damaged database is told as data loss', async () => {
    const opened = await open();
    await opened.transact(async (writer) => {
      for (let n = 0; n < 500; n++) await writer.addFleetEvent(sampleFleetEvent(n, { message: 'x'.repeat(200) }));
    });
    await opened.close();
    const bytes = readFileSync(file());
    bytes.fill(0x5a, 4_096); // everything after the first page
    writeFileSync(file(), bytes);
    const thrown = await open().then(
      (again) => again.reader.eventsNewest(undefined, { limit: 1_000 }).then(() => undefined, BrambleError.from),
      BrambleError.from,
    );
    expect(thrown).toMatchObject({ code: 'data-loss', message: expect.stringContaining(file()) });
  });

  test.for<[string, (filePath: string) => string]>([
    [
      'a folder that is a file',
      (at) => {
        writeFileSync(at, '');
        return path.join(at, 'bramble.db');
      },
    ],
    [
      'a folder in place of the file',
      (at) => {
        mkdirSync(at);
        return at;
      },
    ],
    ['a place where nobody may write', () => '/proc/self/bramble.db'],
    [
      'a link that leads nowhere',
      (at) => {
        symlinkSync(path.join(at, 'nowhere'), at);
        return at;
      },
    ],
  ])('%s: refused with the path and what to do', async ([, prepare]) => {
    const filePath = prepare(file('odd'));
    const thrown = await refusal(filePath);
    expect(thrown).toMatchObject({ code: 'failed-precondition', message: expect.stringContaining(filePath) });
    expect(thrown.hint).toBeDefined();
  });
});

test('another program that holds the database makes transactions wait, then fail as unavailable', async () => {
  const opened = await openInThreads();
  const other = new Database(file());
  other.exec('BEGIN IMMEDIATE');
  await expect(opened.transact((writer) => writer.putSetting('a', '1'))).rejects.toMatchObject({
    code: 'unavailable',
    hint: expect.stringContaining('close'),
  });
  other.exec('ROLLBACK');
  other.close();
  await opened.transact((writer) => writer.putSetting('a', '2'));
  expect(await opened.reader.setting('a')).toBe('2');
});

test('in memory, a transaction that reads around its writer is told so instead of waiting for itself', async () => {
  store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock: frozenClock, log: silentLog });
  const opened = store;
  const around = opened.transact(async (writer) => {
    await writer.putSetting('a', '1');
    await opened.reader.setting('a');
  });
  await expect(around).rejects.toThrow('through its writer');
  expect(await opened.reader.setting('a')).toBeUndefined();
});

test('a thread that dies fails what waits and what comes, and is told to the log', async () => {
  const dying = await bundleProgram(`
    import { parentPort } from 'node:worker_threads';
    import { isSqliteWorker, runSqliteWorker } from '../worker.js';
    if (isSqliteWorker()) runSqliteWorker();
    parentPort?.on('message', (requests) => {
      const statements = requests.flatMap(({ task }) => task.statements ?? []);
      const isLast = statements.some(({ parameters }) => parameters.includes('last'));
      if (isLast) throw new Error('out of memory');
    });`);
  const told: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => told.push(fields) };
  try {
    store = await openSqliteStore({
      path: file(),
      mode: 'threads',
      clock: frozenClock,
      log,
      workerUrl: dying.url,
    });
    await store.transact((writer) => writer.putSetting('word', 'first'));
    const last = store.transact((writer) => writer.putSetting('word', 'last'));
    await expect(last).rejects.toMatchObject({ code: 'unavailable' });
    await expect(store.transact((writer) => writer.putSetting('word', 'next'))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await store.reader.setting('word')).toBe('first');
    expect(told).toMatchObject([{ err: { code: 'unavailable', cause: { message: 'out of memory' } } }]);
  } finally {
    dying.remove();
  }
});

test.for<[string, string]>([
  ['SQLITE_FULL', 'unavailable'],
  ['SQLITE_BUSY_SNAPSHOT', 'unavailable'],
  ['SQLITE_IOERR_WRITE', 'unavailable'],
  ['SQLITE_CORRUPT_INDEX', 'data-loss'],
  ['SQLITE_READONLY_DIRECTORY', 'failed-precondition'],
  ['SQLITE_CONSTRAINT_UNIQUE', 'already-exists'],
  ['SQLITE_CONSTRAINT_NOTNULL', 'internal'],
  ['ENOSPC', 'unavailable'],
  ['EACCES', 'failed-precondition'],
])('%s is told as %s, and an operating error names the file', ([raw, code]) => {
  const error = storeError(Object.assign(new Error('it did not work'), { code: raw }), '/var/lib/x.db');
  expect(error.code).toBe(code);
  if (code !== 'internal') expect(error.message).toContain('/var/lib/x.db');
});

function bound(opened: SqliteStore): Pick<SqliteStore, 'transact' | 'backup'> {
  return {
    transact: (work) => opened.transact(work),
    backup: (toPath) => opened.backup(toPath),
  };
}

test('the time of a fixed clock is what migrations are stamped with', async () => {
  store = await openSqliteStore({ path: file(), mode: 'inline', clock: frozenClock, log: silentLog });
  const db = new Database(file(), { readonly: true });
  expect(db.prepare('SELECT DISTINCT applied_at_ms FROM schema_step').pluck().all()).toEqual([T0_MS]);
  db.close();
});
