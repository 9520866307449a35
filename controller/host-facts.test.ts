import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostWatch, parseOpenFilesLimit } from './host-facts.js';

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bramble-host-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const noTimers = { after: () => () => undefined };

test('the soft limit of open files counts, and none is none', () => {
  const head = 'Limit                     Soft Limit           Hard Limit           Units\n';
  expect(
    parseOpenFilesLimit(`${head}Max open files            1024                 524288               files\n`),
  ).toEqual({
    limit: 1024,
  });
  expect(
    parseOpenFilesLimit(`${head}Max open files            unlimited            unlimited            files\n`),
  ).toEqual({});
});

test('a data directory has room, and its newest whole backup a time', async () => {
  const watch = new HostWatch(dataDir, noTimers);
  watch.start();
  expect((await watch.facts()).lastBackupAtMs).toBeUndefined();
  for (const name of [
    'bramble-20261119T120000000Z',
    'bramble-20261120T120000500Z',
    'bramble-20261121T120000000Z.partial',
  ])
    await mkdir(join(dataDir, 'backups', name), { recursive: true });
  const facts = await watch.facts();
  watch.stop();
  expect(facts.lastBackupAtMs).toBe(Date.UTC(2026, 10, 20, 12, 0, 0, 500));
  expect(facts.dataDir?.freeBytes).toBeGreaterThan(0);
  expect(facts.openFiles?.openCount).toBeGreaterThan(0);
  expect(facts.runtime).toBe(process.version);
});

test('of a directory that is not there nothing is made up', async () => {
  expect((await new HostWatch(join(dataDir, 'gone'), noTimers).facts()).dataDir).toBeUndefined();
});
