/** The heal state machine: where a node stands after what was heard since the last pass. Decides nothing yet. */

import type { BootTrouble } from '../../../proto/contract/boot/stage.js';
import { BOOT_TROUBLES } from '../../../proto/contract/boot/stage.js';
import { isOver } from './action.js';
import { isInService, TROUBLE } from './census.js';
import type { HealState } from './heal-state.js';
import { LADDER, type Rung } from './ladder.js';
import { type NodeHeal, newHeal } from './memory.js';
import { holdOn, isWell, type Pass } from './pass.js';

/** Nodes that a cause let go are looked at again one after another. */
const STAGGER_MS = 60_000;
/**
 * Whoever was cut off doubles the time between two tries up to this: its disk is not there for as long again, and its agent waits
 * for that. Source: Linux, include/net/tcp.h, TCP_RTO_MAX.
 */
const TCP_WAIT_MS_MAX = 120_000;
const TROUBLED_BOOTS: ReadonlySet<string> = new Set<BootTrouble>(BOOT_TROUBLES);

/** `undefined` = it is simply healthy. */
export function advance(pass: Pass, index: number, before: NodeHeal | undefined): NodeHeal | undefined {
  const { desired, nowMs, census } = pass;
  if (desired.repaired.has(index) || !isInService(desired, index)) return undefined;
  if (before === undefined)
    return census.trouble[index] === TROUBLE.none ? undefined : newHeal('suspect', pass.nowMs, pass.policy);
  const heal = { ...before, wellSinceMs: isWell(pass, index) ? (before.wellSinceMs ?? nowMs) : undefined };
  switch (heal.state) {
    case 'acting':
      return afterAction(pass, index, heal);
    case 'verifying':
      return verify(pass, index, heal);
    case 'probation':
      return onProbation(pass, index, heal);
    case 'await-hands':
      return heal;
    case 'suspect':
    case 'diagnosing':
    case 'starting':
    case 'held':
    case 'held-by-cause':
      return reconsider(pass, index, heal);
  }
}

export function inState(heal: NodeHeal, state: HealState, nowMs: number): NodeHeal {
  return heal.state === state ? heal : { ...heal, state, sinceMs: nowMs };
}

/** Well again. Who was acted on is watched for a while; who merely came back is healthy. */
function recovered(pass: Pass, heal: NodeHeal): NodeHeal | undefined {
  if (heal.tried.length === 0) return undefined;
  const isSettled = heal.wellSinceMs !== undefined && pass.nowMs - heal.wellSinceMs >= pass.policy.verifyForMs;
  return isSettled ? inState(heal, 'probation', pass.nowMs) : heal;
}

function reconsider(pass: Pass, index: number, heal: NodeHeal): NodeHeal | undefined {
  const { nowMs, census, attribution, policy, draft } = pass;
  if (heal.wellSinceMs !== undefined) return recovered(pass, heal);
  const cause = attribution.causes.get(index);
  if (cause !== undefined && (cause.isWitnessed || !isCanary(pass, index, cause.name)))
    return { ...inState(heal, 'held-by-cause', nowMs), cause: cause.name };
  if (heal.state === 'held-by-cause') {
    // Its cause may come and go: what it held stays held until the cause has been well for a while.
    if (heal.cause !== undefined && draft.incidents.has(heal.cause) && !isCanary(pass, index, heal.cause)) return heal;
    const cutOffMs = Math.max(0, nowMs - policy.settleMs - heal.troubleSinceMs);
    const waitMs = Math.min(cutOffMs, TCP_WAIT_MS_MAX);
    return { ...heal, state: 'suspect', sinceMs: nowMs + staggerMs(index) + waitMs, cause: undefined };
  }
  if (census.trouble[index] === TROUBLE.none) return heal;
  const workedOnUntilMs = pass.observed.nodes[index]?.workedOnUntilMs;
  // What others did to it counts as an action: nothing from before its end is evidence, and it is given time to come up.
  if (workedOnUntilMs !== undefined && nowMs - workedOnUntilMs < policy.diagnoseMs)
    return { ...inState(heal, 'suspect', nowMs), actionEndedAtMs: workedOnUntilMs };
  if (heal.state === 'suspect' && nowMs - heal.sinceMs < policy.diagnoseMs) return heal;
  return inState(heal, 'diagnosing', nowMs);
}

