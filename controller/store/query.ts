/** kysely over whatever executes statements: it builds and types queries, it owns neither connections nor transactions. */

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { AssertionError, assert } from '../../proto/contract/assert.js';
import type { SqlResult, SqlStatement, SqlValue } from './connection.js';
import type { Tables } from './schema.js';

export type Query = Kysely<Tables>;

export function makeQuery(execute: (statement: SqlStatement) => Promise<SqlResult>): Query {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new ForwardingDriver(execute),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

class ForwardingDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(execute: (statement: SqlStatement) => Promise<SqlResult>) {
    this.#connection = {
      async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
        const { rows, changedCount } = await execute({ sql, parameters: parameters.map(toSqlValue) });
        // kysely names the row type by the query that it built itself
        return { rows: rows as R[], numAffectedRows: BigInt(changedCount) };
      },
      streamQuery: () => {
        throw new AssertionError('queries are paged, not streamed');
      },
    };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw new AssertionError('transactions are made by GroupCommit');
  }

  async commitTransaction(): Promise<void> {
    throw new AssertionError('transactions are made by GroupCommit');
  }

  async rollbackTransaction(): Promise<void> {
    throw new AssertionError('transactions are made by GroupCommit');
  }
}

/** Every number here is whole: what is left of a millisecond after a difference of clocks is rounded away. */
function toSqlValue(parameter: unknown): SqlValue {
  switch (typeof parameter) {
    case 'number':
      assert(Number.isFinite(parameter), 'a number in a query must be finite');
      return Math.round(parameter);
    case 'boolean':
      return parameter ? 1 : 0;
    case 'string':
      return parameter;
    default:
      if (parameter === null || parameter === undefined) return null;
      if (parameter instanceof Uint8Array) return parameter;
      throw new AssertionError(`a query has a parameter of type ${typeof parameter}`);
  }
}
