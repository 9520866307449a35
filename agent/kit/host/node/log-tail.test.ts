import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNodeLogTail, nodeLocalTime } from './log-tail.js';

let directory: string;
let path: string;
const tail = makeNodeLogTail();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bramble-tail-'));
  path = join(directory, 'log');
});
afterEach(() => rm(directory, { recursive: true }));

test('there is nothing to read where there is no file', async () => {
  expect(await tail.read(path, undefined)).toBeUndefined();
});

test('every line is read once, and only when it is whole', async () => {
  await writeFile(path, 'one\ntwo\nthr');
  const first = await tail.read(path, undefined);
  expect(first?.lines).toEqual(['one', 'two']);
  await appendFile(path, 'ee\n');
  const second = await tail.read(path, first?.position);
  expect(second?.lines).toEqual(['three']);
  expect((await tail.read(path, second?.position))?.lines).toEqual([]);
});

test('a log that was renamed is read to its end, then the new one', async () => {
  await writeFile(path, 'one\n');
  const first = await tail.read(path, undefined);
  await appendFile(path, 'two\n');
  await rename(path, `${path}.1`);
  await writeFile(path, 'three\n');
  const second = await tail.read(path, first?.position);
  expect(second?.lines).toEqual(['two', 'three']);
  await appendFile(path, 'four\n');
  expect((await tail.read(path, second?.position))?.lines).toEqual(['four']);
});

test('a log that was renamed and not yet begun anew is read to its end', async () => {
  await writeFile(path, 'one\n');
  const first = await tail.read(path, undefined);
  await appendFile(path, 'two\n');
  await rename(path, `${path}.1`);
  expect((await tail.read(path, first?.position))?.lines).toEqual(['two']);
});

test('a log that was cut to nothing begins anew', async () => {
  await writeFile(path, 'one\ntwo\n');
  const first = await tail.read(path, undefined);
  await truncate(path);
  await appendFile(path, 'six\n');
  expect((await tail.read(path, first?.position))?.lines).toEqual(['six']);
});

test('much at once comes in parts, and a line without an end is passed over', async () => {
  await writeFile(path, '');
  const start = await tail.read(path, undefined);
  await writeFile(path, `${'x'.repeat(99)}\n`.repeat(3_000));
  const first = await tail.read(path, start?.position);
  expect(first).toMatchObject({ more: true, skippedBytes: 0 });
  const second = await tail.read(path, first?.position);
  expect([second?.more, (first?.lines.length ?? 0) + (second?.lines.length ?? 0)]).toEqual([false, 3_000]);
  await appendFile(path, 'y'.repeat(300_000));
  expect(await tail.read(path, second?.position)).toMatchObject({ lines: [], skippedBytes: 256 * 1024 });
});

test('a stamp without a year is of the year that brings it nearest', () => {
  const newYear = new Date(2027, 0, 1, 0, 0, 10).getTime();
  const stamp = { year: undefined, month: 12, day: 31, hour: 23, minute: 59, second: 59 };
  expect(newYear - nodeLocalTime(stamp, newYear)).toBe(11_000);
  expect(nodeLocalTime({ ...stamp, year: 2020 }, newYear)).toBe(new Date(2020, 11, 31, 23, 59, 59).getTime());
});
