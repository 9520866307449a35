/**
 * The life of a command as the controller knows it:
 *
 *   issued -> dispatched -> accepted -> started -> succeeded | failed
 *      |          |             |          |
 *      v          +-------------+----------+--> rejected | unknown -> succeeded | failed | rejected
 *   lapsed
 *
 * `issued` was surely never sent, so at its deadline it lapses. From `dispatched` on an actuator may have it, so at its
 * deadline it becomes `unknown` until the actuator tells. Nothing leaves a settled state; states are only skipped forward.
 */

import { assertNever } from '../../proto/contract/assert.js';
import type { Progress } from '../../proto/contract/progress.js';
import { visible } from '../../proto/contract/visible.js';
import type { CommandRecord, CommandState, CommandUpdate } from './command.js';

export type CommandHappening =
  /** It is about to be written to a stream. */
  | { readonly kind: 'dispatched' }
  | { readonly kind: 'update'; readonly update: CommandUpdate }
  | { readonly kind: 'time-passed' }
  /** Whoever ordered it may not any more: what was surely never sent is not, and what may have been is not sent again. */
  | { readonly kind: 'right-withdrawn' }
  /** Its node will never answer: it was revoked. */
  | { readonly kind: 'node-revoked' };

/** Beyond its deadline an actuator that accepted is given this long to tell the outcome. */
export const OUTCOME_EXPECTED_WITHIN_MS = 3_600_000;

/** States in which the next word is still awaited. */
export const OPEN_STATES = ['issued', 'dispatched', 'accepted', 'started'] as const satisfies readonly CommandState[];

/** Every state, in the order of a life. */
export const ALL_STATES = [
  ...OPEN_STATES,
  'unknown',
  'succeeded',
  'failed',
  'rejected',
  'lapsed',
] as const satisfies readonly CommandState[];

const RANK: Readonly<Record<CommandState, number>> = {
  issued: 0,
  dispatched: 1,
  accepted: 2,
  started: 3,
  unknown: 4,
  succeeded: 5,
  failed: 5,
  rejected: 5,
  lapsed: 5,
};

export function isOpen(state: CommandState): boolean {
  return RANK[state] < RANK.unknown;
}

/** An upload under this command's id is what was ordered, and has not been told to be over. */
export function expectsUpload({ action, state }: Pick<CommandRecord, 'action' | 'state'>): boolean {
  return action.kind === 'diagnose' && state !== 'issued' && RANK[state] <= RANK.unknown;
}

/** When time alone changes an open command, ms since 1970 on the controller's clock; `undefined` = never. */
export function changesByTimeAtMs(record: CommandRecord): number | undefined {
  const deadlineMs = record.issuedAtMs + record.validForMs;
  switch (record.state) {
    case 'issued':
    case 'dispatched':
      return deadlineMs;
    case 'accepted':
    case 'started':
      return Math.max(deadlineMs, record.updatedAtMs) + OUTCOME_EXPECTED_WITHIN_MS;
    case 'succeeded':
    case 'failed':
    case 'rejected':
    case 'unknown':
    case 'lapsed':
      return undefined;
  }
}

/** The record after `what` happened; the very same object when it changes nothing (late, repeated, out of order). */
export function advanceCommand(record: CommandRecord, what: CommandHappening, nowMs: number): CommandRecord {
  switch (what.kind) {
    case 'dispatched':
      return record.state === 'issued' ? { ...record, state: 'dispatched', updatedAtMs: nowMs } : record;
    case 'update':
      return applyUpdate(record, what.update, nowMs);
    case 'time-passed': {
      const atMs = changesByTimeAtMs(record);
      return atMs === undefined || nowMs < atMs ? record : giveUp(record, 'before its deadline', nowMs);
    }
    case 'right-withdrawn':
      return record.state === 'issued' ? giveUp(record, 'before who ordered it lost the right to', nowMs) : record;
    case 'node-revoked':
      return isOpen(record.state) ? giveUp(record, 'before its node was revoked', nowMs) : record;
    default:
      return assertNever(what, 'happening of a command');
  }
}

function applyUpdate(record: CommandRecord, update: CommandUpdate, nowMs: number): CommandRecord {
  if (update.id !== record.id) return record;
  const progress = furtherProgress(record.progress, update.progress);
  if (RANK[update.state] <= RANK[record.state]) {
    // It may be told again how far it is; nothing else of a state is news.
    const isNews = record.state === 'started' && update.state === 'started' && progress !== record.progress;
    return isNews ? { ...record, progress, updatedAtMs: nowMs } : record;
  }
  return {
    ...record,
    progress,
    state: update.state,
    rejection: update.state === 'rejected' ? (update.rejection ?? 'other') : undefined,
    detail: visible(update.detail, 500),
    updatedAtMs: nowMs,
  };
}

/** Events may come twice: it never goes back. */
function furtherProgress(known: Progress | undefined, told: Progress | undefined): Progress | undefined {
  if (told === undefined || known === undefined) return told ?? known;
  return told.percent > known.percent || told.doneBytes > known.doneBytes ? told : known;
}

function giveUp(record: CommandRecord, when: string, nowMs: number): CommandRecord {
  switch (record.state) {
    case 'issued':
      return { ...record, state: 'lapsed', detail: `it was not sent ${when}`, updatedAtMs: nowMs };
    case 'dispatched':
      return { ...record, state: 'unknown', detail: `it was sent, but not answered ${when}`, updatedAtMs: nowMs };
    default:
      return {
        ...record,
        state: 'unknown',
        detail: `it was ${record.state}, but no outcome was told`,
        updatedAtMs: nowMs,
      };
  }
}
