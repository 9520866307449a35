import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNodeExec } from './exec.js';
import { makeKernelFiles, type NodeKernelFiles } from './kernel-files.js';

let root: string;
let kernel: NodeKernelFiles;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bramble-root-'));
  kernel = makeKernelFiles(root);
});

afterEach(() => {
  kernel.close();
  rmSync(root, { recursive: true });
});

function put(path: string, content: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('everything is read below the root', () => {
  put('/proc/loadavg', '0.00 0.01 0.05 1/100 42\n');
  expect(kernel.readText('/proc/loadavg')).toBe('0.00 0.01 0.05 1/100 42\n');
  expect(kernel.readText('/proc/uptime')).toBeUndefined();
  expect(kernel.list('/proc')).toEqual(['loadavg']);
  expect(kernel.statFilesystem('/proc')?.blocks).toBeGreaterThan(0);
});

test('links stay inside the root, absolute and relative ones, however they climb', () => {
  put('/etc/passwd', 'ours');
  mkdirSync(join(root, 'sys/class'), { recursive: true });
  symlinkSync('/etc/passwd', join(root, 'sys/absolute'));
  symlinkSync('../../../../../../../../etc/passwd', join(root, 'sys/climbing'));
  symlinkSync('../..', join(root, 'sys/class/up'));
  symlinkSync('/', join(root, 'sys/top'));
  expect(kernel.readText('/sys/absolute')).toBe('ours');
  expect(kernel.readText('/sys/climbing')).toBe('ours');
  expect(kernel.readText('/sys/class/up/etc/passwd')).toBe('ours');
  expect(kernel.readText('/sys/class/up/../../../../etc/passwd')).toBe('ours');
  expect(kernel.readText('/../../../../../../etc/passwd')).toBe('ours');
  expect(kernel.list('/sys/top')).toEqual(['etc', 'sys']);
});

test('a loop of links is absent', () => {
  mkdirSync(join(root, 'sys'));
  symlinkSync('b', join(root, 'sys/a'));
  symlinkSync('a', join(root, 'sys/b'));
  expect(kernel.readText('/sys/a')).toBeUndefined();
  expect(kernel.list('/sys/a/x')).toBeUndefined();
});

test('a file that stays open shows what it says now, grows and shrinks', () => {
  for (const content of ['one', 'a longer text', '', 'x'.repeat(40_000), 'short again', 'zwölf']) {
    put('/proc/stat', content);
    expect(kernel.readText('/proc/stat')).toBe(content);
  }
});

test('a file of /proc that stays open is noticed when its name goes to another, in the end', () => {
  put('/sys/a', 'old');
  for (let i = 0; i < 3; i++) kernel.readText('/sys/a');
  put('/sys/b', 'new');
  renameSync(join(root, 'sys/b'), join(root, 'sys/a'));
  const seen = Array.from({ length: 130 }, () => kernel.readText('/sys/a'));
  expect(seen.at(-1)).toBe('new');
});

test('a file elsewhere is opened anew each time: it may be replaced', () => {
  put('/etc/hostname', 'old');
  for (let i = 0; i < 3; i++) expect(kernel.readText('/etc/hostname')).toBe('old');
  put('/etc/other', 'new');
  renameSync(join(root, 'etc/other'), join(root, 'etc/hostname'));
  expect(kernel.readText('/etc/hostname')).toBe('new');
});

test('at most 64 files stay open, those read once do not, and idle ones give way', () => {
  for (let i = 0; i < 200; i++) put(`/sys/${i}`, `${i}`);
  const before = openFiles();
  for (let i = 0; i < 200; i++) kernel.readText(`/sys/${i}`);
  expect(openFiles() - before).toBe(0);
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < 200; i++) expect(kernel.readText(`/sys/${i}`)).toBe(`${i}`);
  expect(openFiles() - before).toBe(64);
  put('/sys/fresh', 'fresh');
  for (let i = 0; i < 2000; i++) expect(kernel.readText('/sys/fresh')).toBe('fresh');
  expect(openFiles() - before).toBe(64);
  kernel.close();
  expect(openFiles() - before).toBe(0);
});

test('files of the NFS server answer once for as long as they are open: they never stay so', () => {
  put('/proc/fs/nfsd/v4_end_grace', 'N\n');
  const before = openFiles();
  for (let i = 0; i < 4; i++) expect(kernel.readText('/proc/fs/nfsd/v4_end_grace')).toBe('N\n');
  expect(openFiles() - before).toBe(0);
});

test('a binary file keeps every byte when it is read as latin1', () => {
  mkdirSync(join(root, 'proc'));
  writeFileSync(join(root, 'proc/cell'), Uint8Array.of(0x00, 0xa0, 0x20, 0x82));
  expect(kernel.readText('/proc/cell', 'latin1')).toBe('\u0000\u00a0 \u0082');
});

test('more than 256 KiB are cut off', () => {
  put('/proc/large', 'x'.repeat(300_000));
  expect(kernel.readText('/proc/large')).toHaveLength(256 * 1024);
});

test('a pipe that nobody writes to holds nobody up', async () => {
  mkdirSync(join(root, 'sys'));
  const limits = { signal: new AbortController().signal, timeoutMs: 10_000 };
  await makeNodeExec().run(['mkfifo', join(root, 'sys/pipe')], limits);
  expect(kernel.list('/sys')).toEqual(['pipe']);
  for (let i = 0; i < 3; i++) expect(kernel.readText('/sys/pipe') ?? '').toBe('');
});

test('what the real kernel says is read whole, also where it answers in pieces', () => {
  const real = makeKernelFiles();
  expect(real.readText('/proc/self/stat')).toMatch(new RegExp(`^${process.pid} `));
  expect(real.readText('/proc/meminfo')).toMatch(/^MemTotal:/);
  const symbols = real.readText('/proc/kallsyms') ?? '';
  expect(symbols.length === 0 || symbols.length === 256 * 1024).toBe(true);
  const [first, second] = [real.readText('/proc/uptime'), real.readText('/proc/uptime')];
  expect(Number(second?.split(' ')[0])).toBeGreaterThanOrEqual(Number(first?.split(' ')[0]));
  real.close();
});
