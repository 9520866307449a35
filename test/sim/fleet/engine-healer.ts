import type { Hold } from '../../../controller/domain/healing/desired.js';
import { emptyMemory, type HealMemory } from '../../../controller/domain/healing/memory.js';
import type { Observed } from '../../../controller/domain/healing/observed.js';
import { type Plan, plan } from '../../../controller/domain/healing/plan.js';
import type { HealingPolicy } from '../../../controller/domain/healing/policy.js';
import type { FleetMap } from '../../../controller/domain/topology/fleet-map.js';
import type { Healer, Wanted } from './healer.js';

/** How the engine is called; a seeded bug replaces it. */
export type PlanFunction = typeof plan;

/** Of the passes that changed their mind, one in so many is played again. */
const REPLAY_EVERY = 8;

/** Bramble's own engine, as the controller runs it. */
export class EngineHealer implements Healer {
  readonly name = 'bramble';
  readonly portsStartOff = true;
  readonly #policy: HealingPolicy;
  readonly #plan: PlanFunction;
  memory: HealMemory = emptyMemory();
  holds: readonly Hold[] = [];
  /** Passes that came out differently when they were played again. */
  differences = 0;
  #passes = 0;

  constructor(policy: HealingPolicy, planFunction: PlanFunction = plan) {
    this.#policy = policy;
    this.#plan = planFunction;
  }

  pass(observed: Observed, map: FleetMap, repaired: ReadonlySet<number>, nowMs: number): Wanted {
    const desired = { map, holds: this.holds, lifecycles: new Map(), repaired };
    const seen = { ...observed, memory: this.memory };
    const planned: Plan = this.#plan(seen, desired, this.#policy, nowMs);
    if (planned.records.length > 0 && this.#passes++ % REPLAY_EVERY === 0) {
      const again = this.#plan(seen, desired, this.#policy, nowMs);
      if (JSON.stringify(again.records) !== JSON.stringify(planned.records)) this.differences++;
    }
    this.memory = planned.memory;
    const { starts, cancels, reverts, lookAgainAtMs, records } = planned;
    const hands = records.flatMap(({ decision, node }) =>
      decision === 'hands' ? [map.nodeByName.get(node)?.index ?? -1] : [],
    );
    return { starts, cancels, reverts, hands, lookAgainAtMs, plan: planned };
  }
}
