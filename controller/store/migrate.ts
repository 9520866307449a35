import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { assert } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';

/** One step forward of the schema. Steps are never undone: the way back is the backup. */
export interface Migration {
  /** 1 for the first step, without gaps. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export interface MigrationReport {
  readonly fromVersion: number;
  readonly toVersion: number;
  /** Copy of the database as it was before; `undefined` when nothing had to be kept. */
  readonly backupPath: string | undefined;
}

const BOOK = `
  CREATE TABLE IF NOT EXISTS schema_step (
    version INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    sql_sha256 TEXT NOT NULL,
    applied_at_ms INTEGER NOT NULL
  ) STRICT`;

/**
 * Brings the database to the newest schema, one transaction per step; killed at any moment, it is at one step or the
 * next. Steps that are there already must be the ones that this build knows.
 * @throws BrambleError `failed-precondition` for a newer or a different schema
 */
export function migrate(db: BetterSqlite3.Database, migrations: readonly Migration[], nowMs: number): MigrationReport {
  migrations.forEach((step, i) => {
    assert(step.version === i + 1, `migration ${step.name} is out of order`);
  });
  const fromVersion = versionOf(db);
  const toVersion = migrations.length;
  if (fromVersion > toVersion) {
    throw new BrambleError(
      'failed-precondition',
      `the database ${db.name} is at schema ${fromVersion}, this build knows ${toVersion}`,
      { hint: 'run the newer controller, or restore the backup taken before the upgrade' },
    );
  }
  checkApplied(db, migrations.slice(0, fromVersion));
  if (fromVersion === toVersion) return { fromVersion, toVersion, backupPath: undefined };
  const backupPath = fromVersion === 0 || db.memory ? undefined : `${db.name}.schema-${fromVersion}.backup`;
  if (backupPath !== undefined) replaceBackup(db, backupPath);
  db.pragma('foreign_keys = OFF'); // a step may rebuild a table that others refer to; checked before its commit
  for (const step of migrations.slice(fromVersion)) applyStep(db, step, nowMs);
  db.pragma('foreign_keys = ON');
  return { fromVersion, toVersion, backupPath };
}

function applyStep(db: BetterSqlite3.Database, step: Migration, nowMs: number): void {
  db.transaction(() => {
    db.exec(BOOK);
    db.exec(step.sql);
    db.prepare('INSERT INTO schema_step (version, name, sql_sha256, applied_at_ms) VALUES (?, ?, ?, ?)').run(
      step.version,
      step.name,
      sha256(step.sql),
      Math.round(nowMs),
    );
    db.pragma(`user_version = ${step.version}`);
    const dangling = db.pragma('foreign_key_check');
    assert(Array.isArray(dangling) && dangling.length === 0, `migration ${step.name} left dangling references`);
  }).immediate();
}

function checkApplied(db: BetterSqlite3.Database, known: readonly Migration[]): void {
  if (known.length === 0) return;
  // What the query selects is what a row has: text in a STRICT column.
  const sums = db.prepare('SELECT sql_sha256 FROM schema_step ORDER BY version').pluck().all() as string[];
  const odd = known.find((step, i) => sums[i] !== sha256(step.sql));
  if (odd === undefined) return;
  throw new BrambleError(
    'failed-precondition',
    `step ${odd.version} (${odd.name}) of the database ${db.name} is not the one that this build knows`,
    { hint: 'run the release that made the database, or restore a backup' },
  );
}

function versionOf(db: BetterSqlite3.Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** An older copy of the same schema version makes way, but only once the new one is complete. */
function replaceBackup(db: BetterSqlite3.Database, toPath: string): void {
  const partial = `${toPath}.partial`;
  rmSync(partial, { force: true });
  copyInto(db, partial);
  renameSync(partial, toPath);
  syncPath(path.dirname(toPath));
}

/**
 * A consistent, compact copy in a new file, on disk when this returns.
 * @throws BrambleError `already-exists`
 */
export function copyDatabase(db: BetterSqlite3.Database, toPath: string): void {
  if (existsSync(toPath)) {
    throw new BrambleError('already-exists', `${toPath} is there already`, { hint: 'name a new file for the backup' });
  }
  replaceBackup(db, toPath);
}

function copyInto(db: BetterSqlite3.Database, toPath: string): void {
  closeSync(openSync(toPath, 'wx', 0o600)); // an empty file is a valid target, and is ours alone from the start
  try {
    db.prepare('VACUUM INTO ?').run(toPath);
  } catch (thrown) {
    rmSync(toPath, { force: true });
    throw thrown;
  }
  syncPath(toPath);
}

function syncPath(target: string): void {
  const file = openSync(target, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
