/** The next move of a saga, out of its journal and of what is known now. Pure: asked twice it answers the same. */

import { renderDuration } from '../../../proto/contract/words.js';
import type { Saga, StepName, StepRecord } from './saga.js';
import { STEPS, type StepTerms } from './steps.js';

/** What became of the step that is under way. */
export type Outcome =
  /** `isOnItsWay`: nothing but time is missing, so it is not given up. */
  | { readonly kind: 'pending'; readonly detail: string; readonly isOnItsWay?: boolean }
  | { readonly kind: 'done'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string };

export interface SagaSight {
  readonly nowMs: number;
  /** Who keeps the node from being disrupted, and why; `undefined` = nobody. */
  readonly hold: string | undefined;
  /** Why roots of its fileserver are left alone; `undefined` = they are not. */
  readonly arrays: string | undefined;
  /** Why it cannot be begun; `undefined` = they are there. By the step that comes next. */
  readonly absent: string | undefined;
  /** Of the step that is under way; `undefined` = none is. */
  readonly outcome: Outcome | undefined;
}

/** A step that is to be begun now, or undone. */
export interface Order {
  /** Place of the step in the saga. */
  readonly at: number;
  readonly way: 'do' | 'undo';
  readonly attempt: number;
}

export interface Advance {
  /** The very same object when nothing has changed. */
  readonly saga: Saga;
  /** To be carried out in the transaction that writes the journal. */
  readonly order: Order | undefined;
}

/** Between two attempts: doubles up to the longest. */
const RETRY_MS = 10_000;
const RETRY_MS_MAX = 300_000;

/** Where the saga is: the step that is under way or comes next; `undefined` = there is none. */
export function cursor(saga: Saga): number | undefined {
  const at =
    saga.direction === 'forward'
      ? saga.steps.findIndex(({ state }) => state !== 'done')
      : saga.steps.findLastIndex(({ state }) => state !== 'waiting' && state !== 'undone');
  return at < 0 ? undefined : at;
}

export function termsAt(saga: Saga, at: number): StepTerms {
  const name = saga.steps[at]?.name;
  return STEPS[name ?? 'verify'];
}

export function advance(saga: Saga, sight: SagaSight): Advance {
  if (saga.state !== 'running') return { saga, order: undefined };
  return saga.direction === 'back' ? goBack(saga, sight) : goForward(saga, sight);
}

function goForward(saga: Saga, sight: SagaSight): Advance {
  const at = cursor(saga);
  const step = at === undefined ? undefined : saga.steps[at];
  if (at === undefined || step === undefined) return { saga: ended(saga, 'succeeded', '', sight), order: undefined };
  const terms = STEPS[step.name];
  if (step.state === 'running') return { saga: judged(saga, at, terms, sight), order: undefined };
  // What is under way comes to its end first: nobody knows how to undo half of it.
  if (saga.abort !== '' && mayGoBack(saga)) return { saga: turned(saga, saga.abort, sight), order: undefined };
  const why = hindrance(terms, sight) ?? notYet(step, sight);
  if (why !== undefined) return { saga: waits(saga, why, sight), order: undefined };
  return begun(saga, at, 'do', sight);
}

/** Why a step is not begun. A node whose power is off already is not left without it: giving it back disrupts nobody. */
function hindrance(terms: StepTerms, { hold, arrays, absent }: SagaSight): string | undefined {
  if (terms.disrupts && hold !== undefined) return hold;
  if (terms.needsCleanArrays && arrays !== undefined) return arrays;
  return absent;
}

function notYet({ attempt, endedAtMs, detail }: StepRecord, { nowMs }: SagaSight): string | undefined {
  if (attempt === 0 || endedAtMs === undefined) return undefined;
  const leftMs = endedAtMs + Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(attempt - 1, 10)) - nowMs;
  return leftMs > 0 ? `tried again in a while: ${detail}` : undefined;
}

function begun(saga: Saga, at: number, way: Order['way'], { nowMs }: SagaSight): Advance {
  const step = saga.steps[at];
  if (step === undefined) return { saga, order: undefined };
  const attempt = step.attempt + 1;
  const state = way === 'do' ? 'running' : 'undoing';
  const next = { ...step, state, attempt, startedAtMs: nowMs, endedAtMs: undefined } as const;
  return { saga: { ...withStep(saga, at, next), why: '', atMs: nowMs }, order: { at, way, attempt } };
}

