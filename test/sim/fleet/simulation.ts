/** One seed, one story: a world, its troubles, a healer, and an oracle that watches. */

import { amnestyMs } from '../../../controller/domain/amnesty.js';
import type { Hold } from '../../../controller/domain/healing/desired.js';
import { emptyMemory } from '../../../controller/domain/healing/memory.js';
import type { Change } from '../../../controller/domain/healing/observed.js';
import type { HealingPolicy } from '../../../controller/domain/healing/policy.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { seededRandom } from '../../../proto/contract/random.js';
import { Actuator } from './actuator.js';
import { Books } from './books.js';
import { REPORT_INTERVAL_MS } from './channel.js';
import { EngineHealer, type PlanFunction } from './engine-healer.js';
import { FAULT_MIX, HANDS_HOURS, UNASKED_HOURS } from './fault-mix.js';
import type { Healer } from './healer.js';
import { Oracle } from './oracle.js';
import { observe, type SimController } from './sight.js';
import { Timeline } from './timeline.js';
import { Trouble } from './trouble.js';
import { type SimNode, World } from './world.js';

const [SECOND_MS, HOUR_MS, DAY_MS] = [1_000, 3_600_000, 86_400_000];
const PASS_MS = 10 * SECOND_MS;
/** Nothing has changed for so many passes: look less often. */
const IDLE_PASSES = 60;
const IDLE_MS = 60 * SECOND_MS;
/** No fault strikes in the last part of a run, so that it can be seen whether everything comes to rest. */
const QUIET_END_MS = DAY_MS;
const SPREAD_MS = 60 * SECOND_MS;

export interface SimOptions {
  readonly seed: number;
  readonly days: number;
  readonly topology: Topology;
  readonly policy: HealingPolicy;
  /** How many times as often as in the mix faults strike; 0 = only what is injected. */
  readonly factor: number;
  readonly simultaneousBoots?: number;
  /** Instead of Bramble's engine. */
  readonly healer?: Healer;
  /** Instead of the engine's own, for seeded bugs. */
  readonly plan?: PlanFunction;
}

export class Simulation {
  readonly timeline = new Timeline();
  readonly world: World;
  readonly trouble: Trouble;
  readonly oracle: Oracle;
  readonly books: Books;
  readonly actuator: Actuator;
  readonly healer: Healer;
  readonly controller: SimController = { graceUntilMs: 0, loopLagMs: 5, isRestored: false };
  readonly #options: SimOptions;
  #changes: readonly Change[] = [];
  #repaired = new Set<number>();
  readonly #asked = new Set<number>();
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #idlePasses = 0;
  passes = 0;
  /** Of everything that was decided: two runs of a seed agree in it. */
  hash = 0x811c9dc5;
  /** Everything that was decided, for tests. */
  onPass: (wanted: ReturnType<Healer['pass']>) => void = () => undefined;

  constructor(options: SimOptions) {
    this.#options = options;
    this.healer = options.healer ?? new EngineHealer(options.policy, options.plan);
    this.world = new World(options.topology, this.timeline, seededRandom(options.seed), {
      portsStartOff: this.healer.portsStartOff,
      ...(options.simultaneousBoots === undefined ? {} : { simultaneousBoots: options.simultaneousBoots }),
    });
    this.books = new Books(this.world);
    this.oracle = new Oracle(this.world, options.policy);
    this.actuator = new Actuator(this.world);
    this.trouble = new Trouble(this.world, {
      restart: (awayMs) => this.restartController(awayMs),
      lag: (forMs) => this.#lag(forMs),
      restore: (forMs) => this.#restore(forMs),
      jump: () => undefined, // decisions know no wall clock at all
      change: (change) => {
        this.#changes = [...this.#changes.slice(-9), change];
      },
    });
    this.#connect();
  }

