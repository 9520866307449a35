/**
 * The first lock on the architecture: who may import whom. Every rule is seen to fire on a planted violation in
 * test/arch/boundaries.test.ts. Type-only imports count: a type is a dependency too.
 */

/** Tests and what only they use (folders named testing) may reach further than what they test. */
const TESTS = String.raw`\.test\.ts$|/testing/|^test/`;

/** Adapters of the controller: each speaks to one thing outside. */
const ADAPTERS = 'store|rpc|pki|web|ticks|overlay|alerts|drain';

/** Node's own modules, with and without their prefix. */
const NODE =
  '^(node:.*|assert|buffer|child_process|cluster|crypto|dgram|diagnostics_channel|dns|events|fs|http|http2|https|inspector|module|net|os|path|perf_hooks|process|readline|stream|string_decoder|timers|tls|tty|url|util|v8|vm|worker_threads|zlib)(/|$)';

/** `from` may import `allowed` and nothing else. */
const only = (name, from, allowed, why) => ({
  name,
  severity: 'error',
  comment: why,
  from: { path: from, pathNot: TESTS },
  to: { pathNot: allowed },
});

/** `from` may never import `to`. */
const never = (name, from, to, why) => ({ name, severity: 'error', comment: why, from, to });

/** A library has one place that knows it, so that it can be replaced and its quirks stay in one room. */
const door = (library, folder, why) => ({
  name: `one-door-for-${library.replace(/^@/, '').replace('/', '-')}`,
  severity: 'error',
  comment: why,
  from: { path: '^(proto|agent|fileserver-agent|switch-agent|controller)/', pathNot: `${folder}|${TESTS}` },
  to: { path: `node_modules/${library}/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    only(
      'contract-is-pure',
      '^proto/contract/(?!api/)',
      '^proto/contract/(?!api/)',
      'Node, browser and simulator all load it',
    ),
    only(
      'contract-api-knows-zod-alone',
      '^proto/contract/api/',
      '^proto/contract/|node_modules/zod/',
      'the dashboard loads it',
    ),
    only(
      'wire-speaks-grpc-and-the-contract',
      '^proto/wire/',
      `^proto/(contract|wire|gen)/|node_modules/(@grpc/grpc-js|@bufbuild/protobuf)/|^(node:)?(crypto|tls|net|http2|buffer)$`,
      'every process that speaks the contract loads it, on a Pi too',
    ),
    only(
      'chunks-are-kept-alike',
      '^proto/chunks/',
      `^proto/(contract|chunks)/|^(node:)?(crypto|fs|fs/promises|path|util|child_process)$`,
      'controller, fileservers and command line keep images in folders of one form',
    ),
    never(
      'generated-code-has-few-readers',
      {
        path: '^(proto|agent|fileserver-agent|switch-agent|controller)/',
        pathNot: `^proto/(gen|wire)/|^agent/kit/|^controller/rpc/|${TESTS}`,
      },
      { path: '^proto/gen/' },
      'the shape on the wire is known where it is translated; the rest speaks in its own types',
    ),
    never(
      'kit-knows-no-agent',
      { path: '^agent/kit/', pathNot: TESTS },
      { path: '^(agent/(?!kit/)|fileserver-agent/|switch-agent/|controller/)' },
      'three agents share it; what only one needs belongs to that one',
    ),
    only(
      'pi-agent-is-thin',
      '^agent/pi/',
      `^(agent/pi|agent/kit|proto)/|node_modules/(pino|systeminformation)/|${NODE}`,
      'what it adds to the kit is its own collectors and commands',
    ),
    only(
      'simulated-boards-know-the-ports-alone',
      '^agent/sim/',
      '^(agent/(sim|kit/host)|proto)/',
      'tests and the demo share them; a real agent never loads them',
    ),
    only(
      'demo-runs-real-agents',
      '^agent/demo/',
      `^(agent/(demo|sim|kit|pi)|proto)/|node_modules/(yaml|zod)/|${NODE}`,
      'only the boards under its agents are simulated',
    ),
    only(
      'demo-servers-run-the-real-agents',
      '^(fileserver|switch)-agent/demo/',
      `^($1-agent|agent/(demo|sim|kit)|proto)/|node_modules/zod/|${NODE}`,
      'only boards, disks and ports under them are simulated; they stand in the same demo site',
    ),
    never(
      'agents-know-no-demo',
      { path: '^(fileserver|switch)-agent/(?!demo/)', pathNot: TESTS },
      { path: '^[a-z-]+/demo/' },
      'what is simulated never ships in an agent',
    ),
    only(
      'other-agents-know-the-kit-alone',
      '^(fileserver|switch)-agent/(?!demo/)',
      `^($1-agent|agent/kit|proto)/|node_modules/pino/|${NODE}`,
      'each agent can be changed without looking at another',
    ),
    never(
      'host-io-has-one-door',
      {
        path: '^(agent|fileserver-agent|switch-agent)/',
        pathNot: `^agent/kit/host/node/|^(agent/[a-z-]+|(fileserver|switch)-agent(/demo)?)/main\\.ts$|${TESTS}`,
      },
      { path: NODE, pathNot: '^proto/' },
      'everything else uses Host, so that the simulator can stand in for the world',
    ),
    only('domain-is-pure', '^controller/domain/', '^(controller/domain|proto/contract)/', 'the simulator replays it'),
    only(
      'usecases-declare-their-ports',
      '^controller/usecases/',
      '^(controller/(domain|usecases)|proto/contract)/',
      'what they need of the world they ask for in ports.ts',
    ),
    never(
      'adapters-apart',
      { path: `^controller/(${ADAPTERS})/`, pathNot: TESTS },
      { path: `^controller/(${ADAPTERS})/`, pathNot: '^controller/$1/' },
      'only main.ts joins them, so that each can be replaced alone',
    ),
    never(
      'only-main-joins',
      { path: '^controller/', pathNot: `^controller/(main\\.ts$|(${ADAPTERS})/)|${TESTS}` },
      { path: `^controller/(${ADAPTERS})/` },
      'one composition root: whoever wires, wires there',
    ),
    never(
      'adapters-know-no-program',
      { path: `^controller/(${ADAPTERS})/`, pathNot: TESTS },
      { path: '^controller/(main\\.ts$|(config|cli|quickstart|dashboard)/)' },
      'an adapter gets what it needs from main.ts as arguments',
    ),
    never(
      'controller-and-agents-apart',
      { path: '^controller/', pathNot: TESTS },
      { path: '^(agent|fileserver-agent|switch-agent)/' },
      'they share the contract, not code: either may be older than the other',
    ),
    only(
      'cli-is-a-client',
      '^controller/cli/',
      `^(controller/cli|proto/(contract|chunks))/|node_modules/(commander|yaml|zod)/|${NODE}`,
      'it runs on a laptop and speaks HTTP; it never opens the store',
    ),
    only(
      'quickstart-starts-programs',
      '^controller/quickstart/',
      `^(controller/(quickstart|cli)|proto/contract)/|^controller/data-(dir|lock)\\.ts$|node_modules/yaml/|${NODE}`,
      'it runs the same bundles that a user would install',
    ),
    only(
      'dashboard-sees-the-contract-alone',
      '^controller/dashboard/',
      '^(controller/dashboard|proto/contract)/',
      'browser code',
    ),
    door('better-sqlite3', '^controller/store/', 'a second driver comes'),
    door('kysely', '^controller/store/', 'a second driver comes'),
    door('node-cron', '^controller/ticks/', 'a tick only enqueues; work happens in use cases'),
    door('fastify', '^controller/web/', 'HTTP is an adapter'),
    door('@peculiar/x509', '^controller/pki/', 'certificates are made in one room'),
    door('prom-client', '^controller/web/', 'metrics are one more surface'),
    door('nodemailer', '^controller/alerts/', 'mail is one way of telling people'),
    door('systeminformation', '^agent/pi/inventory/', 'it spawns programs: a process of its own, once a day'),
    door('@grpc/grpc-js', '^proto/(wire|gen)/|^agent/kit/host/node/|^controller/rpc/', 'a transport, not a vocabulary'),
    never(
      'nothing-sees-tests',
      { path: '^(proto|agent|fileserver-agent|switch-agent|controller)/', pathNot: TESTS },
      { path: TESTS },
      'what only tests need never ships',
    ),
    never('tests-are-not-imported', {}, { path: String.raw`\.test\.ts$` }, 'a test file is run, not reused'),
    never('no-cycles', {}, { circular: true }, 'a cycle has no order in which to understand it'),
    never(
      'ships-what-it-imports',
      { path: '^(proto|agent|fileserver-agent|switch-agent|controller)/', pathNot: TESTS },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
      'what runs in production is a dependency, not a development tool',
    ),
    never('everything-resolves', {}, { couldNotResolve: true }, 'an import that leads nowhere fails at run time'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|proto/released)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    moduleSystems: ['es6', 'cjs'],
    skipAnalysisNotInRules: true,
  },
};
