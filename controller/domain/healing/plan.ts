/**
 * One pass of healing. Pure: the same observation, wish and policy at the same moment give the same plan and the same
 * explanations, byte for byte, so that any night can be replayed.
 */

import type { Action } from './action.js';
import { admitBoots } from './admission.js';
import { advance, inState } from './advance.js';
import type { Cause } from './attribution.js';
import { type Diagnosis, decide, diagnose, isForAdmission, note } from './decide.js';
import type { Desired } from './desired.js';
import { renderSigns } from './evidence.js';
import type { ExplainRecord, Objection } from './explain.js';
import type { HealMemory, NodeHeal } from './memory.js';
import type { Observed } from './observed.js';
import { openPass, type Pass, setNode } from './pass.js';
import type { HealingPolicy } from './policy.js';
import { judgeStorms } from './storm.js';

export interface Plan {
  /** To be written down before they are dispatched. */
  readonly starts: readonly Action[];
  /** Queued actions that nobody wants any more: the node came back, or somebody put a hold on it. */
  readonly cancels: readonly string[];
  /** Ids of changes to take back. */
  readonly reverts: readonly string[];
  /** Shared causes that hold nodes now. */
  readonly causes: readonly Cause[];
  /** By node index: which of them it suffers from. */
  readonly blamed: ReadonlyMap<number, Cause>;
  /** What changed its mind: one for every act and every non-act. */
  readonly records: readonly ExplainRecord[];
  readonly memory: HealMemory;
  /** When to plan again if nothing is heard before; `undefined` = only news can change anything. */
  readonly lookAgainAtMs: number | undefined;
}

/** While something is going on. */
const BUSY_MS = 10_000;

export function plan(observed: Observed, desired: Desired, policy: HealingPolicy, nowMs: number): Plan {
  const pass = openPass(observed, desired, policy, nowMs);
  keepIncidents(pass);
  revertChanges(pass);
  const { draft, census } = pass;
  const indexes = new Set([...draft.nodes.keys(), ...census.troubled]);
  for (const index of indexes) advanceNode(pass, index);
  sendCanaries(pass);
  const open = diagnoseAll(pass);
  judgeStorms(pass);
  const lost = open.filter((one) => one.row?.isRomLoss === true && one.heal.state === 'starting');
  admitBoots(pass, lost);
  for (const one of open)
    if (one.heal.state !== 'starting' && pass.draft.nodes.get(one.node.index) === one.heal) decide(pass, one);
  return {
    starts: pass.starts,
    cancels: pass.cancels,
    reverts: pass.reverts,
    causes: pass.attribution.found,
    blamed: pass.attribution.causes,
    records: pass.records,
    memory: draft,
    lookAgainAtMs: lookAgainAtMs(pass),
  };
}

/** A cause that was seen holds until it has not been seen for a while. */
function keepIncidents({ draft, attribution, nowMs, policy }: Pass): void {
  for (const { name, rowId } of attribution.found) {
    const known = draft.incidents.get(name);
    draft.incidents.set(name, {
      cause: name,
      rowId,
      sinceMs: known?.sinceMs ?? nowMs,
      lastSeenMs: nowMs,
      canaries: known?.canaries ?? [],
    });
  }
  for (const [name, { lastSeenMs }] of draft.incidents)
    if (nowMs - lastSeenMs > policy.settleMs) draft.incidents.delete(name);
}

/** What was changed just before is taken back before anybody is healed. */
function revertChanges({ attribution, observed, draft, reverts, policy }: Pass): void {
  if (policy.mode === 'shadow') return;
  for (const { rowId, name } of attribution.found) {
    if (rowId !== 'change') continue;
    const change = observed.changes.find(({ id }) => name === `change:${id}`);
    if (change === undefined || !change.isRevertable || draft.reverted.has(change.id)) continue;
    draft.reverted.add(change.id);
    reverts.push(change.id);
  }
}

