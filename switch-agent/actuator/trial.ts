import { BrambleError } from '../../proto/contract/errors.js';
import type { ActuatorHost } from './host.js';

/**
 * How far a change is. `armed`: the old file is in place, the keeper runs; `written`: the new file is in place and may have been
 * loaded; `on-trial`: it is loaded and verified from inside, and waits for somebody outside to confirm; `restoring`: the old
 * file is being put back; `frozen`: that could not be verified, and nothing is changed any more before a person says so.
 */
export const TRIAL_PHASES = ['armed', 'written', 'on-trial', 'restoring', 'frozen'] as const;
export type TrialPhase = (typeof TRIAL_PHASES)[number];

/** One change, from before its first step until it is confirmed or taken back. On storage before anything happens. */
export interface Trial {
  /** Of the command that asked for it. */
  readonly changeId: string;
  readonly phase: TrialPhase;
  readonly bootId: string;
  /** Milliseconds since that boot at which the keeper takes it back; while it is being taken back, at which that has died. */
  readonly deadlineMs: number;
  /** Why it is taken back or frozen, for people; empty before. */
  readonly why: string;
}

export type TrialDuty = 'wait' | 'restore' | 'nothing';

/** What the keeper owes a change now. Pure. */
export function dutyOf(trial: Trial | undefined, bootId: string, nowMs: number): TrialDuty {
  if (trial === undefined || trial.phase === 'frozen') return 'nothing';
  return trial.bootId !== bootId || nowMs >= trial.deadlineMs ? 'restore' : 'wait';
}

/** Whoever confirms must do so a little before the keeper acts: the two never meet. */
export const CONFIRM_MARGIN_MS = 3_000;

/** @throws BrambleError `failed-precondition` saying why it cannot be confirmed */
export function assertConfirmable(trial: Trial | undefined, changeId: string, bootId: string, nowMs: number): void {
  if (trial === undefined) throw refused('no change is on trial: it was confirmed before, or taken back');
  if (trial.changeId !== changeId) throw refused('another change is on trial');
  if (trial.phase !== 'on-trial') throw refused(`the change is not on trial (${trial.phase})`);
  if (trial.bootId !== bootId || nowMs >= trial.deadlineMs - CONFIRM_MARGIN_MS) throw refused('its time has run out');
}

function refused(why: string): BrambleError {
  return new BrambleError('failed-precondition', why);
}

/** @throws BrambleError `data-loss` for a record that cannot be read: then nothing may be assumed */
export async function readTrial({ files, paths }: Pick<ActuatorHost, 'files' | 'paths'>): Promise<Trial | undefined> {
  const text = await files.readText(paths.trial);
  if (text === undefined) return undefined;
  const trial = parseTrial(text);
  if (trial === undefined) throw new BrambleError('data-loss', `${paths.trial} is not a record of a change`);
  return trial;
}

export async function writeTrial({ files, paths }: Pick<ActuatorHost, 'files' | 'paths'>, trial: Trial): Promise<void> {
  await files.writeAtomic(paths.trial, `${JSON.stringify(trial)}\n`);
}

function parseTrial(text: string): Trial | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isTrial(value) ? value : undefined;
  } catch {
    return undefined; // said by the caller
  }
}

function isTrial(value: unknown): value is Trial {
  if (typeof value !== 'object' || value === null) return false;
  const { changeId, phase, bootId, deadlineMs, why }: Partial<Record<keyof Trial, unknown>> = value;
  const texts = [changeId, bootId, why].every((each) => typeof each === 'string');
  return texts && typeof deadlineMs === 'number' && TRIAL_PHASES.some((each) => each === phase);
}
