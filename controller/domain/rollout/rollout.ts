/** An image or a node config for many nodes, in waves: who has it, who is next, and when it stops. */

import type { NodeConfig } from '../../../proto/contract/node-config/config.js';

export type RolloutWhat =
  | { readonly kind: 'image'; readonly image: string }
  /** These parts; others of a node's config stay. */
  | { readonly kind: 'config'; readonly config: NodeConfig };

/** Minutes of a day, UTC; `from` after `to` goes over midnight. */
export interface RolloutWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
  /** 0 = Sunday. */
  readonly days: readonly number[];
}

export interface RolloutTerms {
  /** Nodes of the first wave. */
  readonly canaries: number;
  /** Share of all nodes that have it by the end of each further wave; the last is 1. */
  readonly waves: readonly number[];
  /** Of a wave: at least this share must succeed for the next to begin. */
  readonly successRatio: number;
  /** Of a wave: more than this share failed, and it stops and is taken back. */
  readonly errorRatio: number;
  /** Of whom nothing is heard for this long has failed. */
  readonly silenceMs: number;
  /** A wave is watched for this long before the next. */
  readonly soakMs: number;
  readonly parallel: number;
  /** Empty = at any time. */
  readonly windows: readonly RolloutWindow[];
}

/** `deferred`: somebody keeps it from being disrupted; it has neither failed nor succeeded, and has its turn later. */
export type RolloutNodeState =
  | 'waiting'
  | 'deferred'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'taking-back'
  | 'taken-back'
  | 'not-taken-back';

export interface RolloutNode {
  readonly name: string;
  readonly wave: number;
  readonly state: RolloutNodeState;
  /** What carries it out: a saga's id, or the revision of a config. */
  readonly token: string;
  /** Config: the revision that counted before. */
  readonly before: string;
  readonly detail: string;
  readonly sinceMs: number;
}

/** `failing`: the wave is being taken back. */
export type RolloutState = 'running' | 'paused' | 'failing' | 'failed' | 'succeeded' | 'aborted';

export interface Rollout {
  readonly id: string;
  readonly name: string;
  readonly what: RolloutWhat;
  readonly terms: RolloutTerms;
  readonly state: RolloutState;
  /** The wave that is under way. */
  readonly wave: number;
  /** When every node of it had its end; `undefined` = not yet. */
  readonly waveEndedAtMs: number | undefined;
  readonly nodes: readonly RolloutNode[];
  readonly why: string;
  readonly actor: string;
  readonly reason: string;
  readonly startedAtMs: number;
  readonly atMs: number;
}

export const DEFAULT_TERMS: RolloutTerms = {
  canaries: 1,
  waves: [0.1, 0.5, 1],
  successRatio: 0.9,
  errorRatio: 0.1,
  silenceMs: 60 * 60_000,
  soakMs: 10 * 60_000,
  parallel: 4,
  windows: [],
};

export function isRolloutOver({ state }: Pick<Rollout, 'state'>): boolean {
  return state === 'failed' || state === 'succeeded' || state === 'aborted';
}

/** Canaries first, then as many as each wave's share says; every wave has somebody. */
export function wavesOf(names: readonly string[], terms: RolloutTerms, nowMs: number): readonly RolloutNode[] {
  const ends = [terms.canaries, ...terms.waves.map((share) => Math.ceil(share * names.length)), names.length];
  const bounds = ends.map((end) => Math.min(names.length, Math.max(1, end))).toSorted((a, b) => a - b);
  const distinct = [...new Set(bounds)];
  return names.map((name, at) => ({
    ...{ name, wave: distinct.findIndex((end) => at < end), state: 'waiting' },
    ...{ token: '', before: '', detail: '', sinceMs: nowMs },
  }));
}

/** Whether something may be begun at this moment, of the wall clock. */
export function isWithin(windows: readonly RolloutWindow[], atMs: number): boolean {
  if (windows.length === 0) return true;
  const minute = Math.floor(atMs / 60_000) % 1_440;
  const day = (Math.floor(atMs / 86_400_000) + 4) % 7; // 1970-01-01 was a Thursday
  return windows.some(({ fromMinute, toMinute, days }) => {
    if (fromMinute <= toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
    const isLate = days.includes(day) && minute >= fromMinute;
    return isLate || (days.includes((day + 6) % 7) && minute < toMinute);
  });
}
