/** Decisions of healing as somebody reads them who has never heard of guards and rungs. */

import type { ExplainRecord, GuardId, Objection } from '../healing/explain.js';
import { LADDER, type Rung } from '../healing/ladder.js';
import type { EntryKind } from './incident.js';
import type { ActionSign } from './signs.js';

const GUARDS: Readonly<Record<GuardId, string>> = {
  G1: 'what is known is not complete',
  G2: 'it is not this node that is to blame',
  G3: 'its disks have no redundancy to spare',
  G4: 'too much is going on at once',
  G5: 'people asked to keep hands off',
  G6: 'something is being done to it already',
  G7: 'power must not be cut there',
  G8: 'something was changed just before',
  G9: 'nobody has looked at it since it was helped last',
};

function remedyWords(rung: Rung | 'admit'): string {
  return rung === 'admit' ? 'let it boot' : LADDER[rung].title;
}

/** "nothing is done now: too much is going on at once (site cam is in a storm: 4, limit 3)" */
function heldWords({ guard, why, measured, limit, domain }: Objection): string {
  const where = domain === '' ? '' : ` at ${domain}`;
  const isCount = typeof measured === 'number' && typeof limit === 'number';
  return `${GUARDS[guard]} (${why}${isCount ? `: ${measured}, limit ${limit}` : ''}${where})`;
}

/**
 * Why nothing is done about a node now; empty = something is, or will be.
 *
 * @param place where it is, for whoever goes there
 */
export function heldBecause(record: ExplainRecord | undefined, place: string): string {
  if (record === undefined) return '';
  switch (record.decision) {
    case 'hold':
      return record.objection === undefined ? 'its cause is looked at first' : heldWords(record.objection);
    case 'would-act':
      return 'the policy only watches';
    case 'hands':
      return `somebody has to go to ${place}`;
    case 'act':
    case 'watch':
    case 'well':
      return '';
  }
}

interface EntryWords {
  readonly kind: EntryKind;
  readonly words: string;
}

/**
 * What a change of mind adds to the story.
 *
 * @param place where the node is, for whoever goes there
 */
export function recordWords(record: ExplainRecord, place: string): EntryWords {
  const { decision, verdict, state, objection } = record;
  const remedy = remedyOf(record);
  switch (decision) {
    case 'act':
      return { kind: 'decision', words: `${verdict}: ${remedy}` };
    case 'would-act':
      return { kind: 'decision', words: `${verdict}: would ${remedy}, but the policy only watches` };
    case 'hands':
      return {
        kind: 'decision',
        words: `${verdict}: nothing that can be done from here is left; somebody has to go to ${place}`,
      };
    case 'hold': {
      const why = objection === undefined ? 'its cause is looked at first' : heldWords(objection);
      return { kind: 'decision', words: `${verdict}: nothing is done now, because ${why}` };
    }
    case 'well':
      return { kind: 'verification', words: 'it is well again' };
    case 'watch':
      return { kind: WATCH_KINDS[state] ?? 'decision', words: WATCH_WORDS[state] ?? `${verdict}: watched` };
  }
}

const WATCH_KINDS: Readonly<Partial<Record<ExplainRecord['state'], EntryKind>>> = {
  suspect: 'signal',
  verifying: 'verification',
  probation: 'verification',
};
const WATCH_WORDS: Readonly<Partial<Record<ExplainRecord['state'], string>>> = {
  suspect: 'nothing is heard from it, or it says that something is wrong',
  acting: 'it is being helped',
  verifying: 'it was helped: waiting for it to come back',
  probation: 'it came back and stayed; it is watched for a while',
};

function remedyOf({ rung }: ExplainRecord): string {
  const known = rung === 'admit' ? rung : RUNG_NAMES.find((one) => one === rung);
  return known === undefined ? 'look again' : remedyWords(known);
}

const RUNG_NAMES = Object.keys(LADDER) as readonly Rung[]; // its own keys

/** What became of an act; `undefined` for what is no news to people. */
export function actionWords({ rung, state, detail }: ActionSign): EntryWords | undefined {
  const remedy = remedyWords(rung);
  const because = detail === '' ? '' : `: ${detail}`;
  switch (state) {
    case 'running':
      return { kind: 'action', words: `${remedy}: ordered` };
    case 'succeeded':
      return { kind: 'action', words: `${remedy}: done${because}` };
    case 'failed':
      return { kind: 'action', words: `${remedy}: did not work${because}` };
    case 'cancelled':
      return { kind: 'action', words: `${remedy}: not done${because}` };
    case 'unknown':
      return { kind: 'action', words: `${remedy}: its outcome is not known yet` };
    case 'queued':
      return undefined;
  }
}

const KINDS_TOLD = 3;

/** One trouble of each kind, and how many more there are of it: ten full exports do not hide a failed disk, nor it them. */
export function troublesWords(troubles: readonly { readonly type: string; readonly words: string }[]): string {
  const kinds = new Map<string, Set<string>>();
  for (const { type, words } of troubles) kinds.set(type, (kinds.get(type) ?? new Set()).add(words));
  const told = [...kinds.values()].map(([first = '', ...alike]) =>
    alike.length === 0 ? first : `${first} (and ${alike.length} more like it)`,
  );
  const more = told.length > KINDS_TOLD ? [`and ${told.length - KINDS_TOLD} more`] : [];
  return [...told.slice(0, KINDS_TOLD), ...more].join('; ');
}
