import type { Action, ActionSight } from '../../../controller/domain/healing/action.js';
import type { Observed } from '../../../controller/domain/healing/observed.js';
import type { Plan } from '../../../controller/domain/healing/plan.js';
import type { FleetMap } from '../../../controller/domain/topology/fleet-map.js';

/** What a pass of a healer wants. */
export interface Wanted {
  readonly starts: readonly Action[];
  readonly cancels: readonly string[];
  readonly reverts: readonly string[];
  /** Nodes for which somebody is asked to go there. */
  readonly hands: readonly number[];
  readonly lookAgainAtMs: number | undefined;
  /** What Bramble's engine concluded; `undefined` = another policy. */
  readonly plan: Plan | undefined;
}

/** A way to heal a fleet: Bramble's, or one that it is compared with. */
export interface Healer {
  readonly name: string;
  /** Whether its switches start their ports one after another. */
  readonly portsStartOff: boolean;
  pass(observed: Observed, map: FleetMap, repaired: ReadonlySet<number>, nowMs: number): Wanted;
}

/** Whether something is under way at a node. */
export function isBusy(actions: readonly ActionSight[], node: number): boolean {
  return actions.some(
    (one) => one.node === node && (one.state === 'queued' || one.state === 'running' || one.state === 'unknown'),
  );
}
