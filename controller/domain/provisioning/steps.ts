/** What every step is, and which steps a saga has, as data. Power comes last. */

import type { SagaKind, SagaWish, StepName, StepRecord } from './saga.js';

export interface StepTerms {
  readonly title: string;
  /** It takes the node away from whoever uses it: not begun while somebody holds it. */
  readonly disrupts: boolean;
  /** Roots are neither made nor moved while an array has no redundancy to spare. */
  readonly needsCleanArrays: boolean;
  /** Whose agent must be connected to begin it. */
  readonly needs: 'fileserver' | 'switch' | 'both' | 'nobody';
  /** Longer than this and it has failed. */
  readonly limitMs: number;
  /** Begun at most so often before everything goes back. */
  readonly attempts: number;
  /** `none`: nothing is left behind. `impossible`: from here on there is only the way forward. */
  readonly undo: 'possible' | 'none' | 'impossible';
  /** It fails together with this one before it: both are begun again. */
  readonly pairedWith?: StepName;
  /** The node is well without it: its failure is told, and nothing goes back for it. */
  readonly isTolerated?: boolean;
  /** The same of its undo. */
  readonly isUndoTolerated?: boolean;
}

const MINUTE_MS = 60_000;
const quick = {
  disrupts: false,
  needsCleanArrays: false,
  needs: 'nobody',
  limitMs: 10 * MINUTE_MS,
  attempts: 3,
  undo: 'none',
} as const;
const disk = { ...quick, needs: 'fileserver', needsCleanArrays: true, undo: 'possible' } as const;
const config = { ...disk, needsCleanArrays: false } as const;
const port = { ...quick, needs: 'switch' } as const;

export const STEPS: Readonly<Record<StepName, StepTerms>> = {
  reserve: { ...quick, title: 'reserve board, port and addresses', undo: 'possible' },
  'boot-port': { ...config, title: 'know the board on its port' },
  'prepare-root': { ...disk, title: 'prepare a root', limitMs: 60 * MINUTE_MS, attempts: 2 },
  drain: {
    ...quick,
    title: 'move work away',
    disrupts: true,
    limitMs: 30 * MINUTE_MS,
    undo: 'possible',
    isUndoTolerated: true,
  },
  'power-off': { ...port, title: 'take its power', disrupts: true, undo: 'possible' },
  // A board that nobody expected runs by now, or has given up asking: only power has it ask anew.
  'spare-off': { ...port, title: 'take the power of its new board' },
  'activate-root': { ...disk, title: 'serve the new root' },
  'roll-back-root': { ...disk, title: 'serve the root before' },
  'enter-rescue': { ...config, title: 'serve the rescue system' },
  'leave-rescue': { ...config, title: 'serve its own root again', undo: 'none' },
  'try-ports': { ...port, title: 'change the ports of its switch', undo: 'possible' },
  // Only what is seen from both sides of the switch is kept.
  'keep-ports': { ...port, needs: 'both', title: 'keep that change', undo: 'possible', pairedWith: 'try-ports' },
  'move-board': { ...config, title: 'serve its root to the spare board' },
  move: { ...quick, title: 'give the spare board its name and addresses', undo: 'possible' },
  'power-on': { ...port, title: 'give power', undo: 'possible' },
  follow: { ...quick, title: 'follow its boot', limitMs: 15 * MINUTE_MS, attempts: 1 },
  'follow-rescue': { ...quick, title: 'follow its boot into the rescue system', limitMs: 15 * MINUTE_MS, attempts: 1 },
  verify: { ...quick, title: 'watch that it stays well', limitMs: 15 * MINUTE_MS, attempts: 1 },
  'remove-root': { ...disk, title: 'wipe its roots', undo: 'impossible' },
  retire: { ...quick, title: 'give board, port and addresses back', undo: 'impossible' },
  restore: { ...quick, title: 'let work come back', isTolerated: true },
};

const UP = ['power-on', 'follow', 'verify'] as const;
const DOWN = ['drain', 'power-off'] as const;

function namesOf(kind: SagaKind, { rescue }: SagaWish): readonly StepName[] {
  switch (kind) {
    case 'provision':
      return ['reserve', 'boot-port', 'prepare-root', 'activate-root', 'spare-off', 'try-ports', 'keep-ports', ...UP];
    case 'reimage':
      return ['prepare-root', ...DOWN, 'activate-root', ...UP, 'restore'];
    case 'rollback':
      return [...DOWN, 'roll-back-root', ...UP, 'restore'];
    case 'release':
      return [...DOWN, 'remove-root', 'boot-port', 'try-ports', 'keep-ports', 'retire'];
    case 'rescue': {
      const there = [...DOWN, 'enter-rescue', 'power-on', 'follow-rescue'] as const;
      const back = ['power-off', 'leave-rescue', ...UP, 'restore'] as const;
      if (rescue === 'there') return there;
      return rescue === 'back' ? back : [...there, ...back];
    }
    case 'relocate':
      return ['reserve', ...DOWN, 'spare-off', 'try-ports', 'keep-ports', 'move-board', 'move', ...UP, 'restore'];
  }
}

export function stepsOf(kind: SagaKind, wish: SagaWish): readonly StepRecord[] {
  return namesOf(kind, wish).map((name) => ({
    name,
    state: 'waiting',
    attempt: 0,
    token: '',
    before: '',
    detail: '',
    startedAtMs: undefined,
    endedAtMs: undefined,
  }));
}
