import { AsyncLocalStorage } from 'node:async_hooks';
import { assert } from '../../proto/contract/assert.js';
import type { Clock } from '../../proto/contract/clock.js';
import type { Log, Store, StoreReader, StoreWriter } from '../usecases/ports.js';
import { plain, type SqlConnection } from './connection.js';
import { SqliteEngine } from './engine.js';
import { GroupCommit } from './group-commit.js';
import { InlineConnection } from './inline-connection.js';
import { Lock } from './lock.js';
import type { MigrationReport } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';
import { makeQuery } from './query.js';
import { SqlReader } from './reader.js';
import { WorkerConnection } from './worker-connection.js';
import { SqlWriter } from './writer.js';

export interface SqliteStoreOptions {
  /** The database file; ':memory:' only with mode `inline`. */
  readonly path: string;
  /** `threads`: the disk never stalls this thread. `inline`: deterministic, for tests and simulations. */
  readonly mode: 'threads' | 'inline';
  readonly clock: Clock;
  readonly log: Log;
  /** With `threads`: a program that calls runSqliteWorker() when isSqliteWorker(). */
  readonly workerUrl?: URL;
}

/** A Store in one SQLite file, and what an operator may ask of the file. */
export interface SqliteStore extends Store {
  readonly schemaVersion: number;
  /** Flat numbers for /metrics. */
  counters(): Record<string, number>;
  /** Gives free pages back and empties the write-ahead log; between transactions, some milliseconds. */
  checkpoint(): Promise<void>;
  /** Writes a consistent copy into a new file while the store goes on. @throws BrambleError `already-exists`, `unavailable` */
  backup(toPath: string): Promise<void>;
  /** Bytes in use; the file may be larger until a checkpoint gives free pages back. */
  sizeBytes(): Promise<number>;
}

/** Opens a connection of its own: one more for a backup, so that nobody waits for it. */
type Opener = (access: 'read' | 'write') => Promise<{ connection: SqlConnection; migrated: MigrationReport }>;

/**
 * Opens the database, makes it when it is absent, brings it to the newest schema.
 * @throws BrambleError `failed-precondition` (newer schema, not writable, another program's), `data-loss`, `unavailable`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const open = openerFor(options);
  const { connection, migrated } = await open('write');
  try {
    tellMigration(options, migrated);
    if (options.path === ':memory:') return new SharedSqliteStore(connection, migrated.toVersion, options.clock);
    const reading = await open('read');
    return new SplitSqliteStore(connection, reading.connection, open, migrated.toVersion, options.clock);
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

function openerFor({ path, mode, clock, log, workerUrl }: SqliteStoreOptions): Opener {
  const start = (access: 'read' | 'write') => ({ path, access, nowMs: clock.nowMs() });
  if (mode === 'inline') {
    return async (access) => {
      const engine = SqliteEngine.open({ ...start(access), migrations: MIGRATIONS });
      return { connection: new InlineConnection(engine), migrated: engine.migrated };
    };
  }
  assert(workerUrl !== undefined && path !== ':memory:', 'a store in threads needs a worker program and a file');
  return async (access) => {
    const connection = await WorkerConnection.open(workerUrl, start(access), (error) => {
      log.error({ err: error }, 'the database thread ended');
    });
    return { connection, migrated: connection.migrated };
  };
}

function tellMigration(
  { path, log }: SqliteStoreOptions,
  { fromVersion, toVersion, backupPath }: MigrationReport,
): void {
  if (fromVersion === toVersion) return;
  if (fromVersion === 0) log.info({ path, schema: toVersion }, 'database made');
  else log.info({ path, fromSchema: fromVersion, toSchema: toVersion, backup: backupPath }, 'database migrated');
}

const USED_BYTES = plain(`
  SELECT (pages.page_count - free.freelist_count) * size.page_size AS used_bytes
  FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size`);

/** What both kinds of store have in common: one connection that writes, in groups. */
abstract class GroupedSqliteStore {
  protected readonly writing: SqlConnection;
  protected readonly lock = new Lock();
  readonly schemaVersion: number;
  readonly #groups: GroupCommit;

