import { copyFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, test } from 'vitest';
import { plantedTree } from './planted-tree.js';

type Plant = readonly [rule: string, folder: string, text: string];

const VIOLATIONS: readonly Plant[] = [
  ['bramble/no-clock', 'controller/domain', 'export const at = Date.now();'],
  ['bramble/no-clock', 'controller/usecases', 'export const at = new Date();'],
  ['bramble/no-clock', 'agent/kit/session', 'export const at = performance.now();'],
  ['bramble/no-clock', 'proto/contract', 'export const at = Date();'],
  ['bramble/no-clock', 'switch-agent', 'export const at = process.hrtime.bigint();'],
  ['bramble/no-clock', 'agent/kit/testing', 'export const at = Date.now();'],
  ['bramble/no-randomness', 'controller/domain', 'export const x = Math.random();'],
  ['bramble/no-randomness', 'agent/kit/enroll', 'export const x = crypto.randomUUID();'],
  [
    'bramble/no-randomness',
    'controller/rpc',
    "import { randomBytes } from 'node:crypto';\nexport const x = randomBytes(1);",
  ],
  ['bramble/no-module-mocks', 'test/sim', "import { vi } from 'vitest';\nvi.mock('node:fs');"],
  ['bramble/no-shell', 'agent/kit/host/node', "import { exec } from 'node:child_process';\nexec('id');"],
  ['bramble/no-shell', 'test/setup', "import { execSync } from 'node:child_process';\nexecSync('id');"],
  [
    'bramble/no-shell',
    'controller/quickstart',
    "import { spawn } from 'node:child_process';\nspawn('id', { shell: true });",
  ],
  ['bramble/no-code-from-text', 'controller/web', "export const x: unknown = eval('1');"],
  ['bramble/no-code-from-text', 'controller/web', "export const x = new Function('return 1');"],
  ['bramble/no-default-export', 'agent/pi', 'export default 1;'],
  ['bramble/no-module-state', 'controller/store', 'let count = 0;\nexport const next = () => ++count;'],
  ['bramble/no-module-state', 'controller/store', 'export let count = 0;\ncount++;'],
  ['bramble/reason-for-cast', 'controller/store', 'export const f = (x: unknown) => x as string;'],
  ['bramble/reason-for-cast', 'controller/store', 'export const f = (x: string | undefined) => x!;'],
  ['bramble/reason-for-cast', 'controller/store', 'export const f = (x: any) => String(x);'],
  ['bramble/reason-for-cast', 'controller/store', 'export const f = (x: unknown) => <string>x;'],
  ['no-console', 'controller/rpc', "console.log('x');"],
  ['no-console', 'agent/kit/session', "console.error('x');"],
  ['max-lines-per-function', 'controller/store', `export function f() {\n${'  void 0;\n'.repeat(70)}}`],
  ['@typescript-eslint/no-floating-promises', 'agent/kit/session', 'export const f = () => { Promise.resolve(); };'],
  [
    '@typescript-eslint/no-misused-promises',
    'agent/kit/session',
    'export const f = (xs: number[]) => xs.forEach(async (x) => { await Promise.resolve(x); });',
  ],
  ['@typescript-eslint/await-thenable', 'agent/kit/session', 'export const f = async () => { await 1; };'],
  [
    '@typescript-eslint/no-unsafe-argument',
    'controller/web',
    'export const f = (s: string) => parseInt(JSON.parse(s), 10);',
  ],
  [
    '@typescript-eslint/no-unsafe-assignment',
    'controller/web',
    'export const f = (s: string) => { const x = JSON.parse(s); void x; };',
  ],
  ['@typescript-eslint/no-unsafe-call', 'controller/web', 'export const f = (s: string) => { JSON.parse(s)(); };'],
  [
    '@typescript-eslint/no-unsafe-member-access',
    'controller/web',
    'export const f = (s: string) => { void JSON.parse(s).x; };',
  ],
  ['@typescript-eslint/no-unsafe-return', 'controller/web', 'export const f = (s: string) => JSON.parse(s);'],
  [
    '@typescript-eslint/no-unnecessary-type-assertion',
    'controller/web',
    'export const f = (s: string) => s as string; // no reason',
  ],
  ['@typescript-eslint/only-throw-error', 'controller/web', "export const f = () => { throw 'x'; };"],
  ['@typescript-eslint/prefer-promise-reject-errors', 'controller/web', "export const f = () => Promise.reject('x');"],
  [
    '@typescript-eslint/return-await',
    'controller/web',
    'export const f = async (p: Promise<number>) => { try { return p; } catch { return 0; } };',
  ],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    'controller/domain',
    "export const f = (k: 'a' | 'b') => { switch (k) { case 'a': return 1; } return 0; };",
  ],
];

