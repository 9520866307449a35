/**
 * Boot admission: who may start now. The fileserver comes first; then boards, a few at a time and one after another,
 * because a boot ROM that gets no answer soon gives up and stays dark until somebody cuts its power.
 */

import type { MappedNode } from '../topology/fleet-map.js';
import { isInService } from './census.js';
import { type Diagnosis, note, start } from './decide.js';
import { EVIDENCE_MAX_AGE_MS, renderSigns } from './evidence.js';
import { judge } from './guards.js';
import { type AdmissionState, type NodeHeal, newHeal } from './memory.js';
import type { Pass } from './pass.js';

/** @param lost nodes whose boot the ROM lost and which have retries left */
export function admitBoots(pass: Pass, lost: readonly Diagnosis[]): void {
  const { desired, observed } = pass;
  const lostOf = new Map<number, Diagnosis[]>();
  for (const one of lost) {
    const list = lostOf.get(one.node.fileserver);
    if (list === undefined) lostOf.set(one.node.fileserver, [one]);
    else list.push(one);
  }
  for (const index of desired.map.ofKind.fileserver) {
    const name = desired.map.elements[index]?.name ?? '';
    const sight = observed.fileservers.get(name);
    if (sight?.agent !== 'fresh' || sight.service !== 'ok') continue;
    admitOne(pass, name, index, lostOf.get(index) ?? []);
  }
}

/** At most one start per pass and fileserver: starts are spaced. */
function admitOne(pass: Pass, fileserver: string, index: number, lost: readonly Diagnosis[]): void {
  const { desired, draft, nowMs, policy } = pass;
  const state: AdmissionState = draft.admission.get(fileserver) ?? {
    bootsLimit: policy.admission.bootsMax,
    successes: 0,
    lastStartMs: Number.NEGATIVE_INFINITY,
  };
  if (nowMs - state.lastStartMs < policy.admission.spacingMs || policy.mode === 'shadow') return;
  // Who has not had a turn yet comes before who lost one.
  for (const member of desired.map.elements[index]?.members ?? []) {
    const node = desired.map.nodes[member];
    if (node === undefined || !waitsForPower(pass, node)) continue;
    if (!tryStart(pass, node, draft.nodes.get(member), 'waits-for-power', 'it waits to be switched on', false)) return;
    draft.admission.set(fileserver, { ...state, lastStartMs: nowMs });
    return;
  }
  const [next] = lost;
  if (next === undefined) return;
  if (!tryStart(pass, next.node, next.heal, next.row?.id ?? '', next.row?.verdict ?? '', true, next)) return;
  // Halved when boots that were let in together were lost: perhaps they were too many.
  const wasCrowded = draft.admission.has(fileserver) && state.bootsLimit > 1;
  const bootsLimit = wasCrowded ? Math.max(1, Math.floor(state.bootsLimit / 2)) : state.bootsLimit;
  draft.admission.set(fileserver, { bootsLimit, successes: 0, lastStartMs: nowMs });
}

function waitsForPower(pass: Pass, node: MappedNode): boolean {
  const { observed, desired, draft, traffic, nowMs } = pass;
  const sight = observed.nodes[node.index];
  const plug = node.record.plug;
  if (sight?.power !== 'off' || plug === undefined || traffic.open.has(node.index)) return false;
  if (observed.switches.get(plug.switch)?.agent !== 'fresh' || !isInService(desired, node.index)) return false;
  const heal = draft.nodes.get(node.index);
  // What its switch saw before the end of the last action tells nothing of what came of it.
  const notBeforeMs = Math.max(nowMs - EVIDENCE_MAX_AGE_MS, heal?.actionEndedAtMs ?? Number.NEGATIVE_INFINITY);
  return sight.switchSawAtMs >= notBeforeMs && heal?.state !== 'await-hands';
}

function tryStart(
  pass: Pass,
  node: MappedNode,
  heal: NodeHeal | undefined,
  row: string,
  verdict: string,
  isCycle: boolean,
  diagnosis?: Diagnosis,
): boolean {
  const { objection, passed } = judge(pass, { node, rung: 'admit' });
  const evidence = diagnosis === undefined ? 'power off' : renderSigns(diagnosis.signs);
  if (objection !== undefined) {
    note(pass, node, { decision: 'hold', heal, row, verdict, rung: 'admit', objection, passed, evidence });
    return false;
  }
  const { nowMs, policy } = pass;
  const known = heal ?? newHeal('starting', nowMs, policy);
  const counted = { ...known, retries: known.retries + (isCycle ? 1 : 0) };
  start(pass, { node, heal: counted, rung: 'admit', row, verdict, passed, evidence, isCycle });
  return true;
}
