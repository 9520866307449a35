import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { NodeView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ApiClient } from '../cli/api-client.js';
import { AGENT_NODE_FLAGS, Child } from './child.js';
import { DemoBreaks } from './demo-breaks.js';
import { sayRepaired, teachHealing } from './demo-healing.js';
import { DEMO_FILESERVER, DEMO_SITE, DEMO_SWITCH, demoPiName } from './demo-names.js';
import { bringBadImage, labelDiskless, takeBadImageBack } from './demo-rollout.js';
import { type QuickstartPaths, writeYaml } from './files.js';

/** The same Pis for everybody: what one sees can be talked about. */
const SEED = 20_261;
const TOKEN_TTL_MS = 3_600_000;
const CONNECTED_MS_MAX = 60_000;
const POLL_MS = 200;
/** Its agents end together, each within two seconds. */
const STOP_MS = 6_000;
/** Dozens of agents in one process: small, but with the compiler that a single one does without. */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=2', '--v8-pool-size=1'] as const;

/** Nodes of the site beside its Pis, each in a process of its own. */
const SERVERS = [
  {
    kind: 'fileserver',
    name: DEMO_FILESERVER,
    program: 'bramble-demo-fileserver.mjs',
    tokenFile: (paths: QuickstartPaths) => paths.demoFileserverTokenFile,
  },
  {
    kind: 'switch',
    name: DEMO_SWITCH,
    program: 'bramble-demo-switch.mjs',
    tokenFile: (paths: QuickstartPaths) => paths.demoSwitchTokenFile,
  },
] as const;

export interface DemoSiteOptions {
  readonly paths: QuickstartPaths;
  readonly distDir: string;
  /** How many Pis; 0 = no site. */
  readonly pis: number;
  /** Whether its Pis have small ones, which come and go by themselves. */
  readonly troubles: boolean;
  readonly say: (line: string) => void;
  readonly onPid: () => void;
}

/** What one process runs. */
interface Part {
  readonly kind: 'pi' | 'fileserver' | 'switch';
  /** The first `first` Pis of the site are in other processes; a fileserver and a switch know them all. */
  readonly first: number;
  readonly pis: number;
  readonly configFile: string;
  readonly child: Child;
}

type JoinWords = Readonly<Record<'controller' | 'pin' | 'tokenFile', string>>;

/**
 * Site `demo`: simulated Pis, their fileserver and their switch with real agents, in processes of their own. When one dies, its part of the site
 * is silent.
 */
export class DemoSite {
  readonly #options: DemoSiteOptions;
  readonly #parts: readonly Part[];
  #breaks: DemoBreaks | undefined;

  constructor(options: DemoSiteOptions) {
    this.#options = options;
    const others = options.pis === 0 ? [] : SERVERS.map((server) => makeServerPart(server, options));
    this.#parts = [...others, ...partsOf(options.pis).map((share) => makePart(share, options))];
  }

  get pids(): readonly (number | undefined)[] {
    return this.#parts.map(({ child }) => child.pid);
  }

  /**
   * Resolves when every node of the site is connected.
   * @throws BrambleError `deadline-exceeded`, or of the controller
   */
  async start(api: ApiClient, signal: AbortSignal): Promise<void> {
    const { paths, pis, troubles } = this.#options;
    const nodes = (await api.nodes()).filter(isDemoNode);
    const enrolled = await this.#enrolled(nodes);
    for (const node of nodes) {
      if (![...enrolled.values()].includes(node.id)) await api.revoke(node.id, 'the demo site no longer has this node');
    }
    if (pis === 0) return;
    await mkdir(paths.demoDir, { recursive: true, mode: 0o700 });
    const joins = await this.#makeTokens(api, enrolled);
    const site = {
      stateDir: paths.demoDir,
      seed: SEED,
      troubles,
      bootLogFile: join(paths.demoDir, 'dnsmasq.log'),
      breaksFile: paths.demoBreaksFile,
    };
    await this.#listen(api);
    const rootsFile = join(paths.demoDir, 'panicking.json');
    const powerFile = join(paths.demoDir, 'power.json');
    const filesOf = (what: string): readonly string[] =>
      partsOf(pis).map(({ first }) => join(paths.demoDir, `${what}-${first}.json`));
    const [linkFiles, stillFiles] = [filesOf('links'), filesOf('still')];
    for (const { kind, first, pis: count, configFile, child } of this.#parts) {
      const own = join(paths.demoDir, `links-${first}.json`);
      const cables = { powerFile, linkFiles: kind === 'switch' ? linkFiles : [own] };
      const still = kind === 'pi' ? [join(paths.demoDir, `still-${first}.json`)] : stillFiles;
      const seen = kind === 'switch' ? {} : { stillFiles: still, rootsFile };
      const more = { ...seen, ...(kind !== 'fileserver' && { cables }), ...(joins[kind] && { join: joins[kind] }) };
      await writeYaml(configFile, { ...site, first, pis: count, ...more });
      child.launch();
    }
    await this.#allConnected(api, signal);
    await teachHealing(api);
    await labelDiskless(api, pis);
    await Promise.all(this.#tokenFiles().map((file) => rm(file, { force: true })));
  }

  /** Whoever runs the demo may break it. */
  async #listen(api: ApiClient): Promise<void> {
    const { paths, pis } = this.#options;
    await rm(paths.demoSocket, { force: true }); // of a run that was killed
    const onMended = (names: readonly string[]): Promise<void> => sayRepaired(api, names);
    const places = { socketPath: paths.demoSocket, breaksFile: paths.demoBreaksFile };
    const badImage = {
      bring: (node: string | undefined) => bringBadImage(api, node),
      takeBack: () => takeBadImageBack(api, pis),
    };
    this.#breaks = new DemoBreaks({ ...places, pis, fileserver: DEMO_FILESERVER, badImage, onMended });
    await this.#breaks.start();
  }

