import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { plantedTree } from './planted-tree.js';

/** Folders whose compiler settings leave the host undefined: the second lock on the architecture. */
const ZONES = ['proto/contract', 'controller/domain'] as const;

const HOST_NAMES: readonly (readonly [what: string, text: string])[] = [
  ['process', 'export const x = process.env;'],
  ['setTimeout', 'setTimeout(() => undefined, 1);'],
  ['fetch', "void fetch('http://[::1]/');"],
  ['Buffer', 'export const x = Buffer.alloc(1);'],
  ['console', "console.log('x');"],
  ['AbortSignal', 'export const x = AbortSignal.timeout(1);'],
  ['TextEncoder', 'export const x = new TextEncoder();'],
  ['crypto', 'export const x = crypto.randomUUID();'],
  ['performance', 'export const x = performance.now();'],
  ['document', 'export const x = document.body;'],
  ['node:fs', "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;"],
];

const PURE = 'export const x: readonly number[] = [3, 1].toSorted((a, b) => a - b);';

/** Compiles the zone's real settings over one planted file; returns what the compiler says. */
function compile(zone: string, text: string): readonly string[] {
  using tree = plantedTree();
  for (const file of ['tsconfig.json', `${zone}/tsconfig.json`]) tree.plant(file, readFileSync(file, 'utf8'));
  tree.plant('package.json', '{ "type": "module" }');
  tree.plant(`${zone}/planted.ts`, text);
  const folder = path.join(tree.root, zone);
  const read = ts.readConfigFile(path.join(folder, 'tsconfig.json'), ts.sys.readFile);
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(read.config, ts.sys, folder);
  const program = ts.createProgram(fileNames, options);
  return [...errors, ...ts.getPreEmitDiagnostics(program)].map(
    ({ code, messageText }) => `TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  );
}

describe.for(ZONES)('%s', (zone) => {
  test.for(HOST_NAMES)('cannot name %s', ([what, text]) => {
    const said = compile(zone, text);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^TS(2304|2307|2584|2580|2591|2552|2583)\b/); // cannot find name or module
    expect(said[0]).toContain(`'${what}'`);
  });

  test('compiles what is pure', () => {
    expect(compile(zone, PURE)).toEqual([]);
  });
});