/** What must stay possible; a rule that grows too greedy shows here. */
const ALLOWED: readonly (readonly [folder: string, text: string])[] = [
  ['agent/kit/host/node', 'export const clock = { nowMs: () => Date.now() };'],
  ['controller/pki', "import { randomBytes } from 'node:crypto';\nexport const serial = () => randomBytes(16);"],
  ['controller/usecases', 'export const at = (ms: number) => new Date(ms).toISOString();'],
  ['controller/cli', "console.log('x');"],
  ['controller/store', 'export const f = (x: unknown) => x as string; // checked by the table’s STRICT type'],
  ['controller/store', "export const KINDS = ['a'] as const;"],
  ['controller/store', '// SQLite stores an int32 here.\nexport const f = (x: unknown) => x as number;'],
  [
    'controller/store',
    "export const f = (k: 'a' | 'b') => { switch (k) { case 'a': return 1; case 'b': return 2; } };",
  ],
];

const SLEEPS: readonly string[] = [
  'await new Promise((done) => setTimeout(done, 10));',
  "import { setTimeout } from 'node:timers/promises';\nawait setTimeout(10);",
];

describe('lint rules on a planted tree', () => {
  const found = new Map<string, readonly (string | null)[]>();

  beforeAll(async () => {
    using tree = plantedTree();
    for (const file of ['eslint.config.mjs', 'tsconfig.json']) copyFileSync(file, path.join(tree.root, file));
    symlinkSync(path.resolve('node_modules'), path.join(tree.root, 'node_modules'));
    tree.plant('package.json', '{ "type": "module" }');
    tree.plant('controller/dashboard/tsconfig.json', '{ "files": ["main.ts"] }');
    tree.plant('controller/dashboard/tsconfig.test.json', '{ "files": ["main.ts"] }');
    tree.plant('controller/dashboard/main.ts', 'export {};');
    for (const [i, [, folder, text]] of VIOLATIONS.entries()) tree.plant(`${folder}/violation-${i}.ts`, `${text}\n`);
    for (const [i, [folder, text]] of ALLOWED.entries()) tree.plant(`${folder}/allowed-${i}.ts`, `${text}\n`);
    for (const [i, text] of SLEEPS.entries()) tree.plant(`controller/web/sleep-${i}.test.ts`, `${text}\n`);
    const results = await new ESLint({ cwd: tree.root }).lintFiles(['.']);
    for (const { filePath, messages } of results) {
      found.set(
        path.relative(tree.root, filePath),
        messages.map(({ ruleId, message }) => ruleId ?? message),
      );
    }
  });

  test.for(VIOLATIONS.map((plant, i) => [...plant, i] as const))('%s fires in %s: %s', ([rule, folder, , i]) => {
    expect(found.get(`${folder}/violation-${i}.ts`)).toContain(rule);
  });

  test.for(SLEEPS.map((text, i) => [text, i] as const))('bramble/no-sleep fires in a test: %s', ([, i]) => {
    expect(found.get(`controller/web/sleep-${i}.test.ts`)).toEqual(['bramble/no-sleep']);
  });

  test.for(ALLOWED.map((plant, i) => [...plant, i] as const))('in %s stays possible: %s', ([folder, , i]) => {
    expect(found.get(`${folder}/allowed-${i}.ts`)).toEqual([]);
  });

  test('every rule has a planted violation', async () => {
    const config: { readonly rules: Readonly<Record<string, readonly [number, ...unknown[]]>> } =
      await new ESLint().calculateConfigForFile('controller/domain/node.ts');
    const on = Object.entries(config.rules)
      .filter(([, [severity]]) => severity !== 0)
      .map(([rule]) => rule);
    expect([...new Set(VIOLATIONS.map(([rule]) => rule))].sort()).toEqual(on.sort());
  });
});
