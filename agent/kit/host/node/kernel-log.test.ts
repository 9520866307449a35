import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNodeExec } from './exec.js';
import { makeKernelLog, noKernelLog } from './kernel-log.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bramble-kmsg-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('a machine without a log, or that does not let it be read, is unsupported', () => {
  expect(() => makeKernelLog(join(directory, 'none')).read(10)).toThrow(
    expect.objectContaining({ code: 'unsupported', hint: expect.stringContaining('CAP_SYSLOG') }),
  );
  expect(() => makeKernelLog(directory).read(10)).toThrow(expect.objectContaining({ code: 'unsupported' }));
  expect(() => noKernelLog().read(10)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});

test('a log in which nobody writes holds nobody up', async () => {
  const pipe = join(directory, 'pipe');
  await makeNodeExec().run(['mkfifo', pipe], { signal: new AbortController().signal, timeoutMs: 10_000 });
  const log = makeKernelLog(pipe);
  for (let i = 0; i < 3; i++) expect(log.read(10)).toEqual({ records: [], droppedCount: 0 });
  log.close();
});

test('the file stays open between reads, and is given back', () => {
  const path = join(directory, 'log');
  writeFileSync(path, '6,7,1000,-;one record\n');
  const before = openFiles();
  const log = makeKernelLog(path);
  expect(log.read(10).records).toMatchObject([{ sequence: 7, atMs: 1, text: 'one record' }]);
  expect(log.read(10).records).toEqual([]);
  expect(openFiles()).toBe(before + 1);
  log.close();
  expect(openFiles()).toBe(before);
  log.close();
});
