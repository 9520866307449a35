import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BrambleError } from '../../proto/contract/errors.js';
import type { SqlResult, SqlStatement, TransactionRule } from './connection.js';
import { copyDatabase, type Migration, type MigrationReport, migrate } from './migrate.js';
import { storeError } from './sqlite-error.js';

/** Marks the file as ours: "BRMB" in ASCII. Source: https://www.sqlite.org/fileformat.html, 1.3.17. */
export const APPLICATION_ID = 0x42524d42;
const BUSY_TIMEOUT_MS = 5_000;
const LOG_SIZE_BYTES_MAX = 64 * 1024 * 1024;
const CACHE_KIB = 16 * 1024;
const STATEMENTS_MAX = 400;
/** Free pages given back per checkpoint: 4,096 pages of 4 KiB take some tens of milliseconds. */
const VACUUM_PAGES = 4_096;

export interface EngineOptions {
  readonly path: string;
  /** `write` makes the file when it is absent and migrates it; `read` opens what is there. */
  readonly access: 'read' | 'write';
  readonly migrations: readonly Migration[];
  readonly nowMs: number;
}

/** better-sqlite3 with our settings and our errors. Synchronous: who must not wait lets a worker run it. */
export class SqliteEngine {
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  readonly migrated: MigrationReport;

  private constructor(filePath: string, db: Database.Database, migrated: MigrationReport) {
    this.#path = filePath;
    this.#db = db;
    this.migrated = migrated;
  }

  /** @throws BrambleError `failed-precondition`, `data-loss`, `unavailable` */
  static open({ path: filePath, access, migrations, nowMs }: EngineOptions): SqliteEngine {
    let db: Database.Database | undefined;
    try {
      if (filePath !== ':memory:' && access === 'write') makeFile(filePath);
      db = new Database(filePath, { timeout: BUSY_TIMEOUT_MS, fileMustExist: access === 'read' });
      const migrated = access === 'write' ? prepareWriter(db, migrations, nowMs) : prepareReader(db, migrations.length);
      return new SqliteEngine(filePath, db, migrated);
    } catch (thrown) {
      db?.close();
      throw storeError(thrown, filePath);
    }
  }

  execute(statements: readonly SqlStatement[], rule: TransactionRule): SqlResult {
    let result: SqlResult = { rows: [], changedCount: 0 };
    try {
      for (const statement of statements) {
        if (rule === 'inside' && !this.#db.inTransaction) throw transactionGone(this.#path);
        result = this.#run(statement);
      }
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
    return result;
  }

  checkpoint(): void {
    try {
      this.#db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
  }

  backup(toPath: string): void {
    const isReader = this.#db.pragma('query_only', { simple: true }) === 1;
    try {
      this.#db.pragma('query_only = OFF'); // it forbids VACUUM INTO too, which writes nothing here
      copyDatabase(this.#db, toPath);
    } catch (thrown) {
      throw storeError(thrown, toPath);
    } finally {
      if (isReader) this.#db.pragma('query_only = ON');
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #run({ sql, parameters }: SqlStatement): SqlResult {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    if (statement.reader) return { rows: statement.all(...parameters), changedCount: 0 };
    return { rows: [], changedCount: statement.run(...parameters).changes };
  }
}

/** Made before SQLite makes it, so that nobody else may read it; -wal and -shm inherit its mode. */
function makeFile(filePath: string): void {
  const folder = path.dirname(filePath);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  closeSync(openSync(filePath, 'a', 0o600));
}

function prepareWriter(db: Database.Database, migrations: readonly Migration[], nowMs: number): MigrationReport {
  claim(db);
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal' && !db.memory) {
    throw new BrambleError('failed-precondition', `${db.name} is on a filesystem without a write-ahead log`, {
      hint: 'put the data folder on a local disk',
    });
  }
  db.pragma('synchronous = FULL');
  db.pragma(`journal_size_limit = ${LOG_SIZE_BYTES_MAX}`);
  db.pragma(`cache_size = -${CACHE_KIB}`);
  const migrated = migrate(db, migrations, nowMs);
  db.pragma('foreign_keys = ON');
  return migrated;
}

function prepareReader(db: Database.Database, version: number): MigrationReport {
  db.pragma('query_only = ON');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  return { fromVersion: version, toVersion: version, backupPath: undefined };
}

/** Ours, or new and made ours; settings that only a new file takes come first. */
function claim(db: Database.Database): void {
  const id = Number(db.pragma('application_id', { simple: true }));
  if (id === APPLICATION_ID) return;
  const tablesCount = Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
  if (id !== 0 || tablesCount > 0) {
    throw new BrambleError('failed-precondition', `${db.name} is the database of another program`, {
      hint: 'name another folder for the controller, or move that file away',
    });
  }
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma(`application_id = ${APPLICATION_ID}`);
}

function transactionGone(filePath: string): BrambleError {
  return new BrambleError('aborted', `the transaction on the database ${filePath} was rolled back`, {
    hint: 'it is tried again; if this repeats, look for the first error before it',
  });
}
