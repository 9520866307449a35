/**
 * A fleet in which everything is real but the world: controller, store and streams, and on every machine an agent with its
 * session, outbox, ledger and commands, over simulated hosts, clocks and network. Slower than the simulator of the engine
 * alone, so that it runs for hours instead of weeks; what it is for is everything between a fact and a deed.
 */

import { hostHandlers } from '../../../agent/kit/actions/index.js';
import { makeUnitsCollector } from '../../../agent/kit/collectors/units.js';
import { SimNetwork } from '../../../agent/kit/testing/sim-net.js';
import { SimWorld } from '../../../agent/kit/testing/sim-world.js';
import { parseHealingPolicy } from '../../../controller/config/healing-policy.js';
import { PROVISIONING } from '../../../controller/domain/provisioning/saga.js';
import type { FleetMap } from '../../../controller/domain/topology/fleet-map.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { openSqliteStore } from '../../../controller/store/sqlite-store.js';
import type { Core } from '../../../controller/usecases/core.js';
import { documentOf } from '../../../controller/usecases/healing/topology-document.js';
import type { Authority, Log, Store, Trust } from '../../../controller/usecases/ports.js';
import { by } from '../../../controller/usecases/testing/by.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type NodeKind, siteId } from '../../../proto/contract/ids.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { randomBelow, seededRandom } from '../../../proto/contract/random.js';
import { REPORT_INTERVAL_MS } from '../fleet/channel.js';
import type { Moments } from '../fleet/timeline.js';
import { Trouble } from '../fleet/trouble.js';
import { type SimNode, World } from '../fleet/world.js';
import { makeSimAuthority, makeSimTrust } from '../sim-authority.js';
import { type SimController, startSimController } from '../sim-controller.js';
import { BootLogs, fileserverFacts, macOf, switchFacts } from './facts.js';
import { type AgentTerms, FleetAgent, type Plant, UNIT } from './fleet-agent.js';
import { piFacts, piState, serverState, switchState, UnitFaults } from './machines.js';
import { type Mortal, mortal } from './mortal.js';
import { Referee } from './referee.js';
import { fileserverHandlers, powerHandlers } from './world-handlers.js';

const READS_EVERY_MS = 10_000;
/** All have joined by then, and nothing is broken yet. */
const BOOT_SETS_AFTER_MS = 40_000;
/** Promise jobs within which a process that is to die does. */
const TURNS_MAX = 60;
const ADMIN = by('admin:sim');
const POLICY = { allowedUnits: [UNIT], allowedMounts: [], journalUnits: [], settings: {} };

export interface FleetTerms {
  readonly topology: Topology;
  /** Of healing, in YAML. */
  readonly policy: string;
  /** A mistake in all agents. */
  readonly plant?: Plant;
}

export class WholeFleet {
  readonly sim: SimWorld;
  readonly timeline: Moments;
  readonly world: World;
  readonly trouble: Trouble;
  readonly referee: Referee;
  readonly store: Store;
  readonly agents: FleetAgent[] = [];
  readonly #network: SimNetwork;
  readonly #authority: Authority;
  readonly #trust: Trust;
  readonly #random;
  readonly #logs: BootLogs;
  readonly #faults = new UnitFaults();
  readonly #plant: Plant | undefined;
  /** Bring each machine to where its world has it. */
  readonly #keepers: (() => void)[] = [];
  #controller: SimController | undefined;
  #life: Mortal = { dead: false };
  #wallErrorMs = 0;
  #loopLagMs = 0;
  #crashIsDue = false;

