import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, test } from 'vitest';
import { VERSION } from '../../proto/contract/build.js';
import { unitFlags } from '../setup/unit-flags.js';

const run = promisify(execFile);

const AGENTS = ['bramble-agent', 'bramble-fileserver-agent', 'bramble-switch-agent'] as const;
const PROGRAMS = [...AGENTS, 'bramble-controller', 'bramble', 'bramble-quickstart'] as const;
const AGENT_SIZE_MAX_BYTES = 1_000_000;
const START_LIMIT_MS = 20_000;
/** Ten seconds of work; a busy machine takes minutes. */
const BUILD_LIMIT_MS = 5 * 60_000;
/** What --lite-mode makes Node 20 and 22 say: WebAssembly, which no agent uses, is off. */
const LITE_MODE_NOTE = /^Warning: disabling flag --expose_wasm due to conflicting flags\n/;

const bundle = (program: string, folder = 'dist'): string => path.resolve(folder, `${program}.mjs`);
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

test.for(AGENTS)('%s is one file of at most 1 MB', (agent) => {
  expect(statSync(bundle(agent)).size).toBeLessThanOrEqual(AGENT_SIZE_MAX_BYTES);
});

test.for(AGENTS)('%s is pure JavaScript: nothing native, nothing of the controller', (agent) => {
  const text = readFileSync(bundle(agent), 'utf8');
  for (const foreign of ['better-sqlite3', 'better_sqlite3', '.node"', 'node-gyp', 'fastify', 'kysely']) {
    expect(text.includes(foreign), foreign).toBe(false);
  }
});

test.for(PROGRAMS)('%s carries its start line and can be run by its name', (program) => {
  expect(readFileSync(bundle(program), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(statSync(bundle(program)).mode & 0o111).not.toBe(0);
});

test('the page is built beside the programs', () => {
  for (const file of ['index.html', 'style.css', 'main.js'])
    expect(existsSync(path.join('dist/dashboard', file))).toBe(true);
});

test(
  'T-61 the same sources give the same bytes',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bramble-build-'));
    try {
      await run(process.execPath, ['build.mjs', '--out', folder]);
      const hashes = (where: string) =>
        Object.fromEntries(PROGRAMS.map((program) => [program, sha256(bundle(program, where))]));
      expect(hashes(folder)).toEqual(hashes('dist'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  BUILD_LIMIT_MS,
);

describe.for(inject('nodeRuntimes'))('on $name', (runtime) => {
  const start = async (context: { skip(note: string): never }, program: string, ...words: readonly string[]) => {
    if ('missing' in runtime) return context.skip(runtime.missing);
    const flags = program.endsWith('agent') ? unitFlags() : [];
    // From a folder without node_modules, as on a Pi.
    const { stdout, stderr } = await run(runtime.binary, [...flags, bundle(program), ...words], {
      cwd: tmpdir(),
      timeout: START_LIMIT_MS,
    });
    expect(stderr.replace(LITE_MODE_NOTE, '')).toBe('');
    return stdout;
  };

  test.for(PROGRAMS)('%s says its version', async (program, context) => {
    expect(await start(context, program, '--version')).toContain(VERSION);
  });

  test.for(PROGRAMS)('%s explains itself', async (program, context) => {
    expect(await start(context, program, '--help')).toMatch(/usage/i);
  });

  test('bramble-inventory tells what is built in', async (context) => {
    const items: unknown = JSON.parse(await start(context, 'bramble-inventory'));
    expect(items).toEqual(expect.arrayContaining([[expect.stringMatching(/^memory:/), expect.any(String)]]));
  });

  test.for(AGENTS)('%s reports this machine', async (agent, context) => {
    const report: unknown = JSON.parse(await start(context, agent, 'report', '-o', 'json'));
    expect(JSON.stringify(report)).toContain('cpu_cores_count');
  });
});
