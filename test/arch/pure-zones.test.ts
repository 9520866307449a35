import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
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

/** Compiles the zone's real settings over planted files, all at once; what the compiler says, by file name. */
function compile(zone: string, texts: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  using tree = plantedTree();
  for (const file of ['tsconfig.json', `${zone}/tsconfig.json`]) tree.plant(file, readFileSync(file, 'utf8'));
  tree.plant('package.json', '{ "type": "module" }');
  for (const [name, text] of Object.entries(texts)) tree.plant(`${zone}/${name}.ts`, text);
  const folder = path.join(tree.root, zone);
  const read = ts.readConfigFile(path.join(folder, 'tsconfig.json'), ts.sys.readFile);
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(read.config, ts.sys, folder);
  const program = ts.createProgram(fileNames, options);
  const said = new Map<string, string[]>();
  for (const { file, code, messageText } of [...errors, ...ts.getPreEmitDiagnostics(program)]) {
    const name = file === undefined ? 'settings' : path.basename(file.fileName, '.ts');
    const text = `TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    said.set(name, [...(said.get(name) ?? []), text]);
  }
  return said;
}

describe.for(ZONES)('%s', (zone) => {
  const hostly = HOST_NAMES.map(([, text], i) => [`host-${i}`, text] as const);
  let said: ReadonlyMap<string, readonly string[]> = new Map();

  beforeAll(() => {
    said = compile(zone, { ...Object.fromEntries(hostly), pure: PURE });
  });

  test.for(HOST_NAMES.map(([what], i) => [what, i] as const))('cannot name %s', ([what, i]) => {
    expect(said.get(`host-${i}`)).toHaveLength(1);
    // Cannot find the name or the module, with or without advice on what to install.
    expect(said.get(`host-${i}`)?.[0]).toMatch(/^TS(2304|2307|2552|2580|2583|2584|2591)\b/);
    expect(said.get(`host-${i}`)?.[0]).toContain(`'${what}'`);
  });

  test('compiles what is pure, with settings that the compiler accepts', () => {
    expect(said.get('pure')).toBeUndefined();
    expect(said.get('settings')).toBeUndefined();
  });
});
