/**
 * Incidents after one pass of healing. Pure. One is opened per cause; who suffers from a cause that is known already gets
 * none of its own. That holds for the opening alone: an incident that is there stays until what it names is healthy.
 */

import type { HealState } from '../healing/heal-state.js';
import { causeWords, type EntryKind, type Incident, type Member, nodeCause, type TimelineEntry } from './incident.js';
import type { CauseSign, IncidentSigns, NodeSign } from './signs.js';
import { actionWords, recordWords } from './words.js';

export interface IncidentStep {
  /** New, or another than before. */
  readonly changed: readonly Incident[];
  readonly opened: readonly Incident[];
  /** Closed by this pass: what they name is healthy. */
  readonly closed: readonly Incident[];
  readonly entries: readonly TimelineEntry[];
}

/** From here on somebody wants to know of a node; before, it may be a matter of seconds. */
const TOLD: ReadonlySet<HealState> = new Set(['diagnosing', 'held', 'acting', 'verifying', 'await-hands']);

class Draft {
  readonly byCause: Map<string, Incident>;
  readonly entries: TimelineEntry[] = [];
  readonly opened: string[] = [];
  readonly signs: IncidentSigns;
  readonly newId: () => string;

  constructor(live: readonly Incident[], signs: IncidentSigns, newId: () => string) {
    this.byCause = new Map(live.map((incident) => [incident.cause, incident]));
    this.signs = signs;
    this.newId = newId;
  }

  tell(incident: Incident, kind: EntryKind, about: string, words: string, atMs = this.signs.nowMs): void {
    this.entries.push({ incident: incident.id, atMs, kind, about, words, actor: '' });
  }

  open(from: Origin, sinceMs: number): void {
    const { nowMs } = this.signs;
    const incident: Incident = {
      ...from,
      id: this.newId(),
      openedAtMs: nowMs,
      members: [],
      wellSinceMs: undefined,
      overAtMs: undefined,
      closedAtMs: undefined,
      closedBy: '',
      acknowledged: undefined,
    };
    this.byCause.set(from.cause, incident);
    this.opened.push(incident.id);
    this.tell(incident, 'signal', '', verdictBySides(from), Math.min(sinceMs, nowMs));
  }
}

/** @param live those that are not over, closed by people or not */
export function advanceIncidents(live: readonly Incident[], signs: IncidentSigns, newId: () => string): IncidentStep {
  const draft = new Draft(live, signs, newId);
  openCauses(draft);
  if (signs.isListening) {
    for (const node of signs.nodes.values()) openNode(draft, node);
    for (const incident of [...draft.byCause.values()]) joinMembers(draft, incident);
  }
  tellStory(draft);
  if (signs.isListening) for (const incident of [...draft.byCause.values()]) settle(draft, incident);
  const before = new Set(live);
  const changed = [...draft.byCause.values()].filter((incident) => !before.has(incident));
  return {
    changed,
    opened: changed.filter(({ id }) => draft.opened.includes(id)),
    closed: changed.filter(({ overAtMs, closedBy }) => overAtMs !== undefined && closedBy === ''),
    // Acts are heard of later than decisions; each is told where it belongs.
    entries: draft.entries.toSorted((a, b) => a.atMs - b.atMs),
  };
}

function openCauses(draft: Draft): void {
  const { signs, byCause } = draft;
  for (const sign of signs.causes) {
    const known = byCause.get(sign.name);
    if (known === undefined) {
      const isEarly = sign.isSilenceOnly && (!signs.isListening || signs.nowMs - sign.sinceMs < signs.patienceMs);
      if (isEarly || sign.isExcused || largerThan(draft, sign) !== undefined) continue;
      draft.open(originOf(sign, sign.name, sign.severity), sign.sinceMs);
    } else if (known.row !== sign.row) {
      refine(draft, known, sign);
    }
  }
}

type Origin = Pick<Incident, 'cause' | 'site' | 'row' | 'verdict' | 'severity' | 'sides'>;

function originOf(sign: CauseSign | NodeSign, cause: string, severity: Origin['severity']): Origin {
  const { site, row, verdict, sides } = sign;
  return { cause, site, row, verdict, sides, severity };
}

/** The incident of something larger that explains why an observer is silent. */
function largerThan({ byCause, signs }: Draft, { isSilenceOnly, site, name }: CauseSign): Incident | undefined {
  if (!isSilenceOnly) return undefined;
  for (const larger of signs.causes) {
    const isLarger = larger.name === `site:${site ?? ''}` || larger.name.startsWith('fleet:');
    if (isLarger && larger.name !== name) return byCause.get(larger.name);
  }
  return undefined;
}

/** The diagnosis is another one now. */
function refine(draft: Draft, incident: Incident, to: Pick<Incident, 'row' | 'verdict' | 'sides'>): void {
  const { row, verdict, sides } = to;
  const refined = { ...incident, row, verdict, sides };
  draft.byCause.set(incident.cause, refined);
  draft.tell(refined, 'signal', '', `it looks different now: ${verdictBySides(to)}`);
}

function verdictBySides({ verdict, sides }: Pick<Incident, 'verdict' | 'sides'>): string {
  const others = sides.filter(({ words }) => words !== verdict);
  return [verdict, ...others.map(({ side, words }) => `${side} side: ${words}`)].join('. ');
}

function openNode(draft: Draft, node: NodeSign): void {
  if (node.wellSinceMs !== undefined) return;
  const cause = nodeCause(node.name);
  const own = draft.byCause.get(cause);
  const isBlamedOnOther = node.cause !== undefined && draft.byCause.has(node.cause);
  if (own === undefined) {
    if (isBlamedOnOther || node.isExcused || !TOLD.has(node.state)) return;
    draft.open(originOf(node, cause, 'warning'), node.troubleSinceMs);
  } else if (!isBlamedOnOther && node.row !== '' && node.row !== own.row) {
    refine(draft, own, node);
  }
}

