/**
 * Builds dist/: one file per program, the page, and the programs that only tests and benchmarks start. The same sources
 * give the same bytes: the build time is the commit's, not the clock's.
 *
 * `node build.mjs` builds everything anew; `node build.mjs bramble-agent dashboard` only what is named;
 * `--out DIR` builds into another folder.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'dist' } },
});

/**
 * Left out of a bundle. better-sqlite3 is native and found at run time in node_modules. grpc-js asks for proto-loader only
 * when it serves its own diagnostics, which no agent does: a Pi is spared a parser of schemas that it never needs.
 */
const EXTERNAL = {
  agent: ['@grpc/proto-loader'],
  // A browser's driver, which benchmarks alone start, is found there too.
  controller: ['better-sqlite3', 'playwright-core'],
  // It finds its own program beside itself: of the tools, only one for developers uses it.
  tool: ['esbuild'],
};

/** name in dist/ -> entry, and what kind of program it is. */
const PROGRAMS = [
  { name: 'bramble-agent', entry: 'agent/pi/main.ts', kind: 'agent' },
  { name: 'bramble-inventory', entry: 'agent/pi/inventory/main.ts', kind: 'agent' },
  { name: 'bramble-fileserver-agent', entry: 'fileserver-agent/main.ts', kind: 'agent' },
  { name: 'bramble-switch-agent', entry: 'switch-agent/main.ts', kind: 'agent' },
  { name: 'bramble-controller', entry: 'controller/main.ts', kind: 'controller' },
  { name: 'bramble-controller-store', entry: 'controller/store/worker-main.ts', kind: 'controller' },
  { name: 'bramble', entry: 'controller/cli/main.ts', kind: 'tool' },
  { name: 'bramble-demo-site', entry: 'agent/demo/main.ts', kind: 'agent' },
  { name: 'bramble-demo-fileserver', entry: 'fileserver-agent/demo/main.ts', kind: 'agent' },
  { name: 'bramble-demo-switch', entry: 'switch-agent/demo/main.ts', kind: 'agent' },
  { name: 'bramble-quickstart', entry: 'controller/quickstart/main.ts', kind: 'tool' },
];

/** Started by tests and benchmarks as processes of their own; absent until somebody needs one. */
const TEST_PROGRAMS = [
  { name: 'test/bench', entry: 'test/bench/main.ts', kind: 'controller' },
  { name: 'test/lab', entry: 'test/lab/main.ts', kind: 'tool' },
  { name: 'test/sim', entry: 'test/sim/fleet/main.ts', kind: 'tool' },
  { name: 'test/measured', entry: 'test/bench/measured.ts', kind: 'agent' },
];

const DASHBOARD = 'controller/dashboard';

/** Libraries in CommonJS call require(); a bundle in ESM has none of its own. */
const REQUIRE_BANNER =
  "import{createRequire as __brambleRequire}from'node:module';const require=__brambleRequire(import.meta.url);";

function buildTimeMs() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) return Number(given) * 1000;
  const words = ['log', '-1', '--format=%ct'];
  try {
    return Number(execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) * 1000;
  } catch {
    return undefined; // not a checkout: BUILD_TIME_MS keeps the value written in proto/contract/build.ts
  }
}

function options({ name, entry, kind }, timeMs) {
  return {
    entryPoints: [entry],
    outfile: `${flags.out}/${name}.mjs`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    // ESM builds of libraries first: they tree-shake.
    mainFields: ['module', 'main'],
    minify: kind === 'agent',
    // Names are not kept: esbuild would wrap every function that is made, and agents run without a compiler.
    sourcemap: kind === 'agent' ? false : 'linked',
    legalComments: 'none',
    external: EXTERNAL[kind],
    banner: { js: `#!/usr/bin/env node\n${REQUIRE_BANNER}` },
    define: timeMs === undefined ? {} : { __BRAMBLE_BUILD_TIME_MS__: String(timeMs) },
    logLevel: 'warning',
  };
}

async function buildDashboard(timeMs) {
  mkdirSync(`${flags.out}/dashboard`, { recursive: true });
  for (const file of ['index.html', 'login.html', 'style.css', 'session.css'])
    cpSync(`${DASHBOARD}/${file}`, `${flags.out}/dashboard/${file}`);
  await build({
    entryPoints: [`${DASHBOARD}/main.ts`, `${DASHBOARD}/login.ts`],
    outdir: `${flags.out}/dashboard`,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    sourcemap: 'linked',
    define: timeMs === undefined ? {} : { __BRAMBLE_BUILD_TIME_MS__: String(timeMs) },
    logLevel: 'warning',
  });
}

const named = new Set(positionals);
if (named.size === 0) rmSync(flags.out, { recursive: true, force: true });
const timeMs = buildTimeMs();
const all = [...PROGRAMS, ...TEST_PROGRAMS.filter(({ entry }) => existsSync(entry))];
const programs = all.filter(({ name }) => named.size === 0 || named.has(name));
const builds = programs.map((program) => build(options(program, timeMs)));
if (named.size === 0 || named.has('dashboard')) builds.push(buildDashboard(timeMs));
const results = await Promise.allSettled(builds);
// esbuild has said what is wrong, with file and line; a copied file that is missing says it here.
for (const { reason } of results)
  if (reason !== undefined && reason.errors === undefined) console.error(String(reason));
if (results.some(({ status }) => status === 'rejected')) process.exit(1);

for (const { outfile } of programs.map((program) => options(program, timeMs))) {
  chmodSync(outfile, 0o755);
  process.stdout.write(`${outfile}  ${Math.ceil(statSync(outfile).size / 1024)} KiB\n`);
}
