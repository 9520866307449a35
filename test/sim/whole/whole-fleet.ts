/**
 * A fleet whose controller is the real one: use cases, store and ledger over a simulated world. Slower than the simulator of
 * the engine alone, so that it runs for hours instead of weeks; what it is for is everything between a fact and a command.
 */

import { LADDER } from '../../../controller/domain/healing/ladder.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { openSqliteStore } from '../../../controller/store/sqlite-store.js';
import { type Core, startCore } from '../../../controller/usecases/core.js';
import { documentOf } from '../../../controller/usecases/healing/topology-document.js';
import type { World as ControllerWorld, Log, Store } from '../../../controller/usecases/ports.js';
import { by } from '../../../controller/usecases/testing/by.js';
import { healingPorts } from '../../../controller/usecases/testing/healing-ports.js';
import { type NodeKind, nodeId, siteId } from '../../../proto/contract/ids.js';
import { NOTHING_REPAIRED } from '../../../proto/contract/netboot/repair.js';
import { seededRandom } from '../../../proto/contract/random.js';
import { REPORT_INTERVAL_MS } from '../fleet/channel.js';
import { isBehindSomethingElse } from '../fleet/oracle.js';
import { Timeline } from '../fleet/timeline.js';
import { Trouble } from '../fleet/trouble.js';
import { type SimNode, World } from '../fleet/world.js';
import { BootLogs, fileserverFacts, macOf, switchFacts, UP_BEFORE_MS } from './facts.js';
import { type Order, Peer, type PeerTerms } from './peer.js';

const WALL_START_MS = Date.UTC(2026, 0, 1);
const TEXT = new TextEncoder();
/** A pause must hold by then. */
const PAUSE_WITHIN_MS = 1_000;
const REPAIR_MS = 5_000;

export interface WholeViolation {
  readonly invariant: string;
  readonly atMs: number;
  readonly what: string;
}

export class WholeFleet {
  readonly timeline = new Timeline();
  readonly world: World;
  readonly trouble: Trouble;
  readonly violations: WholeViolation[] = [];
  /** Power cuts and repairs that were carried out, in words. */
  readonly deeds: string[] = [];
  readonly store: Store;
  readonly #random;
  readonly #logs: BootLogs;
  readonly #peers: Peer[] = [];
  readonly #done = new Set<string>();
  #core: Core | undefined;
  #life = { dead: false };
  #startedAtMs = 0;
  #pausedSinceMs: number | undefined;
  /** Promise jobs that run before the next crash. */
  #crashInTurns: number | undefined;

  private constructor(seed: number, topology: Topology, store: Store) {
    this.#random = seededRandom(seed);
    this.world = new World(topology, this.timeline, seededRandom(seed + 1), { portsStartOff: true });
    this.#logs = new BootLogs(this.world);
    this.store = store;
    this.world.onChange = () => this.#logs.look();
    this.trouble = new Trouble(this.world, {
      restart: (awayMs) => this.crash(awayMs),
      lag: () => undefined,
      restore: () => undefined,
      jump: () => {
        this.#wallOffsetMs += 10 * 365 * 86_400_000;
      },
      change: () => undefined,
    });
  }

  #wallOffsetMs = WALL_START_MS;

