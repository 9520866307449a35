import type { IncidentDetail } from '../../proto/contract/api/incidents.js';
import { renderCount, renderDuration } from '../../proto/contract/words.js';

/** Incidents as the page shows them, as final text. */
export interface IncidentsView {
  readonly incidents: readonly IncidentCard[];
  /** For whoever does not look: how many there are, in words; empty = none. */
  readonly announcement: string;
}

export interface IncidentCard {
  readonly id: string;
  readonly title: string;
  readonly tone: 'critical' | 'warning' | 'settling' | 'over';
  /** "Critical", "Getting well", "Over": the same as the colour. */
  readonly state: string;
  /** "site cam, for 3 min; kim sees to it" */
  readonly meta: string;
  /** What is being done now, or why nothing is. */
  readonly now: string;
  readonly isOpen: boolean;
  /** It is not over, and whoever looks may say something about it. */
  readonly canAnswer: boolean;
  readonly sides: readonly { readonly who: string; readonly words: string }[];
  readonly members: readonly MemberChip[];
  readonly membersMore: string;
  readonly steps: readonly StepView[];
}

export interface MemberChip {
  readonly name: string;
  /** Opens its page; `undefined` = it has none. */
  readonly nodeId: string | undefined;
  readonly words: string;
  readonly isWell: boolean;
}

interface StepView {
  readonly time: string;
  readonly timeIso: string;
  readonly kind: string;
  readonly words: string;
}

/** What was closed is shown for so long: whoever comes late sees what was done. */
export const SHOWN_AFTER_MS = 30 * 60_000;
const MEMBERS_SHOWN = 12;
const STEPS_SHOWN = 40;

const SIDES: Readonly<Record<IncidentDetail['sides'][number]['side'], string>> = {
  agent: 'Its own agent',
  fileserver: 'Fileserver',
  switch: 'Switch',
  uplink: 'Uplink',
};
const KINDS: Readonly<Record<IncidentDetail['timeline'][number]['kind'], string>> = {
  signal: 'Seen',
  decision: 'Decided',
  action: 'Done',
  verification: 'Checked',
  person: 'Said',
};
const NOW: Readonly<Record<string, string>> = {
  suspect: 'Waiting to see whether it answers again.',
  diagnosing: 'Looking at what every side says.',
  starting: 'It is starting.',
  acting: 'It is being helped now.',
  verifying: 'It was helped; waiting to see that it works.',
  probation: 'It works again and is watched for a while.',
  healthy: 'It is healthy again.',
  'await-hands': 'Somebody has to go there.',
};

interface Look {
  /** Incidents whose story is unfolded. */
  readonly opened: ReadonlySet<string>;
  /** Whoever looks has the right to say something. */
  readonly mayAnswer: boolean;
}

/** @param nowMs the controller's wall clock */
export function incidentsView(incidents: readonly IncidentDetail[], nowMs: number, look: Look): IncidentsView {
  const shown = incidents.filter(
    ({ closedAtMs, closedBy }) =>
      closedAtMs === undefined || (closedBy === undefined && nowMs - closedAtMs < SHOWN_AFTER_MS),
  );
  const cards = shown.map((incident) => cardOf(incident, nowMs, look));
  const open = shown.filter(({ state }) => state === 'open').length;
  const rank = ({ tone }: IncidentCard): number => TONES.indexOf(tone);
  return {
    incidents: cards.sort((a, b) => rank(a) - rank(b)),
    announcement: open === 0 ? '' : `${renderCount(open, 'open incident')}`,
  };
}

const TONES: readonly IncidentCard['tone'][] = ['critical', 'warning', 'settling', 'over'];
const STATES: Readonly<Record<IncidentCard['tone'], string>> = {
  critical: 'Critical',
  warning: 'Trouble',
  settling: 'Getting well',
  over: 'Healed',
};