/** Who suffers from it, and how each of them is. */
function joinMembers(draft: Draft, incident: Incident): void {
  const { signs, byCause } = draft;
  const known = new Map(incident.members.map((member) => [member.name, member]));
  const next = new Map<string, Member>();
  const [newcomers, recovered]: [string[], string[]] = [[], []];
  for (const [name, member] of known) {
    const sign = signs.nodes.get(name);
    const isWell = sign === undefined || sign.wellSinceMs !== undefined;
    if (isWell && member.wellSinceMs === undefined) recovered.push(name);
    next.set(name, isWell ? well(member, sign, signs.nowMs) : troubled(member, sign));
  }
  for (const sign of signs.nodes.values()) {
    const isIts = nodeCause(sign.name) === incident.cause || sign.cause === incident.cause;
    if (!isIts || sign.wellSinceMs !== undefined || known.has(sign.name)) continue;
    if (nodeCause(sign.name) !== incident.cause) newcomers.push(sign.name);
    next.set(sign.name, troubled({ name: sign.name, sinceMs: sign.troubleSinceMs }, sign));
  }
  const members = [...next.values()];
  const isSame = members.length === known.size && members.every((member) => isEqual(known.get(member.name), member));
  if (isSame) return;
  byCause.set(incident.cause, { ...incident, members });
  if (newcomers.length > 0) draft.tell(incident, 'signal', '', `${listed(newcomers)} suffer from it: left alone`);
  const isShared = !incident.cause.startsWith('node:');
  if (isShared && recovered.length > 0) draft.tell(incident, 'verification', '', `well again: ${listed(recovered)}`);
}

function well(member: Member, sign: NodeSign | undefined, nowMs: number): Member {
  const wellSinceMs = member.wellSinceMs ?? nowMs;
  return { ...member, state: sign?.state ?? 'healthy', heldBecause: '', wellSinceMs };
}

function troubled({ name, sinceMs }: Pick<Member, 'name' | 'sinceMs'>, { state, heldBecause }: NodeSign): Member {
  return { name, sinceMs, state, heldBecause, wellSinceMs: undefined };
}

function isEqual(a: Member | undefined, b: Member): boolean {
  return a?.state === b.state && a.heldBecause === b.heldBecause && a.wellSinceMs === b.wellSinceMs;
}

const NAMES_TOLD = 12;

function listed(names: readonly string[]): string {
  const told = names.slice(0, NAMES_TOLD).join(', ');
  return names.length > NAMES_TOLD ? `${told} and ${names.length - NAMES_TOLD} more` : told;
}

/** Decisions and acts, each in the incident that it belongs to. */
function tellStory(draft: Draft): void {
  const { signs } = draft;
  for (const record of signs.records) {
    const incident = incidentOf(draft, record.node);
    // What holds all members of a cause is told once, and that they are well together.
    const isShared = incident !== undefined && incident.cause !== nodeCause(record.node);
    if (incident === undefined || record.state === 'suspect') continue;
    if (isShared && (record.cause === incident.cause || record.decision === 'well')) continue;
    const { kind, words } = recordWords(record, signs.nodes.get(record.node)?.place ?? 'it');
    draft.tell(incident, kind, record.node, words, record.atMs);
  }
  for (const action of signs.actions) {
    const incident = incidentOf(draft, action.name);
    const told = actionWords(action);
    if (incident !== undefined && told !== undefined)
      draft.tell(incident, told.kind, action.name, told.words, action.atMs);
  }
}

function incidentOf({ byCause, signs }: Draft, name: string): Incident | undefined {
  const own = byCause.get(nodeCause(name));
  if (own !== undefined) return own;
  const blamed = byCause.get(signs.nodes.get(name)?.cause ?? '');
  return blamed ?? [...byCause.values()].find(({ members }) => members.some((member) => member.name === name));
}

/** Healthy for long enough: over. */
function settle(draft: Draft, known: Incident): void {
  const { signs, byCause } = draft;
  const incident = byCause.get(known.cause) ?? known;
  const { nowMs, settleMs } = signs;
  if (isInTrouble(draft, incident)) {
    if (incident.wellSinceMs !== undefined) {
      byCause.set(incident.cause, { ...incident, wellSinceMs: undefined });
      draft.tell(incident, 'signal', '', 'it is in trouble again');
    }
    return;
  }
  const wellSinceMs = incident.wellSinceMs ?? nowMs;
  if (nowMs - wellSinceMs < settleMs) {
    if (incident.wellSinceMs !== undefined) return;
    byCause.set(incident.cause, { ...incident, wellSinceMs });
    draft.tell(incident, 'verification', '', `${causeWords(incident.cause)} is healthy: it is watched for a while`);
    return;
  }
  draft.tell(incident, 'verification', '', 'healthy, and stayed so: closed');
  byCause.set(incident.cause, { ...incident, wellSinceMs, overAtMs: nowMs, closedAtMs: incident.closedAtMs ?? nowMs });
}

function isInTrouble({ signs, byCause }: Draft, { cause, members }: Incident): boolean {
  if (signs.causes.some(({ name }) => name === cause)) return true;
  return members.some(({ name, wellSinceMs }) => {
    if (wellSinceMs !== undefined) return false;
    // What it still suffers from is its own by now.
    return nodeCause(name) === cause || byCause.get(nodeCause(name)) === undefined;
  });
}