  async stop(): Promise<void> {
    await this.#breaks?.stop();
    await Promise.all(this.#parts.map(({ child }) => child.stop()));
  }

  kill(): void {
    for (const { child } of this.#parts) child.kill();
  }

  /** Id by name of the nodes that both they and the controller know; the state of all others is taken away. */
  async #enrolled(nodes: readonly NodeView[]): Promise<ReadonlyMap<string, string>> {
    const { paths, pis } = this.#options;
    const known = new Set(nodes.map(({ id }) => id));
    const enrolled = new Map<string, string>();
    for (const name of demoNames(pis)) {
      const id = await nodeIdIn(join(paths.demoDir, name));
      if (id !== undefined && known.has(id)) enrolled.set(name, id);
      else await rm(join(paths.demoDir, name), { recursive: true, force: true });
    }
    return enrolled;
  }

  /** A token for those of each kind that have not enrolled yet. */
  async #makeTokens(
    api: ApiClient,
    enrolled: ReadonlyMap<string, string>,
  ): Promise<Readonly<Partial<Record<Part['kind'], JoinWords>>>> {
    const { pis, paths } = this.#options;
    const servers = SERVERS.filter(({ name }) => !enrolled.has(name));
    const known = [...enrolled.keys()].filter((name) => SERVERS.every((server) => server.name !== name));
    const newPis = pis - known.length;
    const joins: Partial<Record<Part['kind'], JoinWords>> = {};
    if (newPis > 0) joins.pi = await makeToken(api, { kind: 'pi', uses: newPis, tokenFile: paths.demoTokenFile });
    for (const { kind, tokenFile } of servers) {
      joins[kind] = await makeToken(api, { kind, uses: 1, tokenFile: tokenFile(paths) });
    }
    return joins;
  }

  #tokenFiles(): readonly string[] {
    const { paths } = this.#options;
    return [paths.demoTokenFile, ...SERVERS.map(({ tokenFile }) => tokenFile(paths))];
  }

  async #allConnected(api: ApiClient, signal: AbortSignal): Promise<void> {
    const { paths, pis } = this.#options;
    const wanted = demoNames(pis).length;
    const endsAtMs = performance.now() + CONNECTED_MS_MAX;
    let connected = 0;
    while (performance.now() < endsAtMs) {
      connected = (await api.nodes()).filter((node) => isDemoNode(node) && node.liveness === 'fresh').length;
      if (connected >= wanted) return;
      await wait(POLL_MS, undefined, { signal });
    }
    throw new BrambleError('deadline-exceeded', `only ${connected} of ${wanted} simulated nodes came up`, {
      hint: `their logs say why: ${join(paths.logs, 'demo-*.log')}; --demo-pis 0 starts without them`,
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
  return { kind: 'pi', first, pis, configFile, child };
}

function makeServerPart(
  { kind, name, program }: (typeof SERVERS)[number],
  { paths, distDir, say, onPid, pis }: DemoSiteOptions,
): Part {
  const configFile = join(paths.demoDir, `${name}.yaml`);
  const child = new Child({
    ...{ name: `The demo site (${name})`, say, onPid, stopMs: STOP_MS },
    argv: [...AGENT_NODE_FLAGS, join(distDir, program), '--config', configFile],
    logFile: join(paths.logs, `${name}.log`),
  });
  return { kind, first: 0, pis, configFile, child };
}

interface TokenWish {
  readonly kind: Part['kind'];
  readonly uses: number;
  readonly tokenFile: string;
}

async function makeToken(api: ApiClient, { kind, uses, tokenFile }: TokenWish): Promise<JoinWords> {
  const wish = { site: DEMO_SITE, kind, ttlMs: TOKEN_TTL_MS, uses, preApproved: true };
  const { token, spkiPin, enrollEndpoint } = await api.createToken(wish);
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  return { controller: enrollEndpoint, pin: spkiPin, tokenFile };
}

/** Everybody in the site. */
function demoNames(pis: number): readonly string[] {
  return pis === 0
    ? []
    : [DEMO_FILESERVER, DEMO_SWITCH, ...Array.from({ length: pis }, (_, index) => demoPiName(index))];
}

function isDemoNode({ site, name, state }: NodeView): boolean {
  return site === DEMO_SITE && /^demo-(\d{2,3}|fs|sw)(-\d+)?$/.test(name) && state !== 'revoked';
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
