import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { tarEnd, tarEntry } from './tar.js';

const MS = 1_795_176_000_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const tar = (archive: Uint8Array, ...options: readonly string[]): string =>
  execFileSync('tar', [...options, '-f', '-'], {
    input: archive,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

test('tar reads the files as they are, with their times, whatever their size', () => {
  const contents = ['', 'x', 'ü'.repeat(256), 'y'.repeat(512), 'z'.repeat(513)];
  const archive = join(...contents.map((text, n) => tarEntry(`dir/file-${n}`, bytes(text), MS)), tarEnd());
  expect(archive.length % 512).toBe(0);
  expect(tar(archive, '-t').trim().split('\n')).toEqual(contents.map((_, n) => `dir/file-${n}`));
  for (const [n, text] of contents.entries()) expect(tar(archive, '-xO', `dir/file-${n}`)).toBe(text);
  expect(tar(archive, '-tv')).toContain('2026-11-20 12:00');
});

test('a board at 1970 makes an archive too', () => {
  expect(tar(join(tarEntry('a', bytes('b'), -5), tarEnd()), '-xO', 'a')).toBe('b');
});

test('a name that does not fit is a bug of the caller', () => {
  for (const name of ['', 'a b', 'ä', 'x'.repeat(101)]) expect(() => tarEntry(name, bytes(''), 0)).toThrow();
});
