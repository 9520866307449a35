import path from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { beforeAll, describe, expect, test } from 'vitest';
import { plantedTree } from './planted-tree.js';

/** rule, importing file, what it imports: a file of ours by path from the root, or a package or node module by name. */
type Edge = readonly [rule: string, from: string, to: string];

/** The one file that is imported and does not exist. */
const GONE = 'controller/store/nowhere.ts';

const VIOLATIONS: readonly Edge[] = [
  ['contract-is-pure', 'proto/contract/clock.ts', 'node:fs'],
  ['contract-is-pure', 'proto/contract/ids.ts', 'zod'],
  ['contract-is-pure', 'proto/contract/facts.ts', 'proto/contract/api/fleet.ts'],
  ['contract-api-knows-zod-alone', 'proto/contract/api/fleet.ts', 'yaml'],
  ['wire-speaks-grpc-and-the-contract', 'proto/wire/series.ts', 'node:fs'],
  ['wire-speaks-grpc-and-the-contract', 'proto/wire/status.ts', 'agent/kit/session/state.ts'],
  ['chunks-are-kept-alike', 'proto/chunks/chunk-files.ts', 'agent/kit/host/ports.ts'],
  ['chunks-are-kept-alike', 'proto/chunks/image-files.ts', 'node:net'],
  ['generated-code-has-few-readers', 'controller/usecases/ingest.ts', 'proto/gen/link.ts'],
  ['generated-code-has-few-readers', 'agent/pi/commands/reboot.ts', 'proto/gen/link.ts'],
  ['kit-knows-no-agent', 'agent/kit/run-agent.ts', 'agent/pi/collectors/index.ts'],
  ['kit-knows-no-agent', 'agent/kit/run-agent.ts', 'controller/domain/node.ts'],
  ['pi-agent-is-thin', 'agent/pi/main.ts', 'fileserver-agent/main.ts'],
  ['simulated-boards-know-the-ports-alone', 'agent/sim/sim-kernel-log.ts', 'agent/kit/run-agent.ts'],
  ['demo-runs-real-agents', 'agent/demo/main.ts', 'fileserver-agent/main.ts'],
  ['demo-runs-real-agents', 'agent/demo/pi-agent.ts', 'controller/domain/node.ts'],
  ['demo-servers-run-the-real-agents', 'fileserver-agent/demo/main.ts', 'agent/pi/collectors/index.ts'],
  ['demo-servers-run-the-real-agents', 'switch-agent/demo/main.ts', 'fileserver-agent/main.ts'],
  ['agents-know-no-demo', 'fileserver-agent/main.ts', 'fileserver-agent/demo/server-spec.ts'],
  ['other-agents-know-the-kit-alone', 'fileserver-agent/main.ts', 'agent/pi/collectors/index.ts'],
  ['other-agents-know-the-kit-alone', 'switch-agent/main.ts', 'fileserver-agent/main.ts'],
  ['host-io-has-one-door', 'agent/kit/collectors/cpu.ts', 'node:fs'],
  ['host-io-has-one-door', 'fileserver-agent/collectors/mdraid.ts', 'node:child_process'],
  ['host-io-has-one-door', 'agent/pi/collectors/index.ts', 'fs/promises'],
  ['domain-is-pure', 'controller/domain/liveness.ts', 'node:crypto'],
  ['domain-is-pure', 'controller/domain/node.ts', 'controller/usecases/ports.ts'],
  ['usecases-declare-their-ports', 'controller/usecases/commands.ts', 'controller/store/store.ts'],
  ['usecases-declare-their-ports', 'controller/usecases/tokens.ts', 'node:crypto'],
  ['adapters-apart', 'controller/rpc/server.ts', 'controller/store/store.ts'],
  ['only-main-joins', 'controller/cli/main.ts', 'controller/store/store.ts'],
  ['only-main-joins', 'controller/system.ts', 'controller/rpc/server.ts'],
  ['adapters-know-no-program', 'controller/web/server.ts', 'controller/config/config.ts'],
  ['controller-and-agents-apart', 'controller/rpc/server.ts', 'agent/kit/session/state.ts'],
  ['cli-is-a-client', 'controller/cli/main.ts', 'controller/usecases/ports.ts'],
  ['quickstart-starts-programs', 'controller/quickstart/main.ts', 'controller/main.ts'],
  ['dashboard-sees-the-contract-alone', 'controller/dashboard/main.ts', 'controller/domain/node.ts'],
  ['dashboard-sees-the-contract-alone', 'controller/dashboard/main.ts', 'node:fs'],
  ['one-door-for-better-sqlite3', 'controller/web/server.ts', 'better-sqlite3'],
  ['one-door-for-kysely', 'controller/main.ts', 'kysely'],
  ['one-door-for-node-cron', 'controller/main.ts', 'node-cron'],
  ['one-door-for-fastify', 'controller/main.ts', 'fastify'],
  ['one-door-for-peculiar-x509', 'controller/rpc/server.ts', '@peculiar/x509'],
  ['one-door-for-prom-client', 'controller/rpc/server.ts', 'prom-client'],
  ['one-door-for-nodemailer', 'controller/web/server.ts', 'nodemailer'],
  ['one-door-for-systeminformation', 'agent/kit/host/node/files.ts', 'systeminformation'],
  ['one-door-for-grpc-grpc-js', 'controller/web/server.ts', '@grpc/grpc-js'],
  ['nothing-sees-tests', 'agent/kit/run-agent.ts', 'test/fixtures.ts'],
  ['nothing-sees-tests', 'agent/pi/main.ts', 'agent/kit/testing/sim-host.ts'],
  ['tests-are-not-imported', 'test/sim/fleet.ts', 'controller/domain/liveness.test.ts'],
  ['no-cycles', 'controller/store/reader.ts', 'controller/store/writer.ts'],
  ['ships-what-it-imports', 'controller/store/seed.ts', 'fast-check'],
  ['everything-resolves', 'controller/store/lost.ts', GONE],
];