  static async start(seed: number, topology: Topology, policy: string): Promise<WholeFleet> {
    const clock = { nowMs: () => WALL_START_MS, monotonicMs: () => 0 };
    const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock, log: quiet });
    const fleet = new WholeFleet(seed, topology, store);
    await fleet.#enrol(topology);
    await fleet.#startController();
    const { topologies, policies } = fleet.core.healing;
    await topologies.set({ document: documentOf(topology), expectedRevision: 0, reason: 'as built' }, by('admin:sim'));
    await policies.set(policy, 'for the run', by('admin:sim'));
    for (const peer of fleet.#peers) peer.start();
    fleet.#readRoots();
    return fleet;
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error('the controller is down');
    return this.#core;
  }

  get isControllerUp(): boolean {
    return this.#core !== undefined;
  }

  /** Plays everything up to then. After each event every promise job that it caused runs to its end. */
  async runUntil(endMs: number): Promise<void> {
    await this.#drain();
    while (this.timeline.step(endMs)) await this.#drain();
    this.timeline.nowMs = endMs;
  }

  async #drain(): Promise<void> {
    if (this.#crashInTurns !== undefined) {
      // Between any two promise jobs: what was awaited then is never heard of again.
      for (let turn = 0; turn < this.#crashInTurns; turn++) await Promise.resolve();
      this.#crashInTurns = undefined;
      this.#die();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Dies in the middle of whatever it does with the next event, and comes back on the same store. */
  crash(awayMs: number): void {
    if (this.#core === undefined || this.#crashInTurns !== undefined) return;
    this.#crashInTurns = Math.floor(this.#random.unit() * 60);
    this.timeline.after(Math.max(1_000, awayMs), () => {
      void this.#startController();
    });
  }

  #die(): void {
    this.#life.dead = true;
    this.#core = undefined;
    this.world.controllerUp = false;
    this.world.refresh();
    for (const peer of this.#peers) peer.lose();
  }

  async pause(forMs: number): Promise<void> {
    const untilMs = this.#wallMs() + forMs;
    const wish = { kind: 'pause', scope: 'fleet', owner: undefined, reason: 'looking', untilMs } as const;
    await this.core.healing.holds.place(wish, this.core.healing.map, by('admin:sim'));
    this.#pausedSinceMs = this.timeline.nowMs;
    this.timeline.after(forMs, () => {
      this.#pausedSinceMs = undefined;
    });
  }

  async #startController(): Promise<void> {
    const life = { dead: false };
    this.#life = life;
    this.#startedAtMs = this.timeline.nowMs;
    const core = await startCore({
      store: mortal(this.store, life),
      world: this.#controllerWorld(life),
      trust: { signCommand: (payload) => ({ payload, keyId: 'k', signature: new Uint8Array(64) }) },
      codec: {
        encode: ({ id, action, issuedAtMs, validForMs }) => this.#encode({ id, action, issuedAtMs, validForMs }),
      },
      history: { record: () => undefined },
      mayStill: async (actor) => actor !== 'healing',
      healing: healingPorts,
      options: { reportIntervalMs: REPORT_INTERVAL_MS },
    });
    if (life.dead) return;
    this.#core = core;
    this.world.controllerUp = true;
    this.world.refresh();
  }

  /** Deadlines travel on the world's own clock: the signature's are of the controller's wall clock, which may jump. */
  #encode(order: Order): Uint8Array {
    return TEXT.encode(JSON.stringify({ ...order, issuedAtMs: order.issuedAtMs - this.#wallOffsetMs }));
  }

  #wallMs(): number {
    return Math.round(this.timeline.nowMs + this.#wallOffsetMs);
  }

  #controllerWorld(life: { readonly dead: boolean }): ControllerWorld {
    return {
      clock: { nowMs: () => this.#wallMs(), monotonicMs: () => this.timeline.nowMs },
      random: seededRandom(Math.floor(this.#random.unit() * 2 ** 31)),
      timers: {
        after: (ms, call) => {
          const timer = { isOff: false };
          this.timeline.after(ms, () => {
            if (!timer.isOff && !life.dead) call();
          });
          return () => {
            timer.isOff = true;
          };
        },
      },
      log: quiet,
    };
  }

  async #enrol(topology: Topology): Promise<void> {
    const { world } = this;
    let number = 0;
    const add = async (kind: NodeKind, name: string, site: string, more: Partial<PeerTerms>): Promise<void> => {
      number += 1;
      const id = nodeId(`n-${String(number).padStart(13, '0')}`);
      const terms: PeerTerms = {
        ...{ id, site: siteId(site), kind, name, serial: name, macAddresses: [], supportedActions: [] },
        offsetMs: (number * 7_919) % REPORT_INTERVAL_MS,
        isHeard: () => false,
        facts: () => [],
        uptimeMs: () => this.timeline.nowMs + UP_BEFORE_MS,
        bootId: () => `${name}-boot`,
        carryOut: (_, done) => done('done'),
        ...more,
      };
      const board = { model: '', serial: terms.serial, macAddresses: [...terms.macAddresses] };
      const node = {
        id,
        site: terms.site,
        kind,
        name,
        lifecycle: 'enrolled',
        board,
        enrolledAtMs: 0,
        desiredRevision: 0,
      } as const;
      await this.store.transact((writer) => writer.putNode(node));
      this.#peers.push(new Peer(terms, this.timeline, () => this.#core?.gate));
    };
    for (const node of world.nodes) {
      const record = world.map.nodes[node.index]?.record;
      if (record !== undefined) await add('pi', record.name, record.site, this.#piTerms(node, record.board.serial));
    }
    for (const server of world.fileservers.values()) {
      await add('fileserver', server.name, server.site, {
        supportedActions: ['boot_path_repair'],
        isHeard: () => server.channel.isUp,
        facts: () => fileserverFacts(server, this.#logs),
        carryOut: (order, done) => this.#repairPath(order, done),
      });
    }
    for (const one of world.switches.values()) {
      await add('switch', one.name, one.site, {
        supportedActions: ['switch_power'],
        isHeard: () => one.channel.isUp,
        facts: () => switchFacts(world, one),
        carryOut: (order, done) => this.#power(one.name, order, done),
      });
    }
    if (topology.nodes.length !== world.nodes.length) throw new Error('every node is enrolled');
  }

  #piTerms(node: SimNode, serial: string): Partial<PeerTerms> {
    return {
      serial,
      macAddresses: [macOf(node.index)],
      supportedActions: ['reboot', 'step_clock'],
      isHeard: () => node.channel.isUp,
      facts: () => [],
      uptimeMs: () => (node.starts === 0 ? this.timeline.nowMs + UP_BEFORE_MS : this.timeline.nowMs - node.phaseAtMs),
      bootId: () => `pi-${node.index}-${node.starts}`,
    };
  }

  /** Running systems ask for their roots again and again. */
  #readRoots(): void {
    this.timeline.after(10_000, () => this.#readRoots());
    this.#logs.look();
  }

  #repairPath({ id, action }: Order, done: (detail: string) => void): void {
    if (action.kind !== 'boot-path-repair') return;
    this.#onceOnly(id);
    this.timeline.after(REPAIR_MS, () => {
      const node = this.world.nodes.find(
        ({ index }) => this.world.map.nodes[index]?.record.board.serial.slice(-8) === action.serial,
      );
      const isBroken = node?.dirMissing === true;
      if (node !== undefined && isBroken) {
        node.dirMissing = false;
        if (node.fault?.name === 'boot-dir-missing') node.fault = undefined;
      }
      this.deeds.push(`repair ${node?.index ?? '?'}`);
      done(isBroken ? 'its directory was made anew' : NOTHING_REPAIRED);
    });
  }

  #power(switchName: string, { id, action }: Order, done: (detail: string) => void): void {
    if (action.kind !== 'switch-power') return;
    this.#onceOnly(id);
    const node = this.world.nodes.find(({ index }) => {
      const mapped = this.world.map.nodes[index];
      return mapped?.record.plug?.switch === switchName && mapped.port?.interfaceName === action.port;
    });
    if (node === undefined) {
      this.#violate('H8', `${action.action} of ${action.port}, which has no node`);
      return;
    }
    this.#judgePower(node, action.action);
    this.deeds.push(`${action.action} ${node.index}`);
    const on = (): void => {
      if (node.fault?.name === 'switched-off') node.fault = undefined;
      this.world.setPort(node, true, true);
      done('it has power');
    };
    if (action.action === 'on') {
      on();
      return;
    }
    this.world.setPort(node, false, true);
    this.timeline.after(action.offMs, on);
  }

  #judgePower(node: SimNode, what: 'on' | 'off' | 'cycle'): void {
    const name = this.world.map.nodes[node.index]?.record.name ?? '';
    const { nowMs } = this.timeline;
    if (this.#pausedSinceMs !== undefined && nowMs - this.#pausedSinceMs > PAUSE_WITHIN_MS)
      this.#violate('I7', `${what} of ${name} in a pause`);
    if (this.isControllerUp && this.core.healing.graceMs > 0)
      this.#violate('H6', `${what} of ${name} ${nowMs - this.#startedAtMs} ms after a start`);
    if (what === 'on') return;
    if (this.world.map.nodes[node.index]?.port?.isProtected === true) this.#violate('H8', `${what} of ${name}`);
    if (this.world.serves(node)) this.#violate('H12', `${what} of ${name}, which serves`);
    if (isBehindSomethingElse(node)) this.#violate('H4', `${what} of ${name}, which has no trouble of its own`);
  }

  #onceOnly(id: string): void {
    if (this.#done.has(id)) this.#violate('I1', `${id} is carried out twice`);
    this.#done.add(id);
  }

  /** What the store says when all is over: every act has one end, and none is open for long. */
  async finish(): Promise<void> {
    const { healing } = this.store.reader;
    for (const { id, state, atMs } of await healing.openActions()) {
      if (state !== 'unknown' && this.#wallMs() - atMs > 3_600_000)
        this.#violate('H2', `${id} is ${state} for an hour`);
    }
    const records = await healing.explainRecords({ limit: 1_000 });
    for (const { record } of records) {
      if (record.decision === 'hold' && record.objection === undefined)
        this.#violate('H11', `${record.node} is held and no guard says why`);
      const isBare = record.decision === 'act' && record.rung !== 'admit' && record.rung !== undefined;
      if (isBare && !(record.rung in LADDER)) this.#violate('H7', `${record.rung} is no rung`);
    }
  }

  #violate(invariant: string, what: string): void {
    this.violations.push({ invariant, atMs: this.timeline.nowMs, what });
  }
}

const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Once its process is dead, nothing that it began comes back to it, and it begins nothing. */
function mortal(store: Store, life: { readonly dead: boolean }): Store {
  const never = new Promise<never>(() => undefined);
  return {
    reader: store.reader,
    async transact(work) {
      if (life.dead) return await never;
      const done = await store.transact(work);
      return life.dead ? await never : done;
    },
    close: async () => undefined,
  };
}
