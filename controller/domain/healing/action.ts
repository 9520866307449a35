import type { Rung } from './ladder.js';

/**
 * One attempt to help one node, as planned. `admit`: switch a port on that waits for its turn, or give a boot that the ROM
 * lost another try; outside of the ladder.
 */
export interface Action {
  readonly id: string;
  /** Index in the fleet's map. */
  readonly node: number;
  readonly name: string;
  readonly rung: Rung | 'admit';
  /** Row of the evidence table that it answers. */
  readonly row: string;
  /** `admit`: cut power before giving it. */
  readonly isCycle: boolean;
  /** R8: serial of the board that takes over. */
  readonly spare: string | undefined;
  readonly plannedAtMs: number;
}

/** `unknown`: its actuator was lost while it may have been under way; counts as running until somebody looked. */
export type ActionState = 'queued' | 'running' | 'unknown' | 'succeeded' | 'failed' | 'cancelled';

export interface ActionSight extends Action {
  readonly state: ActionState;
  /** When its state was reached. */
  readonly atMs: number;
  /** Whether there was anything to repair; R3 finds out. */
  readonly changed: boolean;
}

export function isOver(state: ActionState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