  #connect(): void {
    this.world.onServing = (node) => this.books.look(node);
    this.world.onChange = () => {
      this.#idlePasses = 0;
      this.#wake(this.world.nowMs + PASS_MS);
    };
    this.trouble.onStrike = ({ name, node }) => {
      // Told before it strikes: what it finds is looked at when it has.
      this.timeline.at(this.world.nowMs, () => {
        this.books.struck(name, node);
        if (node?.fault !== undefined) this.#noticeInTheEnd(node);
      });
    };
  }

  /** Runs for the days that were asked for. */
  run(): void {
    const endMs = this.#options.days * DAY_MS;
    if (this.#options.factor > 0) this.trouble.schedule(endMs - QUIET_END_MS, this.#options.factor);
    this.runUntil(endMs);
    this.finish();
  }

  runUntil(endMs: number): void {
    this.#wake(this.world.nowMs + PASS_MS);
    this.timeline.runUntil(endMs, () => this.oracle.afterEvent());
  }

  finish(): void {
    this.books.close();
    const open = this.actuator
      .sights()
      .filter(({ state, plannedAtMs }) => state !== 'unknown' && this.world.nowMs - plannedAtMs > HOUR_MS);
    this.oracle.atEnd(this.actuator.ends, open.filter(({ state }) => state === 'queued' || state === 'running').length);
    if (this.healer instanceof EngineHealer && this.healer.differences > 0)
      this.oracle.violations.push({ invariant: 'H10', atMs: this.world.nowMs, what: 'a replay came out differently' });
  }

  hold(hold: Hold): void {
    if (this.healer instanceof EngineHealer) this.healer.holds = [...this.healer.holds, hold];
    this.world.onChange();
  }

  restartController(awayMs: number): void {
    if (!this.world.controllerUp) return;
    this.world.controllerUp = false;
    this.world.refresh();
    this.timeline.after(awayMs, () => {
      this.world.controllerUp = true;
      this.world.refresh();
      const { nowMs } = this.world;
      const terms = { longestReportIntervalMs: REPORT_INTERVAL_MS, reconnectSpreadMs: SPREAD_MS };
      this.controller.graceUntilMs = nowMs + amnestyMs(terms);
      const all = [...this.world.nodes, ...this.world.fileservers.values(), ...this.world.switches.values()];
      for (const { channel } of all) channel.forget(nowMs);
    });
  }

  #lag(forMs: number): void {
    this.controller.loopLagMs = 2_000;
    this.timeline.after(forMs, () => {
      this.controller.loopLagMs = 5;
      this.world.refresh();
    });
  }

  #restore(forMs: number): void {
    this.controller.isRestored = true;
    this.restartController(SECOND_MS);
    this.timeline.after(forMs, () => {
      this.controller.isRestored = false;
      this.world.refresh();
    });
  }

  #wake(atMs: number): void {
    const at = Math.ceil(atMs / SECOND_MS) * SECOND_MS;
    if (at >= this.#wakeAtMs) return;
    this.#wakeAtMs = at;
    this.timeline.at(at, () => {
      if (this.#wakeAtMs !== at) return;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#pass();
    });
  }

  #pass(): void {
    const { world, controller, healer } = this;
    if (!world.controllerUp) return;
    this.passes++;
    const observed = observe(world, controller, this.#changes, this.actuator.sights(), emptyMemory());
    const repaired = this.#repaired;
    this.#repaired = new Set();
    const wanted = healer.pass(observed, world.map, repaired, world.nowMs);
    this.onPass(wanted);
    if (wanted.plan !== undefined && healer instanceof EngineHealer)
      this.oracle.afterPass(observed, wanted.plan, healer.holds);
    this.#digest(JSON.stringify([world.nowMs, wanted.starts, wanted.plan?.records]), wanted.starts.length > 0);
    for (const id of wanted.cancels) this.actuator.cancel(id);
    for (const id of wanted.reverts) this.#revert(id);
    for (const action of wanted.starts) {
      this.books.started(action);
      this.actuator.submit(action);
    }
    for (const index of wanted.hands) this.#ask(index);
    const isIdle = wanted.starts.length === 0 && (wanted.plan?.records.length ?? 0) === 0;
    this.#idlePasses = isIdle ? this.#idlePasses + 1 : 0;
    this.#planNext(wanted.lookAgainAtMs);
  }

  #planNext(lookAgainAtMs: number | undefined): void {
    const { nowMs, nodes } = this.world;
    const isDisturbed = this.actuator.openCount > 0 || nodes.some(({ channel }) => !channel.isUp);
    const isIdle = this.#idlePasses > IDLE_PASSES;
    if (isDisturbed) this.#wake(nowMs + (isIdle ? IDLE_MS : PASS_MS));
    if (lookAgainAtMs !== undefined) this.#wake(Math.max(nowMs + (isIdle ? IDLE_MS : SECOND_MS), lookAgainAtMs));
  }

  #digest(text: string, isTold: boolean): void {
    if (!isTold && text.endsWith('[],[]]')) return;
    for (let at = 0; at < text.length; at++) this.hash = Math.imul(this.hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }

  #revert(id: string): void {
    const change = this.#changes.find((one) => one.id === id);
    if (change === undefined) return;
    this.timeline.after(5 * SECOND_MS, () => {
      this.#changes = this.#changes.map((one) => (one === change ? { ...one, isReverted: true } : one));
      this.trouble.takeBack(change.domain);
    });
  }

  /** Somebody goes there, once, and leaves the node as it should be. */
  #ask(index: number): void {
    if (this.#asked.has(index)) return;
    this.#asked.add(index);
    const [low, high] = HANDS_HOURS;
    this.timeline.after(this.world.between(low * HOUR_MS, high * HOUR_MS), () => {
      const node = this.world.nodes[index];
      if (node !== undefined && this.#asked.has(index)) this.#repair(node);
    });
  }

  /** Nobody was asked, and it is still down: a user complains, and somebody goes there all the same. */
  #noticeInTheEnd(node: SimNode): void {
    const { fault } = node;
    this.timeline.after(UNASKED_HOURS * HOUR_MS, () => {
      const isTold = FAULT_MIX.find(({ name }) => name === fault?.name)?.cure !== 'repair';
      if (fault !== undefined && node.fault === fault && isTold) this.#ask(node.index);
    });
  }

  #repair(node: SimNode): void {
    this.#asked.delete(node.index);
    this.books.repairedByHands(node);
    node.board = 'ok';
    node.cardDying = false;
    node.rootBroken = false;
    node.dirMissing = false;
    node.clockWrong = false;
    node.fault = undefined;
    this.#repaired.add(node.index);
    this.world.setPort(node, false, false);
    this.world.setPort(node, true, false);
  }
}
