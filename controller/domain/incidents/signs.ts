/** What one pass of healing saw and did, as far as incidents go by it. Times: wall clock. */

import type { ActionState } from '../healing/action.js';
import type { ExplainRecord } from '../healing/explain.js';
import type { HealState } from '../healing/heal-state.js';
import type { Rung } from '../healing/ladder.js';
import type { IncidentSeverity, Side } from './incident.js';

/** Something that nodes share and that is blamed, or a fileserver or switch that is in trouble itself. */
export interface CauseSign {
  readonly name: string;
  readonly row: string;
  readonly verdict: string;
  readonly site: string | undefined;
  readonly severity: IncidentSeverity;
  readonly sides: readonly Side[];
  /** Silence that no witness explains: something larger or better known is looked for before an incident is opened for it. */
  readonly isSilenceOnly: boolean;
  /** Somebody works there: nobody is to be alarmed. */
  readonly isExcused: boolean;
  readonly sinceMs: number;
}

/** A node that is not simply healthy. */
export interface NodeSign {
  readonly name: string;
  readonly site: string;
  /** Where whoever goes to it finds it. */
  readonly place: string;
  readonly state: HealState;
  /** The shared cause that holds it now. */
  readonly cause: string | undefined;
  /** Since when it shows no trouble; `undefined` = it does. */
  readonly wellSinceMs: number | undefined;
  readonly troubleSinceMs: number;
  readonly row: string;
  readonly verdict: string;
  readonly heldBecause: string;
  readonly sides: readonly Side[];
  /** Somebody works on it, or tries healing out with it: nobody is to be alarmed. */
  readonly isExcused: boolean;
}

export interface ActionSign {
  readonly id: string;
  readonly name: string;
  readonly rung: Rung | 'admit';
  readonly state: ActionState;
  readonly detail: string;
  readonly atMs: number;
}

export interface IncidentSigns {
  readonly nowMs: number;
  /** `false` after a start: what is not heard yet is neither in trouble nor well; what somebody says counts. */
  readonly isListening: boolean;
  /** Healthy for so long, and it is over. */
  readonly settleMs: number;
  /** Silence alone is a trouble of its own only after this long. */
  readonly patienceMs: number;
  readonly causes: readonly CauseSign[];
  /** By name. */
  readonly nodes: ReadonlyMap<string, NodeSign>;
  /** What changed its mind in this pass. */
  readonly records: readonly ExplainRecord[];
  /** Actions that reached another state since the pass before. */
  readonly actions: readonly ActionSign[];
}
