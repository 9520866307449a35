import { BrambleError } from '../../proto/contract/errors.js';
import type { SqlConnection, SqlResult, SqlStatement, TransactionRule } from './connection.js';
import type { SqliteEngine } from './engine.js';

/** The engine in this very thread: deterministic, for tests, simulations and tools that may wait for the disk. */
export class InlineConnection implements SqlConnection {
  readonly #engine: SqliteEngine;
  #isClosed = false;

  constructor(engine: SqliteEngine) {
    this.#engine = engine;
  }

  async execute(statements: readonly SqlStatement[], rule: TransactionRule): Promise<SqlResult> {
    return this.#opened().execute(statements, rule);
  }

  async checkpoint(): Promise<void> {
    this.#opened().checkpoint();
  }

  async backup(toPath: string): Promise<void> {
    this.#opened().backup(toPath);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#engine.close();
  }

  #opened(): SqliteEngine {
    if (this.#isClosed) throw new BrambleError('unavailable', 'the database is closed');
    return this.#engine;
  }
}
