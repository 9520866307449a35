/** A change of what a board boots, as a journal: named steps in their order, each with how far it is and what was there before. */

import type { PlugRecord } from '../topology/records.js';

export const SAGA_KINDS = ['provision', 'reimage', 'rollback', 'release', 'rescue', 'relocate'] as const;
export type SagaKind = (typeof SAGA_KINDS)[number];

export const STEP_NAMES = [
  'reserve',
  'boot-port',
  'prepare-root',
  'drain',
  'power-off',
  'spare-off',
  'activate-root',
  'roll-back-root',
  'enter-rescue',
  'leave-rescue',
  'try-ports',
  'keep-ports',
  'move-board',
  'move',
  'power-on',
  'follow',
  'follow-rescue',
  'verify',
  'remove-root',
  'retire',
  'restore',
] as const;
export type StepName = (typeof STEP_NAMES)[number];

/**
 * `waiting`: not begun. `failed`: what it did is not known, so that its undo is taken like that of one that is done.
 * `undoing` and `undone` only on the way back.
 */
export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'undoing' | 'undone';

export interface StepRecord {
  readonly name: StepName;
  readonly state: StepState;
  /** How often it was begun in this direction. */
  readonly attempt: number;
  /** What carries it out: a command's id, or the revision of a config; empty = nothing has to be waited for. */
  readonly token: string;
  /** What was there before, for its undo, as whoever carries it out wrote it down. */
  readonly before: string;
  /** For people: what came of it. */
  readonly detail: string;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
}

/** Where the node is and what it is to become. Fixed when the saga begins: a topology that changes meanwhile moves nothing. */
export interface SagaTarget {
  /** As the topology calls it. */
  readonly node: string;
  readonly site: string;
  readonly fileserver: string;
  readonly plug: PlugRecord;
  /** Port of its switch, such as "swp7". */
  readonly interfaceName: string;
  /** Last eight digits of the serial number of the board whose root it is: roots keep this name when a board is swapped. */
  readonly rootSerial: string;
  /** Last eight digits of the serial number of the board that boots. */
  readonly boardSerial: string;
  /** Of its root: the one that is served when the saga begins, and the one before it; 0 = none. */
  readonly generation: number;
  readonly previousGeneration: number;
  /** `relocate`: the board that takes over. */
  readonly spare: { readonly serial: string; readonly plug: PlugRecord; readonly interfaceName: string } | undefined;
}

export interface SagaWish {
  /** Digest of the image's manifest; empty where none is asked for. */
  readonly image: string;
  /** Of a data volume that there is none of yet. */
  readonly dataBytes: number;
  /** The data volume is wiped too. */
  readonly freshData: boolean;
  /** `rescue`: stays there until somebody asks for the way back; `back` is that way. */
  readonly rescue: 'there' | 'back' | 'both';
  /** Lines "type base64 comment", for root. */
  readonly authorizedKeys: readonly string[];
}

/**
 * `stuck` is none: what cannot be undone is tried again for as long as it takes, and says why it waits.
 * `undone`: everything is as it was before.
 */
export type SagaState = 'running' | 'succeeded' | 'undone';

export interface Saga {
  readonly id: string;
  readonly kind: SagaKind;
  readonly target: SagaTarget;
  readonly wish: SagaWish;
  readonly direction: 'forward' | 'back';
  readonly state: SagaState;
  readonly steps: readonly StepRecord[];
  /** Why it waits, or went back; empty = it goes on. */
  readonly why: string;
  /** Somebody wants everything as it was before, and says why; empty = nobody does. */
  readonly abort: string;
  readonly actor: string;
  readonly reason: string;
  /** By healing: an action's id; by a rollout: its name; empty = by a person. */
  readonly owner: string;
  readonly startedAtMs: number;
  readonly atMs: number;
}

export function isSagaOver({ state }: Pick<Saga, 'state'>): boolean {
  return state !== 'running';
}

/** Begins the reason of everything that a saga orders. */
export const PROVISIONING = 'provisioning ';