  private constructor(seed: number, { topology, policy, plant }: FleetTerms, store: Store) {
    const sim = new SimWorld(seed);
    this.sim = sim;
    this.#plant = plant;
    this.timeline = momentsOf(sim);
    this.store = store;
    this.#random = sim.randomFor('fleet');
    this.#network = new SimNetwork(sim);
    this.#authority = makeSimAuthority(sim.randomFor('authority'), { nowMs: () => Math.floor(sim.nowMs) });
    this.#trust = makeSimTrust(sim.randomFor('trust'));
    this.world = new World(topology, this.timeline, seededRandom(seed + 1), { portsStartOff: true });
    this.#logs = new BootLogs(this.world);
    this.referee = new Referee(this.world, parseHealingPolicy(policy, 'the policy of the run'), () => this.#core);
    this.trouble = new Trouble(this.world, {
      restart: (awayMs) => this.crash(awayMs),
      lag: (forMs) => {
        this.#loopLagMs = 2_000;
        sim.after(forMs, () => {
          this.#loopLagMs = 0;
        });
      },
      restore: () => undefined,
      jump: () => {
        this.#wallErrorMs += 10 * 365 * 86_400_000;
      },
      change: () => undefined,
    });
    sim.onStep = { begins: () => this.#mayCrash(), over: () => this.referee.look() };
  }

  static async start(seed: number, terms: FleetTerms): Promise<WholeFleet> {
    const clock = { nowMs: () => 0, monotonicMs: () => 0 };
    const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock, log: QUIET });
    const fleet = new WholeFleet(seed, terms, store);
    await fleet.sim.settle(fleet.#begin(terms));
    return fleet;
  }

  get core(): Core {
    if (this.#core === undefined) throw new BrambleError('failed-precondition', 'the controller is down');
    return this.#core;
  }

  get isControllerUp(): boolean {
    return this.#controller !== undefined;
  }

  get #core(): Core | undefined {
    return this.#controller?.core;
  }

  async runUntil(endMs: number): Promise<void> {
    await this.sim.run(endMs);
  }

  /** The controller dies in the middle of whatever it does next, and comes back on the same store. */
  crash(awayMs: number): void {
    if (this.#controller === undefined || this.#crashIsDue) return;
    this.#crashIsDue = true;
    this.sim.after(Math.max(1_000, awayMs), () => this.#startController());
  }

  /** An agent dies at any moment within a second, alone or with its machine, and starts again. */
  crashAgent(index: number): void {
    const agent = this.agents[index % this.agents.length];
    const how = randomBelow(this.#random, 4) === 0 ? 'power' : 'kill';
    const backAfterMs = 1_000 + randomBelow(this.#random, 20_000);
    this.sim.after(randomBelow(this.#random, 1_000), () => agent?.kill(backAfterMs, how));
  }

  /** Agents die all the time, one after another. */
  crashAgents(everyMs: number, untilMs: number): void {
    this.crashAgent(randomBelow(this.#random, this.agents.length));
    const nextMs = 1 + randomBelow(this.#random, 2 * everyMs);
    if (this.sim.nowMs + nextMs < untilMs) this.sim.after(nextMs, () => this.crashAgents(everyMs, untilMs));
  }

  async pause(forMs: number): Promise<void> {
    const untilMs = this.core.world.clock.nowMs() + forMs;
    const wish = { kind: 'pause', scope: 'fleet', owner: undefined, reason: 'looking', untilMs } as const;
    await this.sim.settle(this.core.healing.holds.place(wish, this.core.healing.map, ADMIN));
    this.referee.paused(forMs);
  }

  /** What the store says when all is over. */
  async finish(): Promise<void> {
    if (this.#core !== undefined) await this.sim.settle(this.referee.finish(this.core));
  }

  async #begin({ topology, policy }: FleetTerms): Promise<void> {
    await this.#startController();
    await this.#enrol();
    const { topologies, policies } = this.core.healing;
    await topologies.set({ document: documentOf(topology), expectedRevision: 0, reason: 'as built' }, ADMIN);
    await policies.set(policy, 'for the run', ADMIN);
    for (const agent of this.agents) agent.start();
    this.world.onChange = () => this.#changed();
    this.#readRoots();
    this.#bootSetsAreDue();
  }

  /** What boards boot is written down as soon as their fileservers are enrolled. */
  #bootSetsAreDue(): void {
    this.sim.after(BOOT_SETS_AFTER_MS, () => {
      if (this.#core === undefined) this.#bootSetsAreDue();
      else
        this.#writeBootSets(this.#core).catch((error: unknown) =>
          this.sim.fail(new Error('boot sets', { cause: error })),
        );
    });
  }

  async #writeBootSets({ nodes, nodeConfigs }: Core): Promise<void> {
    for (const { node } of [...nodes.all()].filter((entry) => entry.node.kind === 'fileserver')) {
      const config = { bootSet: bootSetOf(this.world.map, node.name) };
      await nodeConfigs.set(node.id, { config, expectedRevision: 0, reason: `${PROVISIONING}as built` }, ADMIN);
    }
  }

  #mayCrash(): void {
    if (!this.#crashIsDue || this.#controller === undefined) return;
    this.#crashIsDue = false;
    void this.#dieWithin(randomBelow(this.#random, TURNS_MAX), this.#controller, this.#life);
  }

  /** Between any two promise jobs of what happens now: what was awaited then is never heard of again. */
  async #dieWithin(turns: number, controller: SimController, life: Mortal): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    life.dead = true;
    controller.crash();
    this.#controller = undefined;
    this.world.controllerUp = false;
    this.world.refresh();
  }

  async #startController(): Promise<void> {
    const life = { dead: false };
    this.#life = life;
    this.#controller = await startSimController({
      world: this.sim,
      network: this.#network,
      store: mortal(this.store, life),
      authority: this.#authority,
      trust: this.#trust,
      log: this.#log('controller'),
      wallErrorMs: () => this.#wallErrorMs,
      healing: { parsePolicy: parseHealingPolicy, loopLagMs: () => this.#loopLagMs, tunnelOf: () => 'unobserved' },
      options: { reportIntervalMs: REPORT_INTERVAL_MS },
    });
    this.world.controllerUp = true;
    this.referee.controllerStarted(this.core.world.clock.nowMs());
    this.world.refresh();
  }

  async #enrol(): Promise<void> {
    const { world } = this;
    const tokens = new Map<string, string>();
    const tokenFor = async (kind: NodeKind, site: string): Promise<string> => {
      const known = tokens.get(`${kind} ${site}`);
      if (known !== undefined) return known;
      const terms = { site: siteId(site), kind, ttlMs: 86_400_000, uses: 1_000, preApproved: true };
      const { token } = await this.#api.createToken(terms, ADMIN);
      tokens.set(`${kind} ${site}`, token);
      return token;
    };
    const add = async (site: string, terms: Omit<AgentTerms, 'token' | 'plant'>): Promise<FleetAgent> => {
      const agent = new FleetAgent(
        { ...terms, token: await tokenFor(terms.kind, site), plant: this.#plant },
        this.sim,
        this.#network,
        this.#log(terms.name),
      );
      this.agents.push(agent);
      return agent;
    };
    for (const node of world.nodes) {
      const record = world.map.nodes[node.index]?.record;
      if (record === undefined) continue;
      const agent = await add(record.site, this.#piTerms(node, record.name, record.board.serial));
      this.#keepers.push(() => {
        this.#faults.keep(node, agent);
        agent.become(piState(world, node));
      });
    }
    for (const server of world.fileservers.values()) {
      const agent = await add(server.site, {
        ...{ kind: 'fileserver', name: server.name, serial: server.name, mac: macOf(10_000 + this.agents.length) },
        handlers: fileserverHandlers(this.referee.hands(server.name)),
        facts: ({ clock }) => fileserverFacts(server, this.#logs, clock.monotonicMs()),
      });
      this.#keepers.push(() => agent.become(serverState(world, server)));
    }
    for (const one of world.switches.values()) {
      const agent = await add(one.site, {
        ...{ kind: 'switch', name: one.name, serial: one.name, mac: macOf(20_000 + this.agents.length) },
        handlers: powerHandlers(this.referee.hands(one.name)),
        facts: () => switchFacts(world, one),
      });
      this.#keepers.push(() => agent.become(switchState(world, one)));
    }
  }

  #piTerms(node: SimNode, name: string, serial: string): Omit<AgentTerms, 'token'> {
    return {
      ...{ kind: 'pi', name, serial, mac: macOf(node.index) },
      handlers: hostHandlers(POLICY),
      facts: () => piFacts(node),
      moreCollectors: [makeUnitsCollector([UNIT])],
      onReboot: () => this.world.start(node, 'warm', false),
    };
  }

  get #api(): SimController['api'] {
    if (this.#controller === undefined) throw new BrambleError('failed-precondition', 'the controller is down');
    return this.#controller.api;
  }

  #changed(): void {
    this.#logs.look();
    for (const keep of this.#keepers) keep();
  }

  /** Running systems ask for their roots again and again. */
  #readRoots(): void {
    this.sim.after(READS_EVERY_MS, () => this.#readRoots());
    this.#changed();
  }

  /** An error that is not an operating error is a bug, and a bug ends the run. */
  #log(who: string): Log {
    const say = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => {
      const error = fields['err'];
      const why = error instanceof BrambleError ? ` ${error.code} ${error.message}` : '';
      this.sim.trace(`${who} ${level} ${message}${why}`);
      if (error !== undefined && BrambleError.from(error).code === 'internal') this.sim.fail(error);
    };
    return { info: say('info'), warn: say('warn'), error: say('error') };
  }
}

const QUIET: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function momentsOf(sim: SimWorld): Moments {
  return {
    get nowMs() {
      return sim.nowMs;
    },
    at: (atMs, run) => void sim.after(Math.max(0, atMs - sim.nowMs), run),
    after: (ms, run) => void sim.after(ms, run),
  };
}

/** With every board that this fileserver serves. */
function bootSetOf({ nodes }: FleetMap, fileserver: string): BootSet {
  const boards = nodes.filter(({ record }) => record.fileserver === fileserver);
  return {
    ...{ trunk: 'eth0', intakeImage: undefined, rescueImage: undefined },
    ports: boards.map(({ record: { name, board } }, at) => ({
      vlan: 12 + at,
      server: `10.46.${Math.floor(at / 64)}.${4 * (at % 64) + 1}`,
      board: {
        ...{ serial: board.serial, mac: undefined, hostname: name, boardClass: 'pi3', bits: 64, hasBootCard: false },
        ...{ mode: 'root', ipv6: undefined, authorizedKeys: [] },
      },
    })),
  };
}
