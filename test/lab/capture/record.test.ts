import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseTree } from '../../fixtures/tree.js';
import { captureScript, parseCapture, writeRecording } from './record.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'bramble-capture-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const record = (files: readonly string[], commands: Readonly<Record<string, string>> = {}) =>
  parseCapture(
    execFileSync('sh', ['-c', captureScript({ what: '', files, commands, packages: [] })], { encoding: 'utf8' }),
  );

test('files come back byte by byte: binary, without a last line feed, empty', () => {
  writeFileSync(path.join(dir, 'binary'), Buffer.from([0x41, 0xff, 0x0a, 0x0a]));
  writeFileSync(path.join(dir, 'unended'), 'no line feed');
  writeFileSync(path.join(dir, 'empty'), '');
  mkdirSync(path.join(dir, 'folder'));
  const { files } = record([`${dir}/*`, `${dir}/absent`]);
  expect(files).toEqual({
    [`${dir}/binary`]: 'A\xff\n\n',
    [`${dir}/unended`]: 'no line feed',
    [`${dir}/empty`]: '',
  });
});

test('a command is kept with what it says, whatever its status', () => {
  const { outputs, facts } = record([], { 'both.txt': 'echo out; echo err >&2; false', 'none.txt': 'true' });
  expect(outputs).toEqual({ 'both.txt': 'out\nerr\n', 'none.txt': '' });
  expect(facts.kernel).toMatch(/^Linux /);
});

test('what is written is read as a fixture, and says where it comes from', () => {
  writeFileSync(path.join(dir, 'state'), 'clean\n');
  const out = path.join(dir, 'out');
  const recording = record([`${dir}/state`], { 'detail.txt': 'echo detail' });
  const written = writeRecording(recording, { what: 'an array', how: 'Nothing was done.' }, out);
  expect(written).toEqual(['SOURCE.md', 'detail.txt', 'tree.txt']);
  expect(parseTree(readFileSync(path.join(out, 'tree.txt'), 'utf8'))).toEqual({ [`${dir}/state`]: 'clean\n' });
  expect(readFileSync(path.join(out, 'SOURCE.md'), 'utf8')).toMatch(
    /^Recorded on \d{4}-\d\d-\d\d: an array\. Nothing was done\.\n\n.*Kernel: Linux /,
  );
});

test('what the script did not print is refused', () => {
  expect(() => parseCapture('sh: 1: base64: not found\n')).toThrow('not a recording');
});
