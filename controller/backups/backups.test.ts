import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { adoptDatabaseCopy } from '../store/adopt-copy.js';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.js';
import { by } from '../usecases/testing/by.js';
import { FakeWorld } from '../usecases/testing/fake-world.js';
import { FakeAgent, id, makeNode, refusal, TestFleet } from '../usecases/testing/fleet.js';
import { BackupFolder, isRestoreUnfinished } from './backup-folder.js';
import { restoreBackup } from './restore.js';

const restartSsh = {
  action: { kind: 'restart-unit', unit: 'ssh.service' },
  reason: 'stuck',
  validForMs: 300_000,
} as const;

let dataDir = '';
let world = new FakeWorld();
let store: SqliteStore;

const open = (): Promise<SqliteStore> =>
  openSqliteStore({ path: join(dataDir, 'bramble.db'), mode: 'inline', clock: world.clock, log: world.log });

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bramble-backup-'));
  world = new FakeWorld();
  await mkdir(join(dataDir, 'pki'), { mode: 0o700 });
  await writeFile(join(dataDir, 'pki', 'root.key'), 'the key', { mode: 0o600 });
  store = await open();
  await store.transact((writer) => writer.putNode(makeNode(1)));
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

const folder = (): BackupFolder =>
  new BackupFolder({
    dataDir,
    clock: world.clock,
    schemaVersion: store.schemaVersion,
    copyDatabase: (toPath) => store.backup(toPath),
  });

const restore = (backup: string) => restoreBackup(backup, dataDir, { clock: world.clock, adopt: adoptDatabaseCopy });

async function everyMode(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  const modes = await Promise.all(
    entries.map(async (one) => (await stat(join(one.parentPath, one.name))).mode & 0o777),
  );
  return [...new Set(modes.map((mode) => mode.toString(8)))].sort();
}

test('a restored controller holds commands until it is promoted, and then commands at an epoch above all', async () => {
  const { path } = await folder().make(true);
  const before = await TestFleet.start({ store, nodes: [], world });
  const lost = await before.core.commands.issue(id(1), restartSsh, by('alice'));
  await before.core.stop();
  await store.close();
  const restored = await restore(path);
  expect(restored).toMatchObject({ withKeys: true, madeAtMs: expect.any(Number) });
  store = await open();
  const fleet = await TestFleet.start({ store, nodes: [], world: new FakeWorld(2) });
  expect(fleet.core.nodes.get(id(1))).toBeDefined();
  expect(await store.reader.command(lost.id)).toBeUndefined();
  expect((await refusal(fleet.core.commands.issue(id(1), restartSsh, by('alice')))).hint).toContain('promote');
  const ledgerHead = { newestCommandIds: [lost.id], entriesCount: 1, epochHighest: 3 };
  const agent = await fleet.connect(new FakeAgent(1, { ledgerHead }));
  expect(agent.got('welcome')[0]?.commandsHeld).toBe(true);
  expect((await fleet.core.promote('the disk died', by('alice'))).epoch).toBe(4);
  const command = await fleet.core.commands.issue(id(1), restartSsh, by('alice'));
  expect(command.epoch).toBe(4);
  expect(agent.commandsReceived).toEqual([command.id]);
  await fleet.core.stop();
});

test('a backup is for its owner alone, with the keys or without', async () => {
  const made = await folder().make(true);
  expect((await readdir(made.path)).sort()).toEqual(['bramble.db', 'manifest.json', 'pki']);
  expect(await everyMode(join(dataDir, 'backups'))).toEqual(['600', '700']);
  await world.advance(1_000);
  expect((await readdir((await folder().make(false)).path)).sort()).toEqual(['bramble.db', 'manifest.json']);
});

test('the ten newest are kept, and what a killed controller left unfinished is not', async () => {
  await mkdir(join(dataDir, 'backups', 'bramble-x.partial'), { recursive: true });
  for (let count = 0; count < 12; count++) {
    await folder().make(false);
    await world.advance(1_000);
  }
  const names = await readdir(join(dataDir, 'backups'));
  expect(names).toHaveLength(10);
  expect(names.some((name) => name.endsWith('.partial'))).toBe(false);
});

test('what is replaced is kept aside, keys among it, and nothing unfinished stays', async () => {
  const { path } = await folder().make(true);
  await writeFile(join(dataDir, 'pki', 'root.key'), 'another key');
  await store.close();
  const { replaced = '' } = await restore(path);
  expect(await readFile(join(replaced, 'pki', 'root.key'), 'utf8')).toBe('another key');
  expect(await readFile(join(dataDir, 'pki', 'root.key'), 'utf8')).toBe('the key');
  expect(await readdir(replaced)).toContain('bramble.db');
  expect(await isRestoreUnfinished(dataDir)).toBe(false);
  expect(await readdir(dataDir)).not.toContain('restore.partial');
  store = await open();
});

test('a restore that was cut off leaves its mark, what it replaces is not lost, and restoring again ends it', async () => {
  const { path } = await folder().make(true);
  await store.close();
  const stamp = new Date(world.clock.nowMs()).toISOString().replaceAll(/[-:.]/g, '');
  await mkdir(join(dataDir, `replaced-${stamp}`)); // in the way of the very first step after the mark
  await expect(restore(path)).rejects.toThrow('EEXIST');
  expect(await isRestoreUnfinished(dataDir)).toBe(true);
  expect(await readFile(join(dataDir, 'pki', 'root.key'), 'utf8')).toBe('the key');
  await world.advance(1_000);
  const { replaced = '' } = await restore(path);
  expect(await readdir(replaced)).toContain('bramble.db');
  expect(await isRestoreUnfinished(dataDir)).toBe(false);
  store = await open();
  expect(await store.reader.nodes()).toHaveLength(1);
});

test.for([
  ['a damaged database', 'bramble.db', 'data-loss'],
  ['a damaged key', 'pki/root.key', 'data-loss'],
  ['no manifest that can be read', 'manifest.json', 'data-loss'],
] as const)('%s is refused, and nothing is replaced', async ([, file, code]) => {
  const { path } = await folder().make(true);
  await writeFile(join(path, file), 'x'.repeat(100), { flag: 'r+' });
  const thrown = await restore(path).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(BrambleError);
  expect(thrown).toMatchObject({ code });
  expect((await store.reader.nodes()).length).toBe(1);
  expect((await readdir(dataDir)).some((name) => name.startsWith('replaced-'))).toBe(false);
});

test('a newer schema is refused', async () => {
  const { path } = await folder().make(false);
  const thrown = await restoreBackup(path, dataDir, {
    clock: world.clock,
    adopt: (copy) => {
      const bytes = 60; // offset of user_version in the header: https://www.sqlite.org/fileformat.html, 1.3.15
      patch(copy, bytes, 9_999);
      adoptDatabaseCopy(copy, 'because');
    },
  }).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: 'failed-precondition' });
  expect(String(thrown)).toContain('9999');
});

test('a backup without keys needs the keys that are there', async () => {
  const { path } = await folder().make(false);
  await rm(join(dataDir, 'pki'), { recursive: true });
  await expect(restore(path)).rejects.toMatchObject({ code: 'failed-precondition' });
});

function patch(path: string, offset: number, value: number): void {
  const content = readFileSync(path);
  content.writeUInt32BE(value, offset);
  writeFileSync(path, content);
}
