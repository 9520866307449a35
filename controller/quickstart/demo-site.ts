import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { NodeView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ApiClient } from '../cli/api-client.js';
import { Child } from './child.js';
import { type QuickstartPaths, writeYaml } from './files.js';

/** The site of the simulated Pis. */
export const DEMO_SITE = 'demo';
/** The same Pis for everybody: what one sees can be talked about. */
const SEED = 20_261;
const TOKEN_TTL_MS = 3_600_000;
const CONNECTED_MS_MAX = 60_000;
const POLL_MS = 200;
/** Its agents end together, each within two seconds. */
const STOP_MS = 6_000;
/** Dozens of agents in one process: small, but with the compiler that a single one does without. */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=2', '--v8-pool-size=1'] as const;

export interface DemoSiteOptions {
  readonly paths: QuickstartPaths;
  readonly distDir: string;
  /** How many Pis; 0 = no site. */
  readonly pis: number;
  readonly say: (line: string) => void;
  readonly onPid: () => void;
}

/** Pis that one process runs: the first `first` of the site are in others. */
interface Part {
  readonly first: number;
  readonly pis: number;
  readonly configFile: string;
  readonly child: Child;
}

/** Site `demo`: simulated Pis with real agents, in processes of their own. When one dies, its part of the site is silent. */
export class DemoSite {
  readonly #options: DemoSiteOptions;
  readonly #parts: readonly Part[];

  constructor(options: DemoSiteOptions) {
    this.#options = options;
    this.#parts = partsOf(options.pis).map((share) => makePart(share, options));
  }

  get pids(): readonly (number | undefined)[] {
    return this.#parts.map(({ child }) => child.pid);
  }

  /**
   * Resolves when every Pi is connected.
   * @throws BrambleError `deadline-exceeded`, or of the controller
   */
  async start(api: ApiClient, signal: AbortSignal): Promise<void> {
    const { paths, pis } = this.#options;
    const nodes = (await api.nodes()).filter(isDemoNode);
    const enrolled = await this.#enrolled(nodes);
    for (const node of nodes) {
      if (![...enrolled.values()].includes(node.id)) await api.revoke(node.id, 'the demo site no longer has this Pi');
    }
    if (pis === 0) return;
    await mkdir(paths.demoDir, { recursive: true, mode: 0o700 });
    const join = enrolled.size < pis ? await this.#makeToken(api, pis - enrolled.size) : undefined;
    for (const part of this.#parts) {
      const config = { stateDir: paths.demoDir, first: part.first, pis: part.pis, seed: SEED, troubles: true };
      await writeYaml(part.configFile, { ...config, ...join });
      part.child.launch();
    }
    await this.#allConnected(api, signal);
    await rm(paths.demoTokenFile, { force: true });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.map(({ child }) => child.stop()));
  }

  kill(): void {
    for (const { child } of this.#parts) child.kill();
  }

  /** Id by name of the Pis that both they and the controller know; the state of all others is taken away. */
  async #enrolled(nodes: readonly NodeView[]): Promise<ReadonlyMap<string, string>> {
    const { paths, pis } = this.#options;
    const known = new Set(nodes.map(({ id }) => id));
    const enrolled = new Map<string, string>();
    for (let index = 0; index < pis; index++) {
      const name = demoPiName(index);
      const id = await nodeIdIn(join(paths.demoDir, name));
      if (id !== undefined && known.has(id)) enrolled.set(name, id);
      else await rm(join(paths.demoDir, name), { recursive: true, force: true });
    }
    return enrolled;
  }

  async #makeToken(api: ApiClient, uses: number): Promise<{ readonly join: Readonly<Record<string, string>> }> {
    const { demoTokenFile } = this.#options.paths;
    const wish = { site: DEMO_SITE, kind: 'pi', ttlMs: TOKEN_TTL_MS, uses, preApproved: true };
    const { token, spkiPin, enrollEndpoint } = await api.createToken(wish);
    await writeFile(demoTokenFile, `${token}\n`, { mode: 0o600 });
    return { join: { controller: enrollEndpoint, pin: spkiPin, tokenFile: demoTokenFile } };
  }

  async #allConnected(api: ApiClient, signal: AbortSignal): Promise<void> {
    const { paths, pis } = this.#options;
    const endsAtMs = performance.now() + CONNECTED_MS_MAX;
    let connected = 0;
    while (performance.now() < endsAtMs) {
      connected = (await api.nodes()).filter((node) => isDemoNode(node) && node.liveness === 'fresh').length;
      if (connected >= pis) return;
      await wait(POLL_MS, undefined, { signal });
    }
    throw new BrambleError('deadline-exceeded', `only ${connected} of ${pis} simulated Pis came up`, {
      hint: `their logs say why: ${join(paths.logs, 'demo-site-*.log')}; --demo-pis 0 starts without them`,
    });
  }
}

/** Two halves; a single Pi is not divided. */
export function partsOf(pis: number): readonly { readonly first: number; readonly pis: number }[] {
  const half = Math.ceil(pis / 2);
  return [
    { first: 0, pis: half },
    { first: half, pis: pis - half },
  ].filter((part) => part.pis > 0);
}

function makePart(share: { readonly first: number; readonly pis: number }, options: DemoSiteOptions): Part {
  const { paths, distDir, say, onPid } = options;
  const { first, pis } = share;
  const names = pis === 1 ? demoPiName(first) : `${demoPiName(first)} to ${demoPiName(first + pis - 1)}`;
  const configFile = join(paths.demoDir, `${demoPiName(first)}.yaml`);
  const child = new Child({
    ...{ name: `The demo site (${names})`, say, onPid, stopMs: STOP_MS },
    argv: [...NODE_FLAGS, join(distDir, 'bramble-demo-site.mjs'), '--config', configFile],
    logFile: join(paths.logs, `demo-site-${demoPiName(first)}.log`),
  });
  return { first, pis, configFile, child };
}

/** As the program of the demo site calls them. */
export function demoPiName(index: number): string {
  return `demo-${String(index + 1).padStart(2, '0')}`;
}

function isDemoNode({ site, name, state }: NodeView): boolean {
  return site === DEMO_SITE && /^demo-\d{2,3}(-\d+)?$/.test(name) && state !== 'revoked';
}

/** The id in an agent's identity; `undefined` when it has not enrolled, or has lost it. */
async function nodeIdIn(stateDir: string): Promise<string | undefined> {
  try {
    const identity: unknown = JSON.parse(await readFile(join(stateDir, 'identity.json'), 'utf8'));
    if (typeof identity !== 'object' || identity === null || !('nodeId' in identity)) return undefined;
    return typeof identity.nodeId === 'string' ? identity.nodeId : undefined;
  } catch {
    return undefined; // it enrols anew
  }
}
