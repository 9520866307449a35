import { chmod, lstat, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNodeFiles } from './files.js';
import { readOwnedText } from './owned-file.js';

const files = makeNodeFiles();
let directory: string;
const path = (name: string): string => join(directory, name);
const modeOf = async (name: string): Promise<number> => (await stat(path(name))).mode & 0o777;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bramble-files-'));
});

afterEach(() => rm(directory, { recursive: true }));

test('what the agent writes is for the agent alone, unless it says otherwise', async () => {
  await files.writeAtomic(path('new/secret'), 'x');
  await files.writeAtomic(path('public'), 'x', 0o644);
  const log = await files.openLog(path('logs/log'));
  await log.close();
  expect([await modeOf('new'), await modeOf('new/secret'), await modeOf('public')]).toEqual([0o700, 0o600, 0o644]);
  expect([await modeOf('logs'), await modeOf('logs/log')]).toEqual([0o700, 0o600]);
});

test('a replaced file gets the mode that was asked for, whatever it had before', async () => {
  await writeFile(path('file'), 'old', { mode: 0o666 });
  await files.writeAtomic(path('file'), 'new');
  expect(await modeOf('file')).toBe(0o600);
});

test('what a crash left under the temporary name is no obstacle, and nothing stays behind', async () => {
  await writeFile(path('.file.tmp'), 'half a file that is longer', { mode: 0o666 });
  await files.writeAtomic(path('file'), 'whole');
  expect(await files.readText(path('file'))).toBe('whole');
  expect(await readdir(directory)).toEqual(['file']);
});

test('a failed write says what and where, keeps the old file, and leaves no temporary file', async () => {
  await files.writeAtomic(path('taken/inside'), 'x');
  await expect(files.writeAtomic(path('taken'), 'y')).rejects.toThrow(`writing ${path('taken')}`);
  expect(await readdir(directory)).toEqual(['taken']);
  expect(await files.readText(path('taken/inside'))).toBe('x');
});

test('links are replaced, never followed', async () => {
  await writeFile(path('target'), 'precious');
  await symlink(path('target'), path('link'));
  await symlink(path('target'), path('.link.tmp'));
  await expect(files.openLog(path('link'))).rejects.toMatchObject({ code: 'failed-precondition' });
  await expect(files.writeAtomic(path('link'), 'x')).rejects.toMatchObject({ code: 'failed-precondition' });
  await files.writeAtomic(path('link'), 'x');
  expect((await lstat(path('link'))).isSymbolicLink()).toBe(false);
  expect(await files.readText(path('target'))).toBe('precious');
});

test('a full device is resource-exhausted, with what to do about it', async () => {
  const log = await files.openLog('/dev/full');
  const error = await log.append(new Uint8Array(10)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'resource-exhausted', hint: expect.stringContaining('free space') });
  await log.close();
});

test('a directory is no file', async () => {
  await expect(files.readText(directory)).rejects.toMatchObject({ code: 'unavailable', context: { errno: 'EISDIR' } });
  await expect(files.openLog(directory)).rejects.toMatchObject({ code: 'unavailable' });
});

test('a file that others may write, or that others own, is not trusted', async () => {
  const uid = process.getuid?.() ?? 0;
  await writeFile(path('policy'), 'text');
  await chmod(path('policy'), 0o644);
  expect(await readOwnedText(path('policy'), uid)).toBe('text');
  await expect(readOwnedText(path('policy'), uid + 1)).rejects.toMatchObject({ code: 'failed-precondition' });
  await chmod(path('policy'), 0o664);
  await expect(readOwnedText(path('policy'), uid)).rejects.toMatchObject({
    hint: expect.stringContaining('chmod go-w'),
  });
  await expect(readOwnedText(path('none'), uid)).rejects.toThrow('does not exist');
  await symlink(path('policy'), path('link'));
  await expect(readOwnedText(path('link'), uid)).rejects.toMatchObject({ code: 'failed-precondition' });
});
