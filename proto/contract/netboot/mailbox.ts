/**
 * A request to a board whose agent is dead: one small file in the board's root, put there by its fileserver and looked for by a
 * timer on the board. It holds an id, a time and a word of a closed list; nothing of it is ever run as text.
 */

/** What a board can be asked for. */
export const MAILBOX_VERBS = ['restart-agent'] as const;
export type MailboxVerb = (typeof MAILBOX_VERBS)[number];

/** In the root, where only the board's own root user and its fileserver write: the agent there has no way into it. */
export const MAILBOX_FOLDER = '/var/lib/bramble-mailbox';
export const REQUEST_FILE = `${MAILBOX_FOLDER}/request.json`;
export const ANSWER_FILE = `${MAILBOX_FOLDER}/answer.json`;

export interface MailboxRequest {
  /** Of the command that it came with. */
  readonly id: string;
  readonly verb: MailboxVerb;
  /** When it was put there, ms since 1970-01-01 UTC, by the fileserver's clock. */
  readonly atMs: number;
}

/** What a board makes of the file that it finds. */
export type MailboxFind =
  | { readonly kind: 'request'; readonly request: MailboxRequest }
  /** `id` is empty where there is none to answer to. */
  | { readonly kind: 'strange'; readonly id: string; readonly why: string };

/** The last request that a board has taken up. */
export interface MailboxAnswer {
  readonly id: string;
  /** `begun`: it is being done, or was cut off. */
  readonly state: 'begun' | 'done' | 'failed' | 'refused';
  /** For people. While it is begun: the start of the unit from which the next one is told apart. */
  readonly detail: string;
}

const ID = /^[0-9a-f-]{1,64}$/;
const TEXT_MAX = 4_096;
const DETAIL_MAX = 500;
const STATES = ['begun', 'done', 'failed', 'refused'] as const;

export function renderMailboxRequest({ id, verb, atMs }: MailboxRequest): string {
  return `${JSON.stringify({ id, verb, atMs })}\n`;
}

export function parseMailboxRequest(text: string): MailboxFind {
  const { id, verb, atMs } = fieldsOf(text);
  if (typeof id !== 'string' || !ID.test(id)) return { kind: 'strange', id: '', why: 'it is no request' };
  const known = MAILBOX_VERBS.find((each) => each === verb);
  if (known === undefined) return { kind: 'strange', id, why: 'it asks for something that is not known here' };
  if (typeof atMs !== 'number' || !Number.isSafeInteger(atMs)) return { kind: 'strange', id, why: 'it has no time' };
  return { kind: 'request', request: { id, verb: known, atMs } };
}

export function renderMailboxAnswer({ id, state, detail }: MailboxAnswer): string {
  return `${JSON.stringify({ id, state, detail: detail.slice(0, DETAIL_MAX) })}\n`;
}

/** `undefined` for what is none. */
export function parseMailboxAnswer(text: string | undefined): MailboxAnswer | undefined {
  const { id, state, detail } = fieldsOf(text ?? '');
  const known = STATES.find((each) => each === state);
  if (typeof id !== 'string' || !ID.test(id) || known === undefined) return undefined;
  return { id, state: known, detail: typeof detail === 'string' ? detail.slice(0, DETAIL_MAX) : '' };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  if (text.length > TEXT_MAX) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