function judged(saga: Saga, at: number, terms: StepTerms, sight: SagaSight): Saga {
  const step = saga.steps[at];
  const outcome = inTime(step, terms, sight);
  if (step === undefined || outcome.kind === 'pending') return saga;
  const { detail } = outcome;
  const over = { ...step, detail, endedAtMs: sight.nowMs };
  const isSettled = outcome.kind === 'done' || terms.isTolerated === true;
  if (isSettled && (outcome.kind === 'done' || step.attempt >= terms.attempts)) {
    return { ...withStep(saga, at, { ...over, state: 'done', attempt: 0 }), why: '', atMs: sight.nowMs };
  }
  const failed = { ...withStep(saga, at, { ...over, state: 'failed' }), atMs: sight.nowMs };
  if (step.attempt < terms.attempts || !mayGoBack(saga)) return again(failed, at, terms);
  return turned(failed, `${terms.title}: ${detail}`, sight);
}

function inTime(step: StepRecord | undefined, { limitMs }: StepTerms, { outcome, nowMs }: SagaSight): Outcome {
  const found: Outcome = outcome ?? { kind: 'pending', detail: '' };
  const sinceMs = step?.startedAtMs ?? nowMs;
  if (found.kind !== 'pending' || found.isOnItsWay === true || nowMs - sinceMs < limitMs) return found;
  const detail = `not done within ${renderDuration(limitMs)}${found.detail === '' ? '' : `: ${found.detail}`}`;
  return { kind: 'failed', detail };
}

/** A pair is begun again from its first half. */
function again(saga: Saga, at: number, { pairedWith }: StepTerms): Saga {
  if (pairedWith === undefined) return saga;
  const first = saga.steps.findLastIndex(({ name }, index) => index < at && name === pairedWith);
  const [before, own] = [saga.steps[first], saga.steps[at]];
  if (before === undefined || own === undefined) return saga;
  const waiting = withStep(saga, first, { ...before, state: 'failed', attempt: own.attempt, endedAtMs: own.endedAtMs });
  return withStep(waiting, at, { ...own, state: 'waiting' });
}

/** Nothing is behind it that has no undo. */
export function mayGoBack({ steps }: Pick<Saga, 'steps'>): boolean {
  return !steps.some(({ name, state }) => state !== 'waiting' && STEPS[name].undo === 'impossible');
}

function turned(saga: Saga, why: string, { nowMs }: SagaSight): Saga {
  const steps = saga.steps.map((step) => ({ ...step, attempt: 0 }));
  return { ...saga, steps, direction: 'back', why, atMs: nowMs };
}

function goBack(saga: Saga, sight: SagaSight): Advance {
  const at = cursor(saga);
  const step = at === undefined ? undefined : saga.steps[at];
  if (at === undefined || step === undefined) return { saga: ended(saga, 'undone', saga.why, sight), order: undefined };
  const terms = STEPS[step.name];
  if (step.state === 'undoing') return { saga: undone(saga, at, terms, sight), order: undefined };
  if (terms.undo !== 'possible') {
    return { saga: { ...withStep(saga, at, { ...step, state: 'undone' }), atMs: sight.nowMs }, order: undefined };
  }
  // Neither a hold nor an array stands in the way back: half of a change harms more than the end of it.
  if (sight.absent !== undefined || notYet(step, sight) !== undefined) return { saga, order: undefined };
  const why = saga.why;
  const move = begun(saga, at, 'undo', sight);
  return { ...move, saga: { ...move.saga, why } };
}

function undone(saga: Saga, at: number, terms: StepTerms, sight: SagaSight): Saga {
  const step = saga.steps[at];
  const outcome = inTime(step, terms, sight);
  if (step === undefined || outcome.kind === 'pending') return saga;
  const over = { ...step, detail: outcome.detail, endedAtMs: sight.nowMs };
  const isSettled = outcome.kind === 'done' || (terms.isUndoTolerated === true && step.attempt >= terms.attempts);
  if (isSettled) return { ...withStep(saga, at, { ...over, state: 'undone' }), atMs: sight.nowMs };
  const failed = { ...withStep(saga, at, { ...over, state: 'failed' }), atMs: sight.nowMs };
  return partnerAgain(failed, at, step.name);
}

/** What its partner put in place did not stay: both are undone again. */
function partnerAgain(saga: Saga, at: number, name: StepName): Saga {
  const second = saga.steps.findIndex((each, index) => index > at && STEPS[each.name].pairedWith === name);
  const partner = saga.steps[second];
  if (partner?.state !== 'undone' || partner.token === '') return saga;
  return withStep(saga, second, { ...partner, state: 'failed' });
}

function waits(saga: Saga, why: string, { nowMs }: SagaSight): Saga {
  return saga.why === why ? saga : { ...saga, why, atMs: nowMs };
}

function ended(saga: Saga, state: 'succeeded' | 'undone', why: string, { nowMs }: SagaSight): Saga {
  return { ...saga, state, why, atMs: nowMs };
}

function withStep(saga: Saga, at: number, step: StepRecord): Saga {
  return { ...saga, steps: saga.steps.with(at, step) };
}
