import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exec } from './exec.js';

export type Architecture = 'amd64' | 'arm64';

/** The release of Debian that this machine runs: the guests run the same. @throws Error elsewhere */
export function debianSuite(): string {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (suite === undefined) throw new Error('/etc/os-release names no release of Debian');
  return suite;
}

/** Addresses that this machine's apt takes packages from. */
interface Mirrors {
  readonly main: string;
  readonly security: string | undefined;
}

async function mirrors(): Promise<Mirrors> {
  // By their origin: archives of third parties are in the same list.
  const words = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian'];
  const addresses = [...new Set((await exec('apt-get', words)).split('\n').filter((line) => line !== ''))].toSorted();
  const main = addresses.find((address) => !address.includes('security'));
  if (main === undefined) throw new Error('apt knows no archive of Debian');
  return { main, security: addresses.find((address) => address.includes('security')) };
}

/**
 * The newest version of a package by the lists of this machine, which nothing is fetched for; "unknown" without lists. It
 * decides whether what was built from the package is out of date.
 */
export async function versionKnown(name: string): Promise<string> {
  const text = await exec('apt-cache', ['show', '--no-all-versions', name]).catch(() => '');
  return /^Version: (\S+)$/m.exec(text)?.[1] ?? 'unknown';
}

/** Runs apt with lists of its own, so that an architecture foreign to this machine leaves no trace on it. */
export class PackageSource {
  readonly architecture: Architecture;
  readonly #configPath: string;

  private constructor(architecture: Architecture, configPath: string) {
    this.architecture = architecture;
    this.#configPath = configPath;
  }

  /** `dir`: an empty folder for its lists. */
  static async open(architecture: Architecture, dir: string): Promise<PackageSource> {
    for (const each of ['state/lists/partial', 'cache/archives/partial']) {
      mkdirSync(path.join(dir, each), { recursive: true });
    }
    const { main, security } = await mirrors();
    const suite = debianSuite();
    const lines = [`deb ${main} ${suite} main`];
    if (security !== undefined) lines.push(`deb ${security} ${suite}-security main`);
    writeFileSync(path.join(dir, 'sources.list'), `${lines.join('\n')}\n`);
    writeFileSync(path.join(dir, 'state/status'), '');
    const configPath = path.join(dir, 'apt.conf');
    writeFileSync(
      configPath,
      `APT::Architecture "${architecture}"; APT::Architectures { "${architecture}"; };
Dir::State "${dir}/state"; Dir::State::status "${dir}/state/status"; Dir::Cache "${dir}/cache";
Dir::Etc::sourcelist "${dir}/sources.list"; Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none"; APT::Sandbox::User "root";
`,
    );
    const source = new PackageSource(architecture, configPath);
    await exec('apt-get', ['-q', 'update'], { env: source.#env, limitMs: 120_000 });
    return source;
  }

  /** What a package that is only a name for the newest one stands for. */
  async dependencyOf(name: string): Promise<string> {
    const text = await exec('apt-cache', ['depends', name], { env: this.#env });
    const found = /^ +Depends: (\S+)$/m.exec(text)?.[1];
    if (found === undefined) throw new Error(`package ${name} depends on nothing`);
    return found;
  }

  /** Unpacks packages, without what they depend on, into a folder; nothing of them is run. */
  async unpack(names: readonly string[], into: string, work: string): Promise<void> {
    mkdirSync(work, { recursive: true });
    await exec('apt-get', ['-q', 'download', ...names], { cwd: work, env: this.#env, limitMs: 300_000 });
    for (const file of readdirSync(work).filter((each) => each.endsWith('.deb'))) {
      await exec('dpkg-deb', ['-x', path.join(work, file), into], { limitMs: 120_000 });
    }
  }

  get #env(): Readonly<Record<string, string>> {
    return { APT_CONFIG: this.#configPath };
  }
}
