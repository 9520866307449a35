/** Watches a run and says what must never happen: the invariants of healing, judged by the truth of the world. */

import { type Action, type ActionSight, isOver } from '../../../controller/domain/healing/action.js';
import { inFlightLimit, quarterOf } from '../../../controller/domain/healing/budget.js';
import type { Hold } from '../../../controller/domain/healing/desired.js';
import { LADDER, rungNumber } from '../../../controller/domain/healing/ladder.js';
import type { Observed } from '../../../controller/domain/healing/observed.js';
import type { Plan } from '../../../controller/domain/healing/plan.js';
import type { HealingPolicy } from '../../../controller/domain/healing/policy.js';
import type { SimNode, World } from './world.js';

export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly what: string;
}

const DAY_MS = 86_400_000;
/** Who has been ill for so long has been seen, diagnosed and counted. */
const STORM_SEEN_AFTER_MS = 3 * 60_000;
/** Who waits for hands, or has a cause elsewhere, is explained and does not count. */
const STORMY: ReadonlySet<string> = new Set(['diagnosing', 'held', 'acting', 'verifying']);
/** How old a fact may be when it is acted on: one report, its way, and one pass. */
const FACT_LAG_MS = 60_000;

export class Oracle {
  readonly violations: Violation[] = [];
  readonly #world: World;
  readonly #policy: HealingPolicy;
  /** Highest rung of each node's incident. */
  readonly #rungs = new Map<number, number>();
  /** When disruptive actions were started, by node. */
  readonly #disruptedMs = new Map<number, readonly number[]>();

  constructor(world: World, policy: HealingPolicy) {
    this.#world = world;
    this.#policy = policy;
  }

  /** After a pass, before what it wants is carried out. */
  afterPass(observed: Observed, plan: Plan, holds: readonly Hold[]): void {
    for (const record of plan.records)
      if (record.decision === 'well') this.#rungs.delete(this.#world.map.nodeByName.get(record.node)?.index ?? -1);
    for (const action of plan.starts) this.#judgeStart(observed, plan, action, holds);
    for (const [index, heal] of plan.memory.nodes) {
      if (heal.state !== 'held' && heal.state !== 'held-by-cause') continue;
      const record = plan.memory.records.get(index);
      const isExplained = record !== undefined && (record.objection !== undefined || record.decision === 'would-act');
      if (!isExplained) this.tell('H11', `${nameOf(this.#world, index)} is ${heal.state} and no guard says why`);
    }
    if (observed.nodes.length > 0)
      this.judgeFlight([...observed.actions.filter(({ state }) => !isOver(state)), ...plan.starts]);
  }

