import Database from 'better-sqlite3';
import { BrambleError } from '../../proto/contract/errors.js';
import { HELD_SETTING } from '../usecases/command-hold.js';
import { APPLICATION_ID } from './engine.js';
import { MIGRATIONS } from './migrations/index.js';
import { storeError } from './sqlite-error.js';

/**
 * Checks a copy of the database before it takes the place of the real one, and marks it: the controller that opens it
 * holds commands, because the fleet may have gone on since the copy was made.
 * @param becauseOf told to whoever asks why commands are held
 * @throws BrambleError `data-loss` (damaged), `failed-precondition` (newer schema, another program's)
 */
export function adoptDatabaseCopy(path: string, becauseOf: string): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { fileMustExist: true });
    check(db, path);
    const put =
      'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    db.pragma('journal_mode = DELETE'); // one file, whatever it was made with: it is renamed next
    db.pragma('synchronous = FULL');
    db.prepare(put).run(HELD_SETTING, becauseOf);
  } catch (thrown) {
    throw storeError(thrown, path);
  } finally {
    db?.close();
  }
}

function check(db: Database.Database, path: string): void {
  if (Number(db.pragma('application_id', { simple: true })) !== APPLICATION_ID) {
    throw new BrambleError('failed-precondition', `${path} is not a database of this program`, {
      hint: 'name a folder that bramble backup wrote',
    });
  }
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version < 1 || version > MIGRATIONS.length) {
    throw new BrambleError(
      'failed-precondition',
      `the backup is at schema ${version}, this build knows ${MIGRATIONS.length}`,
      { hint: 'restore with the release that made it, or a newer one' },
    );
  }
  const found = db.pragma('integrity_check(1)', { simple: true });
  const dangling = db.pragma('foreign_key_check');
  if (found === 'ok' && Array.isArray(dangling) && dangling.length === 0) return;
  throw new BrambleError('data-loss', `the copy of the database is damaged: ${String(found)}`, {
    hint: 'restore an older backup',
  });
}
