import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CatalogueCheck } from '../../../proto/contract/images/catalogue-check.js';
import { readTarTree } from './tar-tree.js';
import { unpackFile } from './unpack-file.js';

let dir = '';
const opened: FileHandle[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bramble-tar-'));
});
afterEach(async () => {
  for (const file of opened.splice(0)) await file.close();
  rmSync(dir, { recursive: true });
});

async function opening(path: string): Promise<FileHandle> {
  const file = await open(path, 'r');
  opened.push(file);
  return file;
}

interface Entry {
  readonly name: string;
  readonly type?: string;
  readonly linkName?: string;
  readonly content?: string;
  /** As the header says, whatever there is. */
  readonly sizeText?: string;
}

/** One header as pax has it, and its content. */
function block({ name, type = '0', linkName = '', content = '', sizeText }: Entry): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(sizeText ?? `${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(type, 156);
  header.write(linkName, 157, 100, 'utf8');
  header.write('ustar\x0000', 257);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

const pax = (key: string, value: string): Entry => {
  const rest = ` ${key}=${value}\n`;
  const length = (digits: number): number => Buffer.byteLength(rest) + digits;
  const digits = String(length(2)).length === 2 ? 2 : 3;
  return { name: 'pax', type: 'x', content: `${length(digits)}${rest}` };
};

async function read(entries: readonly Entry[]): Promise<readonly string[]> {
  const path = join(dir, 'a.tar');
  writeFileSync(path, Buffer.concat([...entries.map(block), Buffer.alloc(1024)]));
  const tree = await readTarTree(await opening(path));
  const check = new CatalogueCheck('root');
  for (const entry of tree.entries) check.take(entry);
  return tree.entries.map(({ kind, path: at }) => `${kind} ${at}`);
}

test('names come in their order, with the folders that the archive does not speak of, and links after what they name', async () => {
  const found = await read([
    { name: './b/c', content: 'x' },
    { name: 'a', type: '1', linkName: './b/c' },
    { name: './', type: '5' },
    { name: 'link', type: '2', linkName: '../out' },
    { name: 'dev/null', type: '3' },
  ]);
  expect(found).toEqual(['directory .', 'directory b', 'file b/c', 'symlink link', 'hard-link a']);
});

test('a long name and a large size in a header of their own count', async () => {
  const long = `${'x'.repeat(120)}/y`;
  expect(await read([pax('path', long), { name: 'short', content: 'abc' }])).toContain(`file ${long}`);
});

describe('T-44: an archive that means harm is refused', () => {
  test.for<[string, readonly Entry[]]>([
    ['an absolute path', [{ name: '/etc/passwd' }]],
    ['a path that goes up', [{ name: 'a/../../etc/passwd' }]],
    ['a link, then a file through it', [{ name: 'a', type: '2', linkName: '/etc' }, { name: 'a/passwd' }]],
    ['another name of what is outside', [{ name: 'a', type: '1', linkName: '../../etc/shadow' }]],
    ['one name twice', [{ name: 'a' }, { name: './a' }]],
    ['one name in two forms of Unicode', [{ name: 'caf\u00e9' }, { name: 'cafe\u0301' }]],
    ['a device node', [{ name: 'usr/mem', type: '3' }]],
    ['a pipe', [{ name: 'usr/pipe', type: '6' }]],
    ['a sparse file of GNU’s', [{ name: 'a', type: 'S' }]],
    ['a sparse file of pax', [pax('GNU.sparse.major', '1'), { name: 'a' }]],
    ['a size of eight exbibytes', [{ name: 'a', sizeText: '\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff' }]],
    ['a size that the archive does not have', [{ name: 'a', sizeText: '77777777777\0' }]],
    ['a pax size that lies', [pax('size', '999999999999'), { name: 'a', content: 'x' }]],
    ['a pax size that is no number', [pax('size', '-1'), { name: 'a' }]],
    ['a pax record of another length', [{ name: 'p', type: 'x', content: '99 path=a\n' }, { name: 'a' }]],
    ['a header about a header of gigabytes', [{ name: 'p', type: 'x', sizeText: '17777777777\0' }]],
  ])('%s', async ([, entries]) => {
    await expect(read(entries)).rejects.toThrow();
  });

  test('a header whose checksum is another', async () => {
    const path = join(dir, 'bad.tar');
    const bytes = block({ name: 'a', content: 'x' });
    bytes[0] = 0x62;
    writeFileSync(path, bytes);
    await expect(readTarTree(await opening(path))).rejects.toMatchObject({ code: 'data-loss' });
  });
});

test('property: every prefix of an archive of GNU tar is refused, or gives names that are in it', async () => {
  mkdirSync(join(dir, 'tree'));
  writeFileSync(join(dir, 'tree/file'), 'content');
  symlinkSync('file', join(dir, 'tree/link'));
  const whole = execFileSync('tar', ['-C', join(dir, 'tree'), '--format=pax', '-c', '.']);
  const names = new Set(['.', 'file', 'link']);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), async (end) => {
      const path = join(dir, 'prefix.tar');
      writeFileSync(path, whole.subarray(0, end));
      const file = await open(path, 'r');
      try {
        const { entries } = await readTarTree(file);
        for (const entry of entries) expect(names).toContain(entry.path);
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'BrambleError' });
      } finally {
        await file.close();
      }
    }),
    { numRuns: 60 },
  );
});

test('T-45: a bomb stops at a hundred times its size', async () => {
  const path = join(dir, 'bomb.gz');
  writeFileSync(path, gzipSync(Buffer.alloc(200 * 2 ** 20), { level: 9 }));
  await expect(unpackFile(path, await opening(path), join(dir, 'out'))).rejects.toThrow(/bomb/);
  expect(Number(execFileSync('stat', ['-c', '%s', join(dir, 'out')]).toString())).toBeLessThan(100 * 2 ** 20);
});

test('what is packed and cut short is refused', async () => {
  const path = join(dir, 'cut.gz');
  writeFileSync(path, gzipSync(Buffer.from('some content of a file')).subarray(0, 30));
  await expect(unpackFile(path, await opening(path), join(dir, 'out'))).rejects.toMatchObject({ code: 'data-loss' });
});
