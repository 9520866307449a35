import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteEngine } from './engine.js';
import type { Migration } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bramble-migrate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name = 'bramble.db'): string => path.join(folder, name);

/** Opens, migrates, closes. */
function bring(filePath: string, migrations: readonly Migration[]) {
  const engine = SqliteEngine.open({ path: filePath, access: 'write', migrations, nowMs: 1_000 });
  engine.close();
  return engine.migrated;
}

/** Everything that makes up the schema. */
function dump(filePath: string): unknown {
  const db = new Database(filePath, { readonly: true });
  try {
    return {
      version: db.pragma('user_version', { simple: true }),
      application: db.pragma('application_id', { simple: true }),
      vacuum: db.pragma('auto_vacuum', { simple: true }),
      schema: db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all(),
      steps: db.prepare('SELECT version, name, sql_sha256 FROM schema_step').all(),
    };
  } finally {
    db.close();
  }
}

/** The released steps, and some that a later release might bring: a new column, a rebuilt table, moved data. */
const LATER: readonly Migration[] = [
  ...MIGRATIONS,
  {
    version: MIGRATIONS.length + 1,
    name: 'column',
    sql: `ALTER TABLE node ADD COLUMN note TEXT NOT NULL DEFAULT '';`,
  },
  {
    version: MIGRATIONS.length + 2,
    name: 'rebuild',
    sql: `
      CREATE TABLE setting_new (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, unit TEXT NOT NULL) STRICT;
      INSERT INTO setting_new SELECT name, value, '' FROM setting;
      DROP TABLE setting;
      ALTER TABLE setting_new RENAME TO setting;`,
  },
];

test('every past version, upgraded, equals a fresh database', () => {
  for (const known of [MIGRATIONS, LATER]) {
    bring(file('fresh.db'), known);
    for (let version = 1; version < known.length; version++) {
      const old = file(`from-${version}-of-${known.length}.db`);
      bring(old, known.slice(0, version));
      bring(old, known);
      expect(dump(old)).toEqual(dump(file('fresh.db')));
    }
    rmSync(file('fresh.db'));
  }
});

test('data survives an upgrade, and the database as it was is kept beside it', () => {
  bring(file(), MIGRATIONS);
  const before = new Database(file());
  before.exec("INSERT INTO setting VALUES ('epoch', '7')");
  before.close();
  const { backupPath } = bring(file(), LATER);
  const after = new Database(file(), { readonly: true });
  expect(after.prepare('SELECT * FROM setting').all()).toEqual([{ name: 'epoch', value: '7', unit: '' }]);
  after.close();
  expect(backupPath).toBe(`${file()}.schema-${MIGRATIONS.length}.backup`);
  const backup = new Database(backupPath, { readonly: true });
  expect(backup.prepare('SELECT * FROM setting').all()).toEqual([{ name: 'epoch', value: '7' }]);
  backup.close();
  bring(file('other.db'), MIGRATIONS);
  expect(dump(backupPath ?? '')).toEqual(dump(file('other.db')));
});

test('a fresh database needs no backup, and an unchanged one neither', () => {
  expect(bring(file(), MIGRATIONS)).toEqual({ fromVersion: 0, toVersion: MIGRATIONS.length, backupPath: undefined });
  expect(bring(file(), MIGRATIONS).backupPath).toBeUndefined();
  expect(existsSync(`${file()}.schema-${MIGRATIONS.length}.backup`)).toBe(false);
});

test('a step that fails leaves the step before it, and the backup', () => {
  bring(file(), MIGRATIONS);
  const before = dump(file());
  const broken = { version: MIGRATIONS.length + 1, name: 'broken', sql: 'CREATE TABLE extra (n INTEGER); CREATE TABL' };
  expect(() => bring(file(), [...MIGRATIONS, broken])).toThrow('syntax error');
  expect(dump(file())).toEqual(before);
  expect(existsSync(`${file()}.schema-${MIGRATIONS.length}.backup`)).toBe(true);
});

test('a step that would leave dangling references is refused', () => {
  bring(file(), MIGRATIONS);
  const before = new Database(file());
  before.exec(`INSERT INTO node VALUES ('n', 's', 'pi', 'name', 'enrolled', '', '', '[]', 0, 0);
    INSERT INTO credential VALUES ('n', 1, 'a', 'b', 0, 0)`);
  before.close();
  const careless = { version: MIGRATIONS.length + 1, name: 'careless', sql: 'DELETE FROM node' };
  expect(() => bring(file(), [...MIGRATIONS, careless])).toThrow('dangling');
  expect(dump(file())).toMatchObject({ version: MIGRATIONS.length });
});

test('a database of a newer release is refused, with the way out', () => {
  bring(file(), LATER);
  const before = dump(file());
  expect(() => bring(file(), MIGRATIONS)).toThrow(
    expect.objectContaining({
      code: 'failed-precondition',
      message: expect.stringContaining(file()),
      hint: 'run the newer controller, or restore the backup taken before the upgrade',
    }),
  );
  expect(dump(file())).toEqual(before);
});

test('a step that was changed after it was applied is refused', () => {
  bring(file(), LATER);
  const changed = LATER.map((step) => (step.name === 'column' ? { ...step, sql: `${step.sql} -- better` } : step));
  expect(() => bring(file(), changed)).toThrow(expect.objectContaining({ code: 'failed-precondition' }));
});

test('migrations are numbered from 1 without gaps', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, i) => i + 1));
});
