/** Acts on a node, or says why not. */

import type { MappedNode } from '../topology/fleet-map.js';
import type { Action } from './action.js';
import { inState } from './advance.js';
import { chooseRung, passedOver, spareFor } from './choose.js';
import { renderSigns, signsOf, verdictOf } from './evidence.js';
import type { NodeRow, NodeSigns } from './evidence-table.js';
import { type ExplainRecord, explainKey, type GuardId, type Objection } from './explain.js';
import { judge, noVerdict, staleFacts } from './guards.js';
import { LADDER, type Rung } from './ladder.js';
import { type NodeHeal, scoreAt } from './memory.js';
import { countAction, type Pass, setNode } from './pass.js';

const DAY_MS = 86_400_000;

interface Note {
  readonly decision: ExplainRecord['decision'];
  readonly heal: NodeHeal | undefined;
  readonly row?: string;
  readonly verdict?: string;
  readonly rung?: Rung | 'admit';
  readonly action?: string;
  readonly cause?: string;
  readonly objection?: Objection | undefined;
  readonly passed?: readonly GuardId[];
  readonly evidence?: string;
  readonly missing?: string | undefined;
}

/** Writes a record when it says something else than the last one about this node. */
export function note(pass: Pass, node: MappedNode, told: Note): void {
  const { draft, nowMs, policy } = pass;
  const record: ExplainRecord = {
    node: node.record.name,
    atMs: nowMs,
    decision: told.decision,
    state: told.heal?.state ?? 'healthy',
    row: told.row ?? '',
    verdict: told.verdict ?? '',
    rung: told.rung,
    action: told.action,
    cause: told.cause,
    objection: told.objection,
    passed: told.passed ?? [],
    evidence: told.evidence ?? '',
    missing: told.missing,
    sinceMs: nowMs,
    policy: policy.hash,
  };
  const last = draft.records.get(node.index);
  if (last !== undefined && explainKey(last) === explainKey(record)) return;
  draft.records.set(node.index, record);
  pass.records.push(record);
}

/** What the evidence says of a node that is to be diagnosed. */
export interface Diagnosis {
  readonly node: MappedNode;
  readonly heal: NodeHeal;
  readonly signs: NodeSigns;
  readonly row: NodeRow | undefined;
}

export function diagnose(pass: Pass, node: MappedNode, heal: NodeHeal): Diagnosis | undefined {
  const notBeforeMs = heal.actionEndedAtMs ?? Number.NEGATIVE_INFINITY;
  const signs = signsOf(pass.observed, node, notBeforeMs, pass.nowMs);
  return signs === undefined ? undefined : { node, heal, signs, row: verdictOf(signs) };
}

/** Whether boot admission has to do with it rather than the ladder. */
export function isForAdmission({ row, heal }: Diagnosis, retriesMax: number): boolean {
  if (row === undefined) return false;
  return row.rungs.length === 0 || (row.isRomLoss === true && heal.retries < retriesMax && heal.tried.length === 0);
}

export function decide(pass: Pass, diagnosis: Diagnosis): void {
  const { node, heal, row, signs } = diagnosis;
  const evidence = renderSigns(signs);
  if (row === undefined) {
    hold(pass, diagnosis, undefined, judgeBlind(pass, diagnosis, evidence));
    return;
  }
  if (row.id === 'donor' && pass.nowMs - heal.troubleSinceMs < pass.policy.donorPatienceMs) {
    const waiting = inState(heal, 'diagnosing', pass.nowMs);
    setNode(pass, node.index, waiting);
    note(pass, node, { decision: 'watch', heal: waiting, row: row.id, verdict: row.verdict, rung: 'R0', evidence });
    return;
  }
  const rung = isSpent(pass, node) ? 'R9' : chooseRung(pass, node, heal, row, signs);
  const { objection, passed } = judge(pass, { node, rung });
  const found = {
    row: row.id,
    verdict: row.verdict,
    rung,
    passed,
    evidence,
    missing: passedOver(pass, node, row, signs, rung),
  };
  if (objection !== undefined) {
    hold(pass, diagnosis, rung, { objection, passed });
    return;
  }
  if (rung === 'R9') {
    const waiting = inState(heal, 'await-hands', pass.nowMs);
    setNode(pass, node.index, waiting);
    note(pass, node, { decision: 'hands', heal: waiting, ...found });
    return;
  }
  if (pass.policy.mode === 'shadow') {
    const held = inState(heal, 'held', pass.nowMs);
    setNode(pass, node.index, held);
    note(pass, node, { decision: 'would-act', heal: held, ...found });
    return;
  }
  start(pass, { node, heal, isCycle: true, ...found });
}

