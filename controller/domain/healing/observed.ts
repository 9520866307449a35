/** What the three vantage points say, as facts with an age. All times are on the observer's monotonic clock. */

import type { BootStage, BootTrouble } from '../../../proto/contract/boot/stage.js';
import type { Liveness } from '../liveness.js';
import type { ActionSight } from './action.js';
import type { HealMemory } from './memory.js';

/** How a node's trouble shows to its own agent; everything else is told by silence. */
export type Symptom = 'card-dying' | 'undervoltage' | 'clock-wrong' | 'unit-failed' | 'loops';

/** One node, from all sides. What one side says counts only while that side itself is fresh. */
export interface NodeSight {
  /** Its own agent, as the controller hears it. */
  readonly agent: Liveness;
  /** Its gravest; `undefined` = none. Counts while the agent is fresh. */
  readonly symptom: Symptom | undefined;
  /** From its fileserver: how far it came, or what stopped it. `none`: no boot is under way. */
  readonly boot: BootStage | BootTrouble | 'none';
  readonly bootSinceMs: number;
  /** Its reads of its root. `idle`: none, `stalled`: asked and not answered. */
  readonly nfs: 'active' | 'idle' | 'stalled' | 'unobserved';
  /** When the fileserver's agent looked. */
  readonly fileserverSawAtMs: number;
  readonly link: 'up' | 'down' | 'flapping' | 'unobserved';
  /**
   * `off`: not switched on. `zero`: on, draws nothing. `low`: at most 1.5 W, the boot ROM's. `fault`: refused by the port.
   * `shed`: its switch is short of power and gives it none. `unobserved`: its switch does not measure.
   */
  readonly power: 'off' | 'zero' | 'low' | 'normal' | 'fault' | 'shed' | 'unobserved';
  /** When the switch's agent looked. */
  readonly switchSawAtMs: number;
  /** When others than healing ended what they had under way with it; absent = nothing that is known, or not yet. */
  readonly workedOnUntilMs?: number | undefined;
  /** What it could be served instead, and whether it could move; absent = what is told of its fileserver counts. */
  readonly roots?:
    | {
        readonly hasPrevious: boolean;
        readonly hasImage: boolean;
        readonly canRescue: boolean;
        readonly canMove: boolean;
        /** It runs from a root that its fileserver keeps, so that a request can be left for it there; absent = nobody tells. */
        readonly hasMailbox?: boolean;
        /** Its fileserver serves its boot files by a boot set of ours, and can put them right; absent = nobody tells. */
        readonly hasBootPath?: boolean;
      }
    | undefined;
}

/** A site's tunnel, as the overlay server sees it; and how much of what its agents owe arrived. */
export interface SiteSight {
  readonly tunnel: 'up' | 'down' | 'unobserved';
  /** 0..1, over the last three report periods, of the site's observers. */
  readonly completeRatio: number;
}

export interface FileserverSight {
  readonly agent: Liveness;
  /** `starting`: exports are not listed yet, or a probe mount fails. */
  readonly service: 'ok' | 'full' | 'stalled' | 'grace' | 'starting';
  /** The worst of its arrays. */
  readonly arrays: 'clean' | 'degraded' | 'recovering' | 'unobserved';
  /** Whether roots there have a last good snapshot, and whether the wanted image lies there. */
  readonly hasSnapshots: boolean;
  readonly hasImage: boolean;
}

export interface SwitchSight {
  readonly agent: Liveness;
  /** Supplies that give no power, by its own sensors; as the topology names them. */
  readonly psusLost: readonly string[];
  /** What its supplies give to ports now, and what ports are allocated of it, mW; absent = it does not tell. */
  readonly power?: { readonly budgetMilliW: number; readonly allocatedMilliW: number } | undefined;
  /** Whether it says of each port that it sheds it: then a dark port that it does not name so is dark for another reason. */
  readonly namesShed?: boolean | undefined;
}

/** Something that somebody or something changed: a node config, a switch config, a rollout, a policy, a certificate. */
export interface Change {
  readonly id: string;
  readonly what: string;
  /** Name of the element or node below which it took effect. */
  readonly domain: string;
  readonly atMs: number;
  readonly isRevertable: boolean;
  readonly isReverted: boolean;
}

/** What the controller knows of itself. */
export interface ControllerSight {
  /** Until when it does not know enough: after a start, or a restored database. */
  readonly graceUntilMs: number;
  /** Windowed 95th percentile of how late its timers are. */
  readonly loopLagMs: number;
  /** Restored from a backup and not promoted yet: others may know of commands that it does not. */
  readonly isRestored: boolean;
}

export interface Observed {
  readonly controller: ControllerSight;
  /** By name. */
  readonly sites: ReadonlyMap<string, SiteSight>;
  readonly fileservers: ReadonlyMap<string, FileserverSight>;
  readonly switches: ReadonlyMap<string, SwitchSight>;
  /** By index in the fleet's map. */
  readonly nodes: readonly NodeSight[];
  readonly changes: readonly Change[];
  /** All that are not finished, and the finished ones at least until a pass has seen them. */
  readonly actions: readonly ActionSight[];
  /** What the passes before concluded; `emptyMemory()` for the first. */
  readonly memory: HealMemory;
}