  constructor(writing: SqlConnection, schemaVersion: number, clock: Clock) {
    this.writing = writing;
    this.schemaVersion = schemaVersion;
    this.#groups = new GroupCommit(writing, this.lock, clock);
  }

  async transact<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> {
    return await this.#groups.transact(async (session) => {
      return await work(new SqlWriter(makeQuery((statement) => session.execute(statement))));
    });
  }

  counters(): Record<string, number> {
    return this.#groups.counters();
  }

  async checkpoint(): Promise<void> {
    await this.lock.run(() => this.writing.checkpoint());
  }

  protected async settled(): Promise<void> {
    await this.#groups.close();
  }
}

/** A file: readers have a connection of their own and see what was committed. */
class SplitSqliteStore extends GroupedSqliteStore implements SqliteStore {
  readonly reader: StoreReader;
  readonly #reading: SqlConnection;
  readonly #open: Opener;
  #closing: Promise<void> | undefined;

  constructor(writing: SqlConnection, reading: SqlConnection, open: Opener, schemaVersion: number, clock: Clock) {
    super(writing, schemaVersion, clock);
    this.#reading = reading;
    this.#open = open;
    this.reader = new SqlReader(makeQuery((statement) => reading.execute([statement], 'anywhere')));
  }

  async sizeBytes(): Promise<number> {
    return usedBytes(this.#reading);
  }

  async backup(toPath: string): Promise<void> {
    const { connection } = await this.#open('read');
    try {
      await connection.backup(toPath);
    } finally {
      await connection.close();
    }
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await this.settled();
    await this.#reading.close(); // first: the last connection to close empties the log
    await this.lock.run(() => this.writing.close());
  }
}

/**
 * A private database in memory, with one connection: readers wait for the group that is being committed, so that they too
 * see only what was. A transaction that reads around its writer would wait for itself, and is told so.
 */
class SharedSqliteStore extends GroupedSqliteStore implements SqliteStore {
  readonly reader: StoreReader;
  #closing: Promise<void> | undefined;

  constructor(writing: SqlConnection, schemaVersion: number, clock: Clock) {
    super(writing, schemaVersion, clock);
    const read = makeQuery((statement) => this.#alone(() => writing.execute([statement], 'anywhere')));
    this.reader = new SqlReader(read);
  }

  override async transact<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> {
    return await super.transact(async (writer) => {
      const scope = { of: this, isOpen: true, within: openScope() };
      try {
        return await TRANSACTIONS.run(scope, () => work(writer));
      } finally {
        scope.isOpen = false;
      }
    });
  }

  async sizeBytes(): Promise<number> {
    return await this.#alone(() => usedBytes(this.writing));
  }

  async backup(toPath: string): Promise<void> {
    await this.#alone(() => this.writing.backup(toPath));
  }

  async close(): Promise<void> {
    this.#closing ??= this.settled().then(() => this.#alone(() => this.writing.close()));
    await this.#closing;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#isInTransaction(), 'a transaction reads through its writer, not around it');
    return await this.lock.run(work);
  }

  #isInTransaction(): boolean {
    for (let scope = openScope(); scope !== undefined; scope = scope.within) {
      if (scope.of === this && scope.isOpen) return true;
    }
    return false;
  }
}

interface TransactionScope {
  readonly of: SharedSqliteStore;
  isOpen: boolean;
  /** Of another store. */
  readonly within: TransactionScope | undefined;
}

/**
 * One for all stores: up to Node.js 22 every promise of the process looks at every storage that was ever used, so that one per store
 * makes each store of a long-lived process slower than the one before.
 */
const TRANSACTIONS = new AsyncLocalStorage<TransactionScope>();

/** What goes on after a transaction still carries its scope; only those that are open count. */
function openScope(): TransactionScope | undefined {
  let scope = TRANSACTIONS.getStore();
  while (scope !== undefined && !scope.isOpen) scope = scope.within;
  return scope;
}

async function usedBytes(connection: SqlConnection): Promise<number> {
  const { rows } = await connection.execute([USED_BYTES], 'anywhere');
  const [row] = rows as readonly { readonly used_bytes: number }[]; // one row, by the query above
  return row?.used_bytes ?? 0;
}
