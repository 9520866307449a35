/** What the main thread and a database worker say to each other; all of it survives structured cloning. */

import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';
import type { SqlResult, SqlStatement, TransactionRule } from './connection.js';
import type { MigrationReport } from './migrate.js';

export const WORKER_ROLE = 'bramble-sqlite';

export interface WorkerStart {
  readonly role: typeof WORKER_ROLE;
  readonly path: string;
  readonly access: 'read' | 'write';
  readonly nowMs: number;
}

export type WorkerTask =
  | { readonly kind: 'execute'; readonly statements: readonly SqlStatement[]; readonly rule: TransactionRule }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'backup'; readonly toPath: string }
  | { readonly kind: 'close' };

export interface WorkerRequest {
  readonly id: number;
  readonly task: WorkerTask;
}

export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

export type WorkerReply =
  | { readonly id: number; readonly result: SqlResult }
  | { readonly id: number; readonly error: PlainError };

export type WorkerOpened =
  | { readonly kind: 'opened'; readonly migrated: MigrationReport }
  | { readonly kind: 'refused'; readonly error: PlainError };

export function plainError(thrown: unknown): PlainError {
  const { code, message, hint } = BrambleError.from(thrown);
  return { code, message, hint };
}

export function errorOf({ code, message, hint }: PlainError): BrambleError {
  return new BrambleError(code, message, hint === undefined ? {} : { hint });
}