/** What the architecture wants to stay possible; a rule that grows too greedy shows here. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['proto/contract/api/requests.ts', 'zod'],
  ['proto/wire/credentials.ts', '@grpc/grpc-js'],
  ['proto/wire/credentials.ts', 'node:tls'],
  ['proto/wire/series.ts', 'proto/gen/link.ts'],
  ['agent/kit/host/node/exec.ts', 'node:child_process'],
  ['agent/pi/inventory/main.ts', 'systeminformation'],
  ['agent/kit/session/client.ts', 'proto/gen/link.ts'],
  ['agent/pi/main.ts', 'agent/kit/run-agent.ts'],
  ['agent/demo/pi-agent.ts', 'agent/pi/collectors/index.ts'],
  ['fileserver-agent/demo/main.ts', 'fileserver-agent/collectors/index.ts'],
  ['agent/kit/testing/sim-host.ts', 'agent/sim/sim-kernel-log.ts'],
  ['switch-agent/main.ts', 'node:process'],
  ['controller/rpc/server.ts', 'controller/usecases/ports.ts'],
  ['controller/store/store.ts', 'better-sqlite3'],
  ['controller/main.ts', 'controller/rpc/server.ts'],
  ['controller/main.ts', 'controller/store/store.ts'],
  ['controller/cli/main.ts', 'commander'],
  ['controller/domain/liveness.test.ts', 'vitest'],
  ['controller/domain/liveness.test.ts', 'test/fixtures.ts'],
  ['agent/kit/collectors/cpu.test.ts', 'agent/kit/testing/sim-host.ts'],
];

const PACKAGES = [...new Set([...VIOLATIONS.map(([, , to]) => to), ...ALLOWED.map(([, to]) => to)])].filter(
  (to) => !to.endsWith('.ts') && !to.startsWith('node:') && !to.startsWith('fs/'),
);
const DEVELOPMENT = new Set(['vitest', 'fast-check']);

function specifier(from: string, to: string): string {
  if (!to.endsWith('.ts')) return to;
  const relative = path.posix.relative(path.posix.dirname(from), to).replace(/\.ts$/, '.js');
  return relative.startsWith('.') ? relative : `./${relative}`;
}

const config = await extractConfig(path.resolve('.dependency-cruiser.mjs'));
const rules = config.forbidden ?? [];

/** How the cruiser names what was imported: our files by path, node's modules bare, packages by their file. */
function resolved(to: string): string {
  if (to === GONE) return './nowhere.js';
  return PACKAGES.includes(to) ? `node_modules/${to}/index.js` : to.replace(/^node:/, '');
}

/** Every edge becomes an import; every imported file exists, but for the one that must not. */
async function cruisePlanted(): Promise<ICruiseResult> {
  using tree = plantedTree();
  const imports = new Map<string, string[]>([['controller/store/writer.ts', ["import './reader.js';"]]]);
  for (const [from, to] of [...VIOLATIONS.map(([, from, to]) => [from, to] as const), ...ALLOWED]) {
    imports.set(from, [...(imports.get(from) ?? []), `import '${specifier(from, to)}';`]);
    if (to.endsWith('.ts') && to !== GONE && !imports.has(to)) imports.set(to, []);
  }
  for (const [file, lines] of imports) tree.plant(file, `${lines.join('\n')}\nexport {};\n`);
  for (const name of PACKAGES) {
    tree.plant(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    tree.plant(`node_modules/${name}/index.js`, '');
  }
  const listed = (development: boolean) =>
    Object.fromEntries(PACKAGES.filter((name) => DEVELOPMENT.has(name) === development).map((name) => [name, '1.0.0']));
  tree.plant('package.json', JSON.stringify({ dependencies: listed(false), devDependencies: listed(true) }));
  const folders = ['proto', 'controller', 'agent', 'fileserver-agent', 'switch-agent', 'test'];
  const { output } = await cruise(folders, { ...config.options, baseDir: tree.root, ruleSet: config, validate: true });
  if (typeof output === 'string') throw new Error(`expected an object, got: ${output}`);
  return output;
}

describe('dependency rules on a planted tree', () => {
  let found: readonly Edge[] = [];

  beforeAll(async () => {
    const { summary } = await cruisePlanted();
    found = summary.violations.map(({ rule, from, to }) => [rule.name, from, to] as const);
  });

  const between = (from: string, to: string) => (edge: Edge) => edge[1] === from && edge[2] === resolved(to);

  test.for(VIOLATIONS)('%s refuses %s -> %s', ([rule, from, to]) => {
    expect(found.filter(between(from, to)).map(([name]) => name)).toContain(rule);
  });

  test.for(ALLOWED)('%s -> %s stays possible', ([from, to]) => {
    expect(found.filter(between(from, to))).toEqual([]);
  });

  test('every rule has a planted violation', () => {
    expect([...new Set(VIOLATIONS.map(([rule]) => rule))].sort()).toEqual(
      [...new Set(rules.map(({ name }) => name))].sort(),
    );
  });

  test('nothing but what was planted is refused', () => {
    const planted = (edge: Edge) =>
      VIOLATIONS.some(([, from, to]) => between(from, to)(edge)) || edge[0] === 'no-cycles';
    expect(found.filter((edge) => !planted(edge))).toEqual([]);
  });
});
