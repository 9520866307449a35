import { type MailboxAnswer, parseMailboxRequest } from '../../../proto/contract/netboot/mailbox.js';

/** A request that lay there for longer, or is further ahead than any clock of a site, is not what somebody wants now. */
const FRESH_MS = 10 * 60_000;

/** What becomes of the file in the mailbox. Everything but `nothing` ends with its removal. */
export type MailboxStep =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'restart-agent'; readonly id: string }
  /** It was begun by a process that is gone: reality tells what became of it, and it is never begun again. */
  | { readonly kind: 'settle'; readonly id: string; readonly before: string }
  | { readonly kind: 'refuse'; readonly id: string; readonly why: string }
  /** Nobody waits for an answer. */
  | { readonly kind: 'drop'; readonly why: string };

/** @param last the newest request that was taken up here; @param nowMs wall clock */
export function judgeMailbox(text: string | undefined, last: MailboxAnswer | undefined, nowMs: number): MailboxStep {
  if (text === undefined) return { kind: 'nothing' };
  const found = parseMailboxRequest(text);
  if (found.kind === 'strange' && found.id === '') return { kind: 'drop', why: found.why };
  const id = found.kind === 'strange' ? found.id : found.request.id;
  if (last?.id === id) {
    if (last.state === 'begun') return { kind: 'settle', id, before: last.detail };
    return { kind: 'drop', why: 'it was answered before' };
  }
  if (found.kind === 'strange') return { kind: 'refuse', id, why: found.why };
  const { atMs, verb } = found.request;
  const ageMs = nowMs - atMs;
  if (Math.abs(ageMs) <= FRESH_MS) return { kind: verb, id };
  const minutes = Math.round(Math.abs(ageMs) / 60_000);
  const why = ageMs > 0 ? `it is ${minutes} minutes old` : `it is ${minutes} minutes ahead of the clock here`;
  return { kind: 'refuse', id, why };
}
