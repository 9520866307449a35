import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { VERSION } from '../../proto/contract/build.js';
import type { ErrorCode } from '../../proto/contract/errors.js';
import { sourceFiles } from './source-files.js';

const FILES = sourceFiles();
const CODE = FILES.filter((file) => /\.(ts|mjs|css|html|proto)$/.test(file) && !file.startsWith('test/fixtures/'));
const TEXT = FILES.filter((file) =>
  /\.(ts|mjs|js|json|css|html|proto|md|ya?ml|sh|service|socket|conf)$|^\.ci\/run$/.test(file),
);

/** Put together from halves, so that this file does not hold what it looks for. */
const BANNED: readonly (readonly [why: string, pattern: RegExp])[] = [
  [
    'unfinished work belongs to the tracker, not into the code',
    new RegExp(['\\b(FIX', 'ME|TO', 'DO|XX', 'X|HA', 'CK)\\b'].join('')),
  ],
  ['a path of somebody’s machine', new RegExp(['(?<![\\w.$}])/(wo', 'rk|Us', 'ers|ho', 'me/[a-z]+)/[\\w.]'].join(''))],
  [
    'a package registry other than the public one',
    new RegExp(['https?://(?!registry\\.npmjs\\.org)[\\w.-]*(regis', 'try|artifac', 'tory|ne', 'xus)\\b'].join('')),
  ],
  [
    'a test that is switched off, or that switches off the others',
    new RegExp(['\\b(test|describe|it)\\.(on', 'ly|sk', 'ip|to', 'do)\\('].join('')),
  ],
];

const lines = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n');

test('no file is longer than 400 lines, no test longer than 500', () => {
  // A test file is a list of cases, a style sheet one of declarations, an enum of all facts one of numbers that may never
  // move to another file: all are searched more than read.
  const isList = (file: string) => file.endsWith('.css') || file === 'proto/bramble/agent/v1/report.proto';
  const limit = (file: string) => (isList(file) ? Infinity : file.endsWith('.test.ts') ? 500 : 400);
  const long = CODE.filter((file) => lines(file).length > limit(file));
  expect(long.map((file) => `${file} has ${lines(file).length}`)).toEqual([]);
});

test.for(BANNED)('nowhere: %s', ([, pattern]) => {
  const hits = TEXT.filter((file) => !file.startsWith('test/fixtures/')).flatMap((file) =>
    lines(file).flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(hits).toEqual([]);
});

test('every recorded fixture says where it comes from', () => {
  const folders = (folder: string) =>
    existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => path.join(folder, name))
      : [];
  const cases = folders('test/fixtures').flatMap(folders);
  expect(cases.filter((folder) => !existsSync(path.join(folder, 'SOURCE.md')))).toEqual([]);
});

test('a test file lies beside what it tests or under test/', () => {
  const lonely = FILES.filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/')).filter(
    (file) => !FILES.some((other) => path.dirname(other) === path.dirname(file) && /(?<!\.test)\.ts$/.test(other)),
  );
  expect(lonely).toEqual([]);
});

test('the version in the code is the version of the package', () => {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(VERSION).toBe(version);
});

test('CONTRIBUTING.md says for every error code who acts', () => {
  const everyCode: Readonly<Record<ErrorCode, true>> = {
    aborted: true,
    'already-exists': true,
    cancelled: true,
    'data-loss': true,
    'deadline-exceeded': true,
    'failed-precondition': true,
    internal: true,
    'invalid-argument': true,
    'not-found': true,
    'permission-denied': true,
    'resource-exhausted': true,
    unauthenticated: true,
    unavailable: true,
    unsupported: true,
  };
  const section = readFileSync('CONTRIBUTING.md', 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('Errors'));
  const rows = (section ?? '').split('\n').filter((line) => /^\| `[a-z-]+`/.test(line));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, code]) => code));
  expect(named.sort()).toEqual(Object.keys(everyCode).sort());
});
