import { hostHandlers } from '../../agent/kit/actions/index.js';
import { hostCollectors } from '../../agent/kit/collectors/index.js';
import { runAgent } from '../../agent/kit/run-agent.js';
import { makeSimApplier, plantConfigFiles, SimConfigState } from '../../agent/kit/testing/sim-config-machine.js';
import { makeSimHost, type SimHost } from '../../agent/kit/testing/sim-host.js';
import { SimNetwork } from '../../agent/kit/testing/sim-net.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { openSqliteStore, type SqliteStore } from '../../controller/store/sqlite-store.js';
import type { Authority, Log, Trust } from '../../controller/usecases/ports.js';
import { by } from '../../controller/usecases/testing/by.js';
import { assert } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { recordedTrees } from '../fixtures/index.js';
import { makeSimAuthority, makeSimTrust } from './sim-authority.js';
import { ENDPOINT, type SimController, startSimController } from './sim-controller.js';

export const UNIT = 'example.service';
const REPORT_INTERVAL_MS = 30_000;
const BOARD = recordedTrees('host').find(({ name }) => name === 'pi-3b')?.input;

/** One board and the agent process on it, which may be dead. */
export interface SimAgent {
  readonly name: string;
  readonly host: SimHost;
  /** What a node config reaches on it. */
  readonly config: SimConfigState;
  /** Kills the process (or cuts the power) without a word and starts the next one later. */
  crash(how: 'kill' | 'power', backAfterMs: number): void;
}

/** A controller and its agents, all real but for the world around them. One seed, one story. */
export class Cluster {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly agents: SimAgent[] = [];
  #store: SqliteStore;
  readonly #authority: Authority;
  readonly #trust: Trust;
  #controller: SimController | undefined;

  constructor(world: SimWorld, store: SqliteStore) {
    this.world = world;
    this.network = new SimNetwork(world);
    this.#store = store;
    this.#authority = makeSimAuthority(world.randomFor('authority'), { nowMs: () => Math.floor(world.nowMs) });
    this.#trust = makeSimTrust(world.randomFor('trust'));
  }

  get controller(): SimController {
    assert(this.#controller !== undefined, 'the controller is down');
    return this.#controller;
  }

  get isControllerUp(): boolean {
    return this.#controller !== undefined;
  }

  get store(): SqliteStore {
    return this.#store;
  }

  async startController(): Promise<void> {
    const log = this.#log('controller');
    this.#controller = await startSimController({
      world: this.world,
      network: this.network,
      store: this.#store,
      authority: this.#authority,
      trust: this.#trust,
      log,
      options: { reportIntervalMs: REPORT_INTERVAL_MS },
    });
    this.#controller.api.watch((change) => {
      if (change.kind === 'event') this.world.trace(`event ${change.event.reason} ${change.event.message}`);
    });
  }

  crashController(backAfterMs: number): void {
    this.world.trace('controller crash');
    this.controller.crash();
    this.#controller = undefined;
    this.world.after(backAfterMs, () => this.startController());
  }

  /** The controller and its database are lost for good; what starts instead has another database, and the same keys. */
  async replaceController(store: SqliteStore): Promise<void> {
    this.world.trace('controller replaced');
    this.controller.crash();
    this.#controller = undefined;
    await this.#store.close();
    this.#store = store;
    await this.startController();
  }

  async addAgents(count: number): Promise<void> {
    const { token } = await this.controller.api.createToken(
      { site: 'sim', kind: 'pi', ttlMs: 86_400_000, uses: count, preApproved: true },
      by('admin:test'),
    );
    for (let index = 0; index < count; index++) this.agents.push(this.#boot(`pi-${index}`, token));
  }

  #boot(name: string, token: string): SimAgent {
    const start = (host: SimHost): void => {
      const ends = new AbortController();
      const agent = runAgent(
        {
          kind: 'pi',
          version: '0.0.0-sim',
          host,
          log: this.#log(name),
          stateDir: '/var/lib/bramble-agent',
          join: { controller: ENDPOINT, pin: '', token },
          collectors: hostCollectors,
          handlers: hostHandlers({ allowedUnits: [UNIT], allowedMounts: [], journalUnits: [], settings: {} }),
          configActuator: makeSimApplier(host, config),
          buildTimeMs: 0,
          progress: () => undefined,
          tidyMemory: () => undefined,
          notifyReady: () => undefined,
        },
        ends.signal,
      );
      agent.catch((error: unknown) => this.world.fail(error));
    };
    const config = new SimConfigState();
    let host = makeSimHost(this.world, name, {
      network: this.network,
      kernel: {
        ...BOARD,
        '/proc/sys/kernel/hostname': `${name}\n`,
        '/proc/device-tree/serial-number': `${name.replace(/\D/g, '').padStart(16, '0')}\0`,
      },
      units: [UNIT],
      onReboot: (rebooting) => {
        rebooting.crash('power');
        restart(20_000);
      },
    });
    plantConfigFiles(host.board.disk, 'ssh-ed25519 of somebody');
    let isDown = false;
    const restart = (afterMs: number): void => {
      isDown = true;
      this.world.after(afterMs, () => {
        host = host.restart();
        isDown = false;
        start(host);
      });
    };
    start(host);
    return {
      name,
      config,
      get host() {
        return host;
      },
      crash: (how, backAfterMs) => {
        if (isDown) return;
        host.crash(how);
        restart(backAfterMs);
      },
    };
  }

  #log(who: string): Log {
    const say = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
      const error = fields['err'];
      const why = error instanceof BrambleError ? ` ${error.code} ${error.message}` : '';
      this.world.trace(`${who} ${level} ${message}${why}`);
      // An error that is not an operating error is a bug, and a bug ends the run.
      if (error !== undefined && BrambleError.from(error).code === 'internal') this.world.fail(error);
    };
    return { info: say('info'), warn: say('warn'), error: say('error') };
  }
}

export async function startCluster(seed: number, agentsCount: number): Promise<Cluster> {
  const world = new SimWorld(seed);
  const clock = { nowMs: () => Math.floor(world.nowMs), monotonicMs: () => world.nowMs };
  const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock, log: quiet });
  const cluster = new Cluster(world, store);
  await cluster.startController();
  await world.settle(cluster.addAgents(agentsCount));
  return cluster;
}
