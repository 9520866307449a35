import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';

interface Told {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

const RESTORE = 'stop the controller and restore the newest backup; keep the broken file for a later look';
const FREE_SPACE = 'free some space on its filesystem; the controller goes on by itself';
const PERMISSIONS = 'let the user that runs the controller write the file and its folder, or name another folder';

/** By primary result code; extended codes are looked up first. Source: https://www.sqlite.org/rescode.html */
const TOLD: Readonly<Record<string, Told>> = {
  SQLITE_FULL: { code: 'unavailable', what: 'no space left for', hint: FREE_SPACE },
  SQLITE_BUSY: { code: 'unavailable', what: 'another program holds', hint: 'close what else has the file open' },
  SQLITE_LOCKED: { code: 'unavailable', what: 'another program holds', hint: 'close what else has the file open' },
  SQLITE_IOERR: { code: 'unavailable', what: 'input/output error on', hint: 'look at the disk and the kernel log' },
  SQLITE_CORRUPT: { code: 'data-loss', what: 'damaged:', hint: RESTORE },
  SQLITE_NOTADB: { code: 'data-loss', what: 'not a database:', hint: RESTORE },
  SQLITE_READONLY: { code: 'failed-precondition', what: 'cannot write', hint: PERMISSIONS },
  SQLITE_CANTOPEN: { code: 'failed-precondition', what: 'cannot open', hint: PERMISSIONS },
  SQLITE_PERM: { code: 'failed-precondition', what: 'cannot open', hint: PERMISSIONS },
  SQLITE_NOMEM: { code: 'resource-exhausted', what: 'not enough memory for' },
  SQLITE_TOOBIG: { code: 'invalid-argument', what: 'a value is too large for' },
  SQLITE_CONSTRAINT_UNIQUE: { code: 'already-exists', what: 'refused by' },
  SQLITE_CONSTRAINT_PRIMARYKEY: { code: 'already-exists', what: 'refused by' },
  SQLITE_CONSTRAINT_FOREIGNKEY: { code: 'not-found', what: 'refers to something that is not in' },
};

const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: 'SQLITE_CANTOPEN',
  EPERM: 'SQLITE_CANTOPEN',
  EROFS: 'SQLITE_READONLY',
  ENOENT: 'SQLITE_CANTOPEN',
  ENOTDIR: 'SQLITE_CANTOPEN',
  EISDIR: 'SQLITE_CANTOPEN',
  ELOOP: 'SQLITE_CANTOPEN',
  ENAMETOOLONG: 'SQLITE_CANTOPEN',
  ENOSPC: 'SQLITE_FULL',
  EDQUOT: 'SQLITE_FULL',
  EIO: 'SQLITE_IOERR',
};

/** Says what went wrong with which database, for whoever can act on it. Ours passes as it is. */
export function storeError(thrown: unknown, path: string): BrambleError {
  if (thrown instanceof BrambleError) return thrown;
  const raw = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const code = SYSTEM[raw] ?? raw;
  const told = TOLD[code] ?? TOLD[code.split('_').slice(0, 2).join('_')];
  if (told === undefined) return BrambleError.from(thrown);
  const detail = thrown instanceof Error ? thrown.message : raw;
  return new BrambleError(told.code, `${told.what} the database ${path} (${detail})`, {
    cause: thrown,
    ...(told.hint === undefined ? {} : { hint: told.hint }),
  });
}
