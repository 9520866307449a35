/** Why something was done, or was not: one record for each change of mind about a node. */

import type { HealState } from './heal-state.js';

export type GuardId = 'G1' | 'G2' | 'G3' | 'G4' | 'G5' | 'G6' | 'G7' | 'G8' | 'G9';

/** What a guard measured when it said no. */
export interface Objection {
  readonly guard: GuardId;
  readonly why: string;
  readonly measured: number | string;
  readonly limit: number | string;
  /** Element or node that the limit belongs to. */
  readonly domain: string;
  /** Who counts towards what was measured; the first few. */
  readonly members: readonly string[];
}

export interface ExplainRecord {
  readonly node: string;
  readonly atMs: number;
  /** `act`: an action was started. `would-act`: it would have been, if the policy were in force. `watch`: nothing is due yet. */
  readonly decision: 'act' | 'would-act' | 'hold' | 'watch' | 'hands' | 'well';
  readonly state: HealState | 'healthy';
  /** Row of the evidence table, and its verdict. */
  readonly row: string;
  readonly verdict: string;
  readonly rung: string | undefined;
  readonly action: string | undefined;
  /** Whose fault it is, when it is not the node's. */
  readonly cause: string | undefined;
  readonly objection: Objection | undefined;
  /** Guards that had nothing against it. */
  readonly passed: readonly GuardId[];
  /** What each side said. */
  readonly evidence: string;
  /** What earlier rungs of the row were wanting; absent = none was passed over for that. */
  readonly missing?: string | undefined;
  /** Since when this is so. */
  readonly sinceMs: number;
  readonly policy: string;
}

/** Equal for two records that say the same thing at different times. */
export function explainKey(record: ExplainRecord): string {
  const { decision, state, row, rung, action, cause, objection } = record;
  return [decision, state, row, rung, action, cause, objection?.guard, objection?.why, objection?.domain].join('|');
}

/** "held by G4: 3 of 8 unhealthy, limit 3, in site:site1 (pi-1, pi-2, pi-3)" */
export function renderExplain(record: ExplainRecord): string {
  const { objection, cause, rung, verdict, missing } = record;
  switch (record.decision) {
    case 'well':
      return 'Nothing is wrong with it.';
    case 'act':
      return `${verdict}: ${rung} was started.`;
    case 'would-act':
      return `${verdict}: ${rung} would be started, but the policy only watches.`;
    case 'hands':
      return `${verdict}: nothing that can be done from here is left${missing === undefined ? '' : ` (${missing})`}. Somebody has to go there.`;
    case 'watch':
      return `${verdict}: waiting for what it does next.`;
    case 'hold':
      if (objection === undefined) return `${verdict}: held, because the cause is ${cause ?? 'not known'}.`;
      return `${verdict}: held by ${objection.guard}, ${objection.why}: ${objection.measured}, limit ${objection.limit}, in ${objection.domain}${renderMembers(objection.members)}.`;
  }
}

function renderMembers(members: readonly string[]): string {
  return members.length === 0 ? '' : ` (${members.join(', ')})`;
}
