import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { ApiClient } from '../../controller/cli/api-client.js';
import { HttpTransport } from '../../controller/cli/transport.js';
import { end, launch } from './host/process.js';
import { CONTROLLER_ADDRESS, ENROL_PORT, LINK_PORT, type RackSpec, SITE } from './spec.js';

const START_MS_MAX = 30_000;
const POLL_MS = 100;
const TOKEN_TTL_MS = 3_600_000;
const REPORT_INTERVAL = '5s';
/** Commands of the rack end with it. */
const NEVER = new AbortController().signal;

/** The controller of a rack, as its users start it, in a namespace that every agent reaches through somebody's router. */
export class LabController {
  readonly #dir: string;
  readonly #distDir: string;
  readonly #namespace: string;

  constructor(dir: string, distDir: string, namespace: string) {
    this.#dir = dir;
    this.#distDir = distDir;
    this.#namespace = namespace;
  }

  get adminSocket(): string {
    return path.join(this.#dir, 'controller.data', 'admin.sock');
  }

  get api(): ApiClient {
    return new ApiClient(new HttpTransport({ kind: 'socket', path: this.adminSocket }, 'lab'), NEVER);
  }

  /** What it knows; nothing where the rack has no controller, or it does not answer. */
  async nodesIfAny(): Promise<Awaited<ReturnType<ApiClient['nodes']>>> {
    return this.api.nodes().catch(() => []);
  }

  /** Ends it in order and starts it with more in its configuration; nothing more = as it was. */
  async restart(more: object = {}): Promise<void> {
    await end(this.#dir, 'controller', 'SIGTERM');
    await this.start(false, more);
  }

  /** It ends in the middle of whatever it does. */
  async kill(): Promise<void> {
    await end(this.#dir, 'controller', 'SIGKILL');
  }

  async start(diesWithParent: boolean, more: object = {}): Promise<void> {
    const config = {
      dataDir: path.join(this.#dir, 'controller.data'),
      http: { host: '127.0.0.1', port: 8080 },
      link: { host: CONTROLLER_ADDRESS, port: LINK_PORT, advertise: [`${CONTROLLER_ADDRESS}:${LINK_PORT}`] },
      enrol: { host: CONTROLLER_ADDRESS, port: ENROL_PORT },
      cadence: { reportInterval: REPORT_INTERVAL },
      ...more,
    };
    const file = path.join(this.#dir, 'controller.yaml');
    writeFileSync(file, stringify(config));
    const argv = [process.execPath, path.join(this.#distDir, 'bramble-controller.mjs'), '--config', file] as const;
    await launch(this.#dir, { name: 'controller', argv, namespace: this.#namespace, diesWithParent });
    const endsAtMs = performance.now() + START_MS_MAX;
    for (;;) {
      try {
        await this.api.nodes();
        return;
      } catch (thrown) {
        if (performance.now() > endsAtMs) throw thrown;
        await wait(POLL_MS);
      }
    }
  }

  /** Puts agents, their configurations and tokens where the guests look for them. */
  async lendAgents({ pis }: RackSpec): Promise<void> {
    const lend = (guest: string, file: string): string => path.join(this.#dir, `${guest}.share`, file);
    for (const kind of ['switch', 'fileserver'] as const) {
      mkdirSync(path.dirname(lend(kind, '')), { recursive: true });
      copyFileSync(path.join(this.#distDir, `bramble-${kind}-agent.mjs`), lend(kind, 'agent.mjs'));
      await this.#writeConfig(kind, lend(kind, 'agent.yaml'), lend(kind, 'token'));
    }
    copyFileSync(path.join(this.#distDir, 'bramble-agent.mjs'), lend('fileserver', 'pi-agent.mjs'));
    for (const { name } of pis) {
      const token = lend('fileserver', `${name}.token`);
      await this.#writeConfig('pi', lend('fileserver', `${name}.yaml`), token);
    }
  }

  /** Resolves when the agents of these guests report. @throws Error naming those that do not */
  async connected(names: readonly string[], limitMs: number): Promise<void> {
    const endsAtMs = performance.now() + limitMs;
    for (;;) {
      const nodes = new Map((await this.api.nodes()).map((node) => [node.name, node]));
      const missing = names.filter((name) => nodes.get(name)?.liveness !== 'fresh');
      if (missing.length === 0) return;
      if (performance.now() > endsAtMs) {
        const words = missing.map((name) => `${name}: ${nodes.get(name)?.why ?? 'it never enrolled'}`);
        throw new Error(`no report within ${limitMs / 1_000} s of ${words.join('; ')}`);
      }
      await wait(POLL_MS);
    }
  }

  async #writeConfig(kind: 'pi' | 'switch' | 'fileserver', file: string, tokenFile: string): Promise<void> {
    const wish = { site: SITE, kind, ttlMs: TOKEN_TTL_MS, uses: 1, preApproved: true };
    const { token, spkiPin } = await this.api.createToken(wish);
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
    const join = {
      controller: `${CONTROLLER_ADDRESS}:${ENROL_PORT}`,
      pin: spkiPin,
      tokenFile: '/var/lib/bramble-agent/join-token',
    };
    // Both act by themselves, without helpers: see guests/agent.sh.
    const isRoot = kind !== 'pi';
    const services = kind === 'fileserver' ? 'systemd' : 'none';
    if (isRoot) writeFileSync(path.join(path.dirname(file), 'agent-is-root'), '');
    writeFileSync(file, stringify({ stateDir: '/var/lib/bramble-agent', join, services }));
  }
}