/** Its budget of a day is used up: whatever is wrong, more of the same does not help. */
function isSpent({ draft, nowMs, policy }: Pass, node: MappedNode): boolean {
  const past = draft.histories.get(node.index)?.disruptedAtMs ?? [];
  return past.filter((atMs) => nowMs - atMs < DAY_MS).length >= policy.budgets.nodePerDay;
}

/** Evidence without a verdict: most often because somebody cannot see. */
function judgeBlind(pass: Pass, { node, heal }: Diagnosis, evidence: string) {
  const judged = judge(pass, { node, rung: 'R3' });
  if (judged.objection !== undefined) return judged;
  const sight = pass.observed.nodes[node.index];
  const sawAtMs = Math.min(sight?.fileserverSawAtMs ?? 0, sight?.switchSawAtMs ?? 0);
  const endedAtMs = heal.actionEndedAtMs;
  const objection =
    endedAtMs !== undefined && sawAtMs <= endedAtMs
      ? staleFacts(node, pass.nowMs - sawAtMs)
      : noVerdict({ node, rung: 'R3' }, evidence);
  return { objection, passed: judged.passed };
}

/** A change is taken back before any node in its domain is healed, also when that node is the only one: it harms less. */
function askBack({ observed, draft, reverts, policy }: Pass, changeId: string): void {
  const change = observed.changes.find(({ id }) => id === changeId);
  if (change === undefined || policy.mode === 'shadow') return;
  if (!change.isRevertable || draft.reverted.has(change.id)) return;
  draft.reverted.add(change.id);
  reverts.push(change.id);
}

function hold(
  pass: Pass,
  diagnosis: Diagnosis,
  rung: Rung | undefined,
  { objection, passed }: { readonly objection: Objection | undefined; readonly passed: readonly GuardId[] },
): void {
  const { node, heal, row, signs } = diagnosis;
  if (objection?.guard === 'G8') askBack(pass, String(objection.measured));
  const held = inState(heal, 'held', pass.nowMs);
  setNode(pass, node.index, held);
  note(pass, node, {
    decision: 'hold',
    heal: held,
    row: row?.id ?? '',
    verdict: row?.verdict ?? 'it is silent',
    ...(rung === undefined ? {} : { rung }),
    objection,
    passed,
    evidence: renderSigns(signs),
  });
}

export interface Start {
  readonly node: MappedNode;
  readonly heal: NodeHeal;
  readonly rung: Rung | 'admit';
  readonly row: string;
  readonly verdict: string;
  readonly passed: readonly GuardId[];
  readonly evidence: string;
  readonly missing?: string | undefined;
  readonly isCycle: boolean;
}

export function start(pass: Pass, asked: Start): void {
  const { node, heal, rung, row, verdict, passed, evidence, missing, isCycle } = asked;
  const { draft, nowMs } = pass;
  const action: Action = {
    id: `a${draft.nextAction++}`,
    node: node.index,
    name: node.record.name,
    rung,
    row,
    isCycle,
    spare: rung === 'R8' ? spareFor(pass, node) : undefined,
    plannedAtMs: nowMs,
  };
  pass.starts.push(action);
  countAction(pass.traffic, node, action);
  if (rung !== 'admit') remember(pass, node, heal, rung);
  const acting: NodeHeal = {
    ...heal,
    state: 'acting',
    sinceMs: nowMs,
    actionId: action.id,
    actionRung: rung,
    wellSinceMs: undefined,
  };
  setNode(pass, node.index, acting);
  note(pass, node, { decision: 'act', heal: acting, row, verdict, rung, action: action.id, passed, evidence, missing });
}

function remember(pass: Pass, node: MappedNode, heal: NodeHeal, rung: Rung): void {
  const { draft, nowMs, policy } = pass;
  const { isDisruptive, isDestructive } = LADDER[rung];
  const known = draft.histories.get(node.index);
  const isFirst = heal.tried.length === 0;
  const disruptedAtMs = (known?.disruptedAtMs ?? []).filter((atMs) => nowMs - atMs < DAY_MS);
  draft.histories.set(node.index, {
    score: scoreAt(known, nowMs, policy.historyHalfLifeMs) + (isFirst ? 1 : 0),
    atMs: nowMs,
    disruptedAtMs: isDisruptive ? [...disruptedAtMs, nowMs] : disruptedAtMs,
  });
  if (isDisruptive) draft.startedAtMs = [...draft.startedAtMs, nowMs];
  if (isDestructive) draft.destroyedAtMs = [...draft.destroyedAtMs, nowMs];
}