function cardOf(incident: IncidentDetail, nowMs: number, { opened, mayAnswer }: Look): IncidentCard {
  const { id, title, state, severity, wellSinceMs, sides, members, timeline } = incident;
  const tone = state === 'closed' ? 'over' : wellSinceMs === undefined ? severity : 'settling';
  const chips = members.length === 0 ? ownChip(incident) : byName(members).slice(0, MEMBERS_SHOWN).map(chipOf);
  const more = Math.max(0, members.length - MEMBERS_SHOWN);
  return {
    ...{ id, title, tone, isOpen: opened.has(id), canAnswer: mayAnswer && state === 'open' },
    state: STATES[tone],
    meta: metaOf(incident, nowMs),
    now: nowOf(incident),
    sides: sides.map(({ side, name, words }) => ({
      who: `${SIDES[side]}${name === '' || side === 'agent' ? '' : ` ${name}`}`,
      words,
    })),
    members: chips,
    membersMore: more > 0 ? `and ${more} more` : '',
    steps: timeline.slice(-STEPS_SHOWN).map(stepOf),
  };
}

function metaOf({ site, openedAtMs, closedAtMs, acknowledgedBy }: IncidentDetail, nowMs: number): string {
  const where = site === undefined ? 'several sites' : `site ${site}`;
  const until = closedAtMs ?? nowMs;
  const lasted = `${closedAtMs === undefined ? 'for' : 'lasted'} ${renderDuration(Math.max(0, until - openedAtMs))}`;
  return [where, lasted, ...(acknowledgedBy === undefined ? [] : [`${personName(acknowledgedBy)} sees to it`])].join(
    ', ',
  );
}

/** What is held is said before what is done: it is what somebody would ask. */
function nowOf({ members, state, cause, wellSinceMs }: IncidentDetail): string {
  if (state === 'closed') return 'It is healthy again, and stayed so.';
  if (wellSinceMs !== undefined) return 'Everything works again and is watched for a while.';
  const held = members.find(({ heldBecause, wellSinceMs: isWell }) => heldBecause !== '' && isWell === undefined);
  const first = members.find((member) => member.wellSinceMs === undefined) ?? members[0];
  if (first === undefined) return 'No node is touched. Somebody has to see to it.';
  if (!cause.startsWith('node:')) {
    const who = members.length === 1 ? 'the node' : `the ${members.length} nodes`;
    return `Nothing is done to ${who} behind it: not to blame.`;
  }
  if (held === undefined) return NOW[first.state] ?? '';
  const { heldBecause } = held;
  // Not why nothing is done, but what is to be done, and where.
  if (first.state === 'await-hands') return `${heldBecause.charAt(0).toUpperCase()}${heldBecause.slice(1)}.`;
  return `Nothing is done now: ${heldBecause}.`;
}

function byName(members: IncidentDetail['members']): IncidentDetail['members'] {
  const { compare } = new Intl.Collator('en', { numeric: true });
  return members.toSorted((a, b) => compare(a.name, b.name));
}

/** Of a fileserver or a switch from which nobody suffers: its own page. */
function ownChip({ cause, node, state }: IncidentDetail): readonly MemberChip[] {
  const name = cause.slice(cause.indexOf(':') + 1);
  return node === undefined ? [] : [{ name, nodeId: node, words: '', isWell: state === 'closed' }];
}

const CHIPS: Readonly<Record<string, string>> = {
  suspect: 'not heard',
  diagnosing: 'looked at',
  starting: 'starts',
  'held-by-cause': 'waits',
  acting: 'being helped',
  verifying: 'being checked',
  probation: 'watched',
  'await-hands': 'needs hands',
};

function chipOf({ name, node, state, wellSinceMs }: IncidentDetail['members'][number]): MemberChip {
  const isWell = wellSinceMs !== undefined;
  return { name, nodeId: node, words: isWell ? 'well again' : (CHIPS[state] ?? state), isWell };
}

function stepOf({ atMs, kind, about, words, actor }: IncidentDetail['timeline'][number]): StepView {
  const timeIso = new Date(atMs).toISOString();
  const who = [about, personName(actor)].filter((part) => part !== '').join(', ');
  return { time: timeIso.slice(11, 19), timeIso, kind: KINDS[kind], words: who === '' ? words : `${who}: ${words}` };
}

/** As people call each other: what kind of account it is stands in the journal. */
function personName(actor: string): string {
  return actor.replace(/^(user|admin):/, '');
}
