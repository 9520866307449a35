import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};
const packages = Object.entries(lock.packages).filter(([where]) => where !== '');
const nameOf = (where: string): string => where.slice(where.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Below these, known holes: a crash by a malformed request, code from a schema, unbounded recursion. */
const FLOORS = [
  ['@grpc/grpc-js', '1.14.4'],
  ['protobufjs', '7.5.8'],
  ['ts-proto', '2.12.1'],
] as const;

/** What ships, and why it is worth its weight. A new dependency adds its line here and its reason to DECISIONS.md. */
const ALLOWED: Readonly<Record<string, string>> = {
  '@bufbuild/protobuf': 'the wire primitives that the generated codec stands on',
  '@grpc/grpc-js': 'gRPC without native code; the transport between agents and controller',
  '@peculiar/x509': 'makes and reads certificates; node:crypto cannot make them',
  'better-sqlite3': 'the embedded database; the only native module, in the controller only',
  commander: 'command lines with help that stays true',
  fastify: 'HTTP with limits, hooks and schemas',
  kysely: 'typed SQL, so that PostgreSQL can become a second driver',
  'node-cron': 'fires the housekeeping ticks',
  nodemailer: 'SMTP with TLS, logins and messages that servers take; no dependency of its own',
  pino: 'structured logs',
  'prom-client': 'the /metrics text format',
  systeminformation: 'what is built into a machine, asked once a day by a program of its own',
  yaml: 'configuration files that people write',
  zod: 'judges configuration and requests at the edge',
};

/** May run code at install time, and why. Everything else must not. */
const INSTALL_SCRIPTS: Readonly<Record<string, boolean>> = {
  'better-sqlite3': true, // builds or fetches its native module
  esbuild: true, // checks the binary that npm has put beside it
  '@bufbuild/buf': true, // the same
  protobufjs: false, // only prints a warning about versions
};

const numbers = (version: string): readonly number[] => version.split('-')[0]?.split('.').map(Number) ?? [];

function atLeast(version: string, floor: string): boolean {
  const [have, want] = [numbers(version), numbers(floor)];
  const differing = want.findIndex((part, i) => part !== have[i]);
  return differing === -1 || (have[differing] ?? 0) > (want[differing] ?? 0);
}

describe('T-61 supply chain', () => {
  test.for(FLOORS)('T-61 every copy of %s is at least %s', ([name, floor]) => {
    const copies = packages.filter(([where]) => nameOf(where) === name).map(([, { version }]) => version ?? '0.0.0');
    expect(copies.length).toBeGreaterThan(0);
    expect(copies.filter((version) => !atLeast(version, floor))).toEqual([]);
  });

  test('T-61 a version below a floor is noticed', () => {
    const floor = '1.14.4';
    expect(
      ['1.14.3', '1.9.15', '0.99.9', '1.14.4', '1.14.10', '2.0.0'].map((version) => atLeast(version, floor)),
    ).toEqual([false, false, false, true, true, true]);
  });

  test('T-61 every package is locked to its content and comes from the public registry', () => {
    const loose = packages.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true);
    expect(loose.map(([where]) => where)).toEqual([]);
    const elsewhere = packages.filter(
      ([, { resolved }]) => !(resolved ?? 'https://registry.npmjs.org/').startsWith('https://registry.npmjs.org/'),
    );
    expect(elsewhere.map(([where]) => where)).toEqual([]);
  });

  test('T-61 only the allowed packages run code when they are installed', () => {
    expect(manifest.allowScripts).toEqual(INSTALL_SCRIPTS);
    const wanting = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([where]) => nameOf(where));
    expect(wanting.filter((name) => !(name in INSTALL_SCRIPTS))).toEqual([]);
  });

  test('T-61 every dependency that ships is on the list with its reason', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(Object.keys(ALLOWED).sort());
  });

  test('T-61 every direct dependency is one exact version', () => {
    const direct = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(direct.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
