import { once } from 'node:events';
import { chmod, link, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prepareDataDir } from './data-dir.js';
import { lockDataDir } from './data-lock.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-lock-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('a second controller on the same data directory is told which process holds it', async () => {
  const lock = await lockDataDir(dir, 4711);
  await expect(lockDataDir(dir, 4712)).rejects.toMatchObject({
    code: 'failed-precondition',
    message: expect.stringContaining('process 4711 already uses'),
  });
  await lock.release();
  await (await lockDataDir(dir, 4712)).release();
  expect(await readdir(dir)).toEqual([]);
});

test('the lock of a process that was killed does not stand in the way', async () => {
  // What the kernel leaves of a killed process: a socket's name that nobody listens behind.
  const holder = createServer().listen(join(dir, 'gone.sock'));
  await once(holder, 'listening');
  await link(join(dir, 'gone.sock'), join(dir, 'lock.sock'));
  holder.close();
  await once(holder, 'close');
  expect(await readdir(dir)).toEqual(['lock.sock']);
  await (await lockDataDir(dir, 1)).release();
});

test('of many that start at once on a stale lock, exactly one gets it', async () => {
  await writeFile(join(dir, 'lock.sock'), '');
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => lockDataDir(dir, 100 + index)));
  const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
  expect(won).toHaveLength(1);
  for (const attempt of won) await attempt.value.release();
});

test('a path that no Unix socket can have is refused before anything is made', async () => {
  await expect(lockDataDir(join(dir, 'x'.repeat(100)), 1)).rejects.toMatchObject({ code: 'failed-precondition' });
});

test('a data directory that others may write is refused with the remedy', async () => {
  await chmod(dir, 0o777);
  await expect(prepareDataDir(dir)).rejects.toMatchObject({ hint: expect.stringContaining('chmod 700') });
});

test('a data directory below a file is refused with its path', async () => {
  await writeFile(join(dir, 'file'), '');
  await expect(prepareDataDir(join(dir, 'file', 'data'))).rejects.toMatchObject({
    message: expect.stringContaining('not a directory'),
  });
});

test('a data directory where none can be made is refused, and soon', async () => {
  await expect(prepareDataDir('/proc/bramble/data')).rejects.toMatchObject({ code: 'failed-precondition' });
});

test('an absent data directory is made, for its owner only', async () => {
  await prepareDataDir(join(dir, 'a', 'b'));
  expect(await readdir(join(dir, 'a'))).toEqual(['b']);
});
