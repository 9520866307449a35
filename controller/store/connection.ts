/** What the repositories need of a database connection, wherever it lives: in this thread or in a worker. */

/** What SQLite stores here: whole numbers, text, bytes. */
export type SqlValue = number | string | Uint8Array | null;

export interface SqlStatement {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

export interface SqlResult {
  readonly rows: readonly unknown[];
  readonly changedCount: number;
}

/**
 * `inside`: refuse to run anything once the database has ended the transaction by itself, as it may when the disk is
 * full; statements that follow would each be committed alone.
 */
export type TransactionRule = 'inside' | 'anywhere';

export interface SqlConnection {
  /**
   * Runs the statements in order, stops at the first that fails, and answers with the result of the last.
   * @throws BrambleError as sqlite-error.ts maps it
   */
  execute(statements: readonly SqlStatement[], rule: TransactionRule): Promise<SqlResult>;
  /** Gives free pages back to the filesystem and empties the write-ahead log. Outside transactions only. */
  checkpoint(): Promise<void>;
  /** Writes a consistent copy to a new file. Outside transactions only. @throws BrambleError `already-exists` */
  backup(toPath: string): Promise<void>;
  close(): Promise<void>;
}

export const plain = (sql: string): SqlStatement => ({ sql, parameters: [] });