function advanceNode(pass: Pass, index: number): void {
  const node = pass.desired.map.nodes[index];
  if (node === undefined) return;
  const before = pass.draft.nodes.get(index);
  const heal = advance(pass, index, before);
  setNode(pass, index, heal);
  if (heal === undefined) {
    if (before !== undefined) note(pass, node, { decision: 'well', heal });
    return;
  }
  if (heal.state === before?.state && heal.cause === before.cause) return;
  const cause = pass.attribution.causes.get(index);
  if (heal.state === 'held-by-cause' && cause !== undefined) {
    const objection = sharedCause(pass, cause);
    note(pass, node, {
      decision: 'hold',
      heal,
      row: cause.rowId,
      verdict: cause.verdict,
      cause: cause.name,
      objection,
    });
  } else if (heal.state !== 'diagnosing') {
    note(pass, node, { decision: 'watch', heal, verdict: WATCHED[heal.state] ?? '' });
  }
}

const MEMBERS_TOLD = 20;

function sharedCause({ attribution, desired }: Pass, cause: Cause): Objection {
  const members = [...attribution.causes].flatMap(([index, { name }]) => (name === cause.name ? [index] : []));
  return {
    guard: 'G2',
    why: cause.verdict,
    measured: members.length,
    limit: 'a cause of its own',
    domain: cause.name,
    members: members.slice(0, MEMBERS_TOLD).map((index) => desired.map.nodes[index]?.record.name ?? ''),
  };
}

const WATCHED: Readonly<Record<string, string>> = {
  suspect: 'it may be in trouble',
  acting: 'it is being helped',
  verifying: 'it was helped',
  probation: 'it came back and is watched',
};

/** Of nodes that only numbers blame on something shared, one is tried; the next one when that went well. */
function sendCanaries({ attribution, draft, nowMs, policy, desired }: Pass): void {
  for (const { name, isWitnessed } of attribution.found) {
    const incident = draft.incidents.get(name);
    if (isWitnessed || incident === undefined || nowMs - incident.sinceMs < policy.canaryAfterMs) continue;
    const isBack = (index: number): boolean => {
      const state = draft.nodes.get(index)?.state;
      return state === undefined || state === 'probation';
    };
    if (!incident.canaries.every(isBack)) continue;
    for (const [index, heal] of draft.nodes) {
      if (heal.state !== 'held-by-cause' || attribution.causes.get(index)?.name !== name) continue;
      if (desired.map.nodes[index] === undefined) continue;
      draft.nodes.set(index, inState({ ...heal, cause: undefined }, 'diagnosing', nowMs));
      draft.incidents.set(name, { ...incident, canaries: [...incident.canaries, index] });
      break;
    }
  }
}

/** All that are to be decided on, the longest troubled first. */
function diagnoseAll(pass: Pass): readonly Diagnosis[] {
  const { draft, desired, policy, nowMs } = pass;
  const open: Diagnosis[] = [];
  for (const [index, heal] of draft.nodes) {
    const node = desired.map.nodes[index];
    if (node === undefined || heal.state !== 'diagnosing' || heal.wellSinceMs !== undefined) continue;
    const diagnosis = diagnose(pass, node, heal);
    if (diagnosis === undefined) continue;
    if (!isForAdmission(diagnosis, policy.admission.retriesMax)) {
      open.push(diagnosis);
      continue;
    }
    const starting: NodeHeal = inState(heal, 'starting', nowMs);
    draft.nodes.set(index, starting);
    open.push({ ...diagnosis, heal: starting });
    note(pass, node, {
      decision: 'watch',
      heal: starting,
      row: diagnosis.row?.id ?? '',
      verdict: diagnosis.row?.verdict ?? '',
      rung: 'admit',
      evidence: renderSigns(diagnosis.signs),
    });
  }
  return open.sort((a, b) => a.heal.troubleSinceMs - b.heal.troubleSinceMs || a.node.index - b.node.index);
}

function lookAgainAtMs({ draft, policy, nowMs }: Pass): number | undefined {
  let nextMs: number | undefined;
  const soonest = (atMs: number): void => {
    if (nextMs === undefined || atMs < nextMs) nextMs = atMs;
  };
  for (const heal of draft.nodes.values()) {
    if (heal.state === 'await-hands') continue;
    soonest(heal.state === 'probation' ? heal.sinceMs + heal.probationMs : nowMs + BUSY_MS);
  }
  for (const { lastStartMs } of draft.admission.values()) {
    const atMs = lastStartMs + policy.admission.spacingMs;
    if (atMs > nowMs) soonest(atMs);
  }
  for (const { lastSeenMs } of draft.incidents.values())
    soonest(Math.max(nowMs + BUSY_MS, lastSeenMs + policy.settleMs));
  return nextMs;
}