function isCanary({ draft }: Pass, index: number, cause: string): boolean {
  return draft.incidents.get(cause)?.canaries.includes(index) ?? false;
}

/** Spread evenly by the golden ratio of the index, so that neighbours do not return together. */
function staggerMs(index: number): number {
  return Math.floor(((index * 0.618_033_988_749_895) % 1) * STAGGER_MS);
}

function tried(heal: NodeHeal): NodeHeal['tried'] {
  const { actionRung } = heal;
  return actionRung === undefined || actionRung === 'admit' || heal.tried.includes(actionRung)
    ? heal.tried
    : [...heal.tried, actionRung];
}

function afterAction(pass: Pass, index: number, heal: NodeHeal): NodeHeal {
  const { nowMs, actionById, cancels, desired } = pass;
  const action = heal.actionId === undefined ? undefined : actionById.get(heal.actionId);
  if (action === undefined) return heal;
  if (!isOver(action.state)) {
    const node = desired.map.nodes[index];
    const isUnwanted = heal.wellSinceMs !== undefined || (node !== undefined && holdOn(pass, node) !== undefined);
    if (action.state === 'queued' && isUnwanted) cancels.push(action.id);
    return heal;
  }
  const ended = { ...heal, actionEndedAtMs: action.atMs };
  if (action.state === 'cancelled')
    return inState({ ...heal, actionId: undefined, actionRung: undefined }, 'diagnosing', nowMs);
  if (action.state === 'failed') return inState({ ...ended, tried: tried(heal) }, 'diagnosing', nowMs);
  const hadNothingToDo = (heal.actionRung === 'R3' || heal.actionRung === 'R1') && !action.changed;
  // What changed nothing cannot have helped, nor made anything untrue that was seen before.
  if (hadNothingToDo) return inState({ ...heal, tried: tried(heal) }, 'diagnosing', nowMs);
  const pathRepaired = heal.pathRepaired || heal.actionRung === 'R3';
  return inState({ ...ended, pathRepaired }, 'verifying', nowMs);
}

function verify(pass: Pass, index: number, heal: NodeHeal): NodeHeal | undefined {
  const { nowMs, policy, observed } = pass;
  const endedAtMs = heal.actionEndedAtMs ?? heal.sinceMs;
  if (heal.wellSinceMs !== undefined) {
    if (nowMs - heal.wellSinceMs < policy.verifyForMs) return heal;
    const done = { ...heal, tried: tried(heal) };
    if (done.tried.length > 0) return inState(done, 'probation', nowMs);
    countSuccess(pass, index);
    return undefined;
  }
  const sight = observed.nodes[index];
  const isStuck = sight !== undefined && TROUBLED_BOOTS.has(sight.boot) && sight.bootSinceMs > endedAtMs;
  if (!isStuck && nowMs - endedAtMs < verifyWithinMs(heal.actionRung)) return heal;
  return inState({ ...heal, tried: tried(heal) }, 'diagnosing', nowMs);
}

function verifyWithinMs(rung: Rung | 'admit' | undefined): number {
  return LADDER[rung === undefined || rung === 'admit' ? 'R4' : rung].verifyWithinMs;
}

/** Boot admission may let one more in after as many boots went well as it lets in now. */
function countSuccess({ draft, desired, policy }: Pass, index: number): void {
  const name = desired.map.nodes[index]?.record.fileserver ?? '';
  const state = draft.admission.get(name);
  if (state === undefined || state.bootsLimit >= policy.admission.bootsMax) return;
  const successes = state.successes + 1;
  draft.admission.set(
    name,
    successes >= 4 * state.bootsLimit
      ? { ...state, bootsLimit: state.bootsLimit + 1, successes: 0 }
      : { ...state, successes },
  );
}

function onProbation({ census, nowMs, policy }: Pass, index: number, heal: NodeHeal): NodeHeal | undefined {
  if (census.trouble[index] !== TROUBLE.none) {
    const probationMs = Math.min(2 * heal.probationMs, policy.probationMaxMs);
    return { ...heal, state: 'suspect', sinceMs: nowMs, troubleSinceMs: nowMs, probationMs };
  }
  return nowMs - heal.sinceMs >= heal.probationMs ? undefined : heal;
}
