import { mkdir, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { BrambleError } from '../../proto/contract/errors.js';
import { ApiClient } from '../cli/api-client.js';
import { HttpTransport } from '../cli/transport.js';
import { prepareDataDir } from '../data-dir.js';
import { type DataLock, lockDataDir } from '../data-lock.js';
import { AGENT_NODE_FLAGS, Child } from './child.js';
import { DemoSite } from './demo-site.js';
import { type QuickstartPaths, SITE, writeAgentConfig, writeControllerConfig } from './files.js';
import type { QuickstartFlags } from './flags.js';
import { endLeftovers } from './leftovers.js';
import { loadMemory, type QuickstartMemory, saveMemory } from './memory.js';
import { knownNode, tokenForThisMachine, waitForReport } from './this-machine.js';

const FIRST_REPORT_MS_MAX = 60_000;
const LOGIN_LINK_TTL_MS = 3_600_000;
/** A little more than the programs allow themselves. */
const AGENT_STOP_MS = 5_000;
const CONTROLLER_STOP_MS = 8_000;
export interface QuickstartDeps {
  readonly flags: QuickstartFlags;
  readonly paths: QuickstartPaths;
  /** Where the built programs are. */
  readonly distDir: string;
  /** Told about everything that a person should know; one call is one line. */
  readonly say: (line: string) => void;
}

/** A controller, an agent for this machine and a site of simulated Pis, kept running. */
export class Quickstart {
  readonly #deps: QuickstartDeps;
  readonly #controller: Child;
  readonly #agent: Child;
  readonly #demo: DemoSite;
  #lock: DataLock | undefined;
  #memory: QuickstartMemory | undefined;
  #saved: Promise<void> = Promise.resolve();

  constructor(deps: QuickstartDeps) {
    this.#deps = deps;
    const { paths, distDir, say } = deps;
    const onPid = (): void => this.#remember({});
    this.#controller = new Child({
      name: 'The controller',
      argv: [join(distDir, 'bramble-controller.mjs'), '--config', paths.controllerConfig],
      logFile: join(paths.logs, 'controller.log'),
      stopMs: CONTROLLER_STOP_MS,
      say,
      onPid,
    });
    this.#agent = new Child({
      name: 'The agent',
      argv: [...AGENT_NODE_FLAGS, join(distDir, 'bramble-agent.mjs'), 'run', '--config', paths.agentConfig],
      logFile: join(paths.logs, 'agent.log'),
      stopMs: AGENT_STOP_MS,
      say,
      onPid,
    });
    this.#demo = new DemoSite({
      paths,
      distDir,
      pis: deps.flags.demoPis,
      troubles: !deps.flags.isDemoCalm,
      say,
      onPid,
    });
  }

  /**
   * Resolves with the page's address once a report of this machine counts and the whole demo site is connected.
   * @throws BrambleError with what to do about it
   */
  async start(signal: AbortSignal): Promise<string> {
    const { flags, paths, say } = this.#deps;
    await prepareDataDir(paths.dataDir);
    this.#lock = await lockDataDir(paths.dataDir, process.pid, 'start');
    await mkdir(paths.logs, { recursive: true, mode: 0o700 });
    this.#memory = await loadMemory(paths.dataDir);
    const { linkPort, enrolPort, pids } = this.#memory;
    const ended = await endLeftovers(pids, paths.dataDir);
    if (ended > 0) say(`Ended ${ended} programs of an earlier run that was killed.`);
    const { advertise, port: httpPort } = flags;
    await writeControllerConfig(paths, { httpPort, linkPort, enrolPort, advertise });
    const url = pageUrl(await this.#controller.start());
    const api = this.#api(signal);
    await Promise.all([this.#startAgent(api, signal), this.#demo.start(api, signal)]);
    return url;
  }

  /** Opens the page once, without a password: whoever reads this terminal is whose machine it is. */
  async loginPath(signal: AbortSignal): Promise<string> {
    return (await this.#api(signal).createLoginLink({ ttlMs: LOGIN_LINK_TTL_MS })).path;
  }

  /** The agents first, so that they can say goodbye to somebody. */
  async stop(): Promise<void> {
    await Promise.all([this.#agent.stop(), this.#demo.stop()]);
    await this.#controller.stop();
    await this.#saved;
    await this.#lock?.release();
  }

  kill(): void {
    this.#agent.kill();
    this.#demo.kill();
    this.#controller.kill();
  }

  async #startAgent(api: ApiClient, signal: AbortSignal): Promise<void> {
    const { paths } = this.#deps;
    const nodeIds = new Set((await api.nodes()).map((node) => node.id));
    const known = (await knownNode(api, this.#memory?.nodeId))?.id;
    if (known === undefined) {
      // Whatever identity is there belongs to a controller that is gone.
      await rm(paths.agentState, { recursive: true, force: true });
      await writeAgentConfig(paths, await tokenForThisMachine(api, SITE));
    } else {
      await writeAgentConfig(paths, undefined);
    }
    this.#agent.launch();
    const node = await waitForReport(api, SITE, { nodeIds, known }, FIRST_REPORT_MS_MAX, signal).catch(
      (thrown: unknown) => {
        const error = BrambleError.from(thrown);
        if (error.code !== 'deadline-exceeded') throw error;
        throw new BrambleError(error.code, error.message, {
          hint: `its log says why: ${join(paths.logs, 'agent.log')}`,
          cause: error,
        });
      },
    );
    // Used, so worthless; gone all the same, and no longer asked for when the agent is started again.
    await writeAgentConfig(paths, undefined);
    await rm(paths.tokenFile, { force: true });
    this.#remember({ nodeId: node.id });
    await this.#saved;
  }

  #api(signal: AbortSignal): ApiClient {
    const where = { kind: 'socket', path: this.#deps.paths.adminSocket } as const;
    return new ApiClient(new HttpTransport(where, loginName()), signal);
  }

  #remember(change: Partial<QuickstartMemory>): void {
    if (this.#memory === undefined) return;
    const pids = [this.#controller.pid, this.#agent.pid, ...this.#demo.pids].filter((pid) => pid !== undefined);
    const memory = { ...this.#memory, pids, ...change };
    this.#memory = memory;
    this.#saved = this.#saved.then(() => saveMemory(this.#deps.paths.dataDir, memory)).catch(() => undefined); // only a convenience
  }
}

function pageUrl(readyLine: string): string {
  try {
    const ready: unknown = JSON.parse(readyLine);
    if (typeof ready === 'object' && ready !== null && 'http' in ready) return String(ready.http);
  } catch {
    // said below
  }
  throw new BrambleError('internal', `the controller's first line is not its ready line: ${readyLine}`);
}

function loginName(): string {
  try {
    return userInfo().username.replaceAll(/[^A-Za-z0-9._@+-]/g, '_');
  } catch {
    return 'quickstart'; // a user id without an entry, as containers have them
  }
}