  #judgeStart(observed: Observed, plan: Plan, action: Action, holds: readonly Hold[]): void {
    const { nowMs, map } = this.#world;
    const node = this.#world.nodes[action.node];
    const mapped = map.nodes[action.node];
    if (node === undefined || mapped === undefined) return;
    const name = mapped.record.name;
    const what = `${action.rung} at ${name}`;
    if (nowMs < observed.controller.graceUntilMs || observed.controller.isRestored)
      this.tell('H6', `${what} before grace is over`);
    if (
      holds.some(
        ({ scope, untilMs }) =>
          nowMs < untilMs && (scope === 'fleet' || scope === name || scope === mapped.record.site),
      )
    )
      this.tell('I7', `${what} under a hold`);
    const port = mapped.port;
    const isCut = action.rung === 'admit' || LADDER[action.rung].needs.includes('power');
    if (isCut && port !== undefined && (port.isProtected || port.role !== 'node'))
      this.tell('H8', `${what} on a protected port`);
    if (action.rung === 'admit') {
      if (action.isCycle && this.#world.serves(node)) this.tell('H12', `${what} while it serves`);
      return;
    }
    const sight = observed.nodes[action.node];
    if (sight?.agent === 'fresh' && sight.symptom === undefined) this.tell('H12', `${what}, which is well`);
    const rung = rungNumber(action.rung);
    if (rung < (this.#rungs.get(action.node) ?? -1)) this.tell('H7', `${what} after R${this.#rungs.get(action.node)}`);
    this.#rungs.set(action.node, Math.max(rung, this.#rungs.get(action.node) ?? -1));
    const terms = LADDER[action.rung];
    if (terms.isDisruptive) this.#judgeDisruption(observed, plan, node, what);
    if (terms.isDisruptive && isBehindSomethingElse(node)) this.tell('H4', `${what}, which has no trouble of its own`);
    if (terms.isDestructive) this.#judgeArrays(node, what);
  }

  /** Brakes that a disruptive action must have found open: the node's own budget, the controller's health, the storm. */
  #judgeDisruption(observed: Observed, plan: Plan, node: SimNode, what: string): void {
    const { budgets, loopLagMaxMs, storm } = this.#policy;
    const { nowMs } = this.#world;
    const past = (this.#disruptedMs.get(node.index) ?? []).filter((atMs) => nowMs - atMs < DAY_MS);
    this.#disruptedMs.set(node.index, [...past, nowMs]);
    if (past.length >= budgets.nodePerDay) this.tell('H3', `${what}, for the ${past.length + 1}th time today`);
    const lastMs = past.at(-1);
    if (lastMs !== undefined && nowMs - lastMs < budgets.nodeApartMs)
      this.tell('H3', `${what}, ${Math.round((nowMs - lastMs) / 1_000)} s after the last one`);
    if (observed.controller.loopLagMs >= loopLagMaxMs) this.tell('G1', `${what} by a controller that lags`);
    const site = this.#world.map.nodes[node.index]?.site;
    const ill = this.#world.nodes.filter(
      (other) =>
        this.#world.map.nodes[other.index]?.site === site &&
        nowMs - (other.fault?.atMs ?? nowMs) > STORM_SEEN_AFTER_MS &&
        observed.nodes[other.index]?.agent === 'silent' &&
        STORMY.has(plan.memory.nodes.get(other.index)?.state ?? 'suspect'),
    );
    const watched = this.#world.map.elements[site ?? -1]?.members.length ?? 0;
    if (watched < storm.smallDomain && ill.length >= storm.smallCount)
      this.tell('G4', `${what} while ${ill.length} are ill at its site`);
  }

  #judgeArrays(node: SimNode, what: string): void {
    const server = this.#world.fileserverOf(node);
    if (server?.arrays !== 'recovering') return;
    if (this.#world.nowMs - server.arraysSinceMs > FACT_LAG_MS) this.tell('H5', `${what} while an array recovers`);
  }

  /** @param open everything that is not finished */
  judgeFlight(open: readonly (Action | ActionSight)[]): void {
    const { map } = this.#world;
    const perNode = new Set<number>();
    const perElement = new Map<number, number>();
    const destructive = new Map<number, number>();
    for (const { node, rung } of open) {
      if (rung === 'admit' || !LADDER[rung].isDisruptive) continue;
      if (perNode.has(node)) this.tell('H1', `two actions at ${nameOf(this.#world, node)}`);
      perNode.add(node);
      for (const element of map.nodes[node]?.elements ?? []) {
        perElement.set(element, (perElement.get(element) ?? 0) + 1);
        if (LADDER[rung].isDestructive) destructive.set(element, (destructive.get(element) ?? 0) + 1);
      }
    }
    for (const [index, count] of perElement) {
      const element = map.elements[index];
      const limit = element === undefined ? undefined : inFlightLimit(this.#policy, element);
      if (limit === undefined) continue;
      if (count > limit) this.tell('H3', `${count} in flight in ${element?.name}, limit ${limit}`);
      if ((destructive.get(index) ?? 0) > quarterOf(this.#policy, limit))
        this.tell('H3', `too many destructive in ${element?.name}`);
    }
  }

  /** After every event of the world. */
  afterEvent(): void {
    const booting = new Map<number, number>();
    for (const node of this.#world.nodes) {
      if (!node.startedByUs || (node.phase !== 'rom' && node.phase !== 'tftp') || node.board !== 'ok') continue;
      const server = this.#world.map.nodes[node.index]?.fileserver ?? -1;
      booting.set(server, (booting.get(server) ?? 0) + 1);
    }
    for (const [server, count] of booting)
      if (server >= 0 && count > this.#policy.admission.bootsMax)
        this.tell('H14', `${count} boards start below ${this.#world.map.elements[server]?.name}`);
  }

  /** When the run is over. */
  atEnd(ends: ReadonlyMap<string, number>, openCount: number): void {
    for (const [id, count] of ends) if (count !== 1) this.tell('H2', `${id} ended ${count} times`);
    if (openCount > 0) this.tell('H2', `${openCount} actions never ended`);
  }

  tell(invariant: string, what: string): void {
    this.violations.push({ invariant, atMs: this.#world.nowMs, what });
  }
}

/**
 * Whether nothing is wrong with the node itself: it runs, and is only not seen, not served, or without power because of
 * something that it shares. Whoever acts on it then makes things worse.
 */
export function isBehindSomethingElse(node: SimNode): boolean {
  const isBroken = node.board !== 'ok' || node.cardDying || node.rootBroken || node.dirMissing || node.unitFailed;
  const isAstray = node.phase !== 'running' && node.phase !== 'off';
  const isOffBySomebody = node.fault?.name === 'switched-off';
  return !isBroken && !isAstray && !isOffBySomebody && !node.clockWrong;
}

function nameOf(world: World, index: number): string {
  return world.map.nodes[index]?.record.name ?? String(index);
}
