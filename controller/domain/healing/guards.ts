/** What must be true before anything is done to a node. All of them must pass, in this order; the first that does not is told. */

import type { MappedNode } from '../topology/fleet-map.js';
import { membersOf } from './attribution.js';
import { overBudget } from './budget.js';
import { isSuspectChange } from './change.js';
import type { GuardId, Objection } from './explain.js';
import { LADDER, type Rung } from './ladder.js';
import { holdOn, type Pass } from './pass.js';

export interface Candidate {
  readonly node: MappedNode;
  /** `admit`: boot admission; the guards of the ladder's budgets are not its. */
  readonly rung: Rung | 'admit';
}

type Guard = (pass: Pass, candidate: Candidate) => Objection | undefined;

/** In the order in which they are asked: what is cheapest to know and gravest to overlook comes first. */
const GUARDS: readonly (readonly [GuardId, Guard])[] = [
  ['G6', singleFlight],
  ['G5', holds],
  ['G1', observers],
  ['G2', causeIsTheNode],
  ['G8', changeFirst],
  ['G3', raid],
  ['G7', power],
  ['G4', overBudget],
];

export interface Judgement {
  readonly objection: Objection | undefined;
  readonly passed: readonly GuardId[];
}

export function judge(pass: Pass, candidate: Candidate): Judgement {
  const passed: GuardId[] = [];
  for (const [id, guard] of GUARDS) {
    const objection = guard(pass, candidate);
    if (objection !== undefined) return { objection, passed };
    passed.push(id);
  }
  return { objection: undefined, passed };
}

function objection(
  guard: GuardId,
  why: string,
  measured: Objection['measured'],
  limit: Objection['limit'],
  domain: string,
  members: readonly string[] = [],
): Objection {
  return { guard, why, measured, limit, domain, members };
}

function singleFlight({ traffic }: Pass, { node }: Candidate): Objection | undefined {
  const open = traffic.open.get(node.index);
  if (open === undefined) return undefined;
  return objection('G6', 'an action is under way', `${open.id} ${open.state}`, 'none', node.record.name);
}

function holds(pass: Pass, { node }: Candidate): Objection | undefined {
  const { isRestored } = pass.observed.controller;
  if (isRestored) return objection('G5', 'the database was restored', 'not promoted', 'promoted', 'fleet');
  const hold = holdOn(pass, node);
  if (hold === undefined) return undefined;
  return objection('G5', `${hold.kind} by ${hold.owner}: ${hold.reason}`, hold.id, 'none', hold.scope);
}

function observers(pass: Pass, { node }: Candidate): Objection | undefined {
  const { observed, policy, nowMs } = pass;
  const { graceUntilMs, loopLagMs } = observed.controller;
  if (nowMs < graceUntilMs)
    return objection('G1', 'the controller has not listened for long enough', 'grace', 'over', 'fleet');
  if (loopLagMs >= policy.loopLagMaxMs)
    return objection('G1', 'the controller lags', loopLagMs, policy.loopLagMaxMs, 'fleet');
  const { site, fileserver, plug } = node.record;
  const sight = observed.sites.get(site);
  if (sight !== undefined && sight.completeRatio < policy.observersCompleteRatio)
    return objection('G1', 'reports of its site are missing', sight.completeRatio, policy.observersCompleteRatio, site);
  const server = observed.fileservers.get(fileserver)?.agent ?? 'unobserved';
  if (fileserver !== '' && server !== 'fresh')
    return objection('G1', 'its fileserver does not report', server, 'fresh', fileserver);
  const own = plug === undefined ? 'fresh' : (observed.switches.get(plug.switch)?.agent ?? 'unobserved');
  if (own === 'fresh') return undefined;
  return objection('G1', 'its switch does not report', own, 'fresh', plug?.switch ?? '');
}

/** A shared cause stands in the way, unless the node is its probe. */
function causeIsTheNode({ attribution }: Pass, { node }: Candidate): Objection | undefined {
  const cause = attribution.causes.get(node.index);
  if (cause === undefined || !cause.isWitnessed) return undefined;
  return objection('G2', cause.verdict, cause.name, 'the node itself', cause.name);
}

function changeFirst(pass: Pass, { node }: Candidate): Objection | undefined {
  const { observed, desired, policy, nowMs, draft } = pass;
  for (const change of observed.changes) {
    const sinceMs = draft.nodes.get(node.index)?.troubleSinceMs ?? nowMs;
    if (!isSuspectChange(observed, policy, change, sinceMs, nowMs)) continue;
    if (!membersOf(desired.map, change.domain).includes(node.index)) continue;
    return objection('G8', `${change.what} was changed just now`, change.id, 'taken back or 15 min old', change.domain);
  }
  return undefined;
}

/** Roots are neither made nor moved while an array has no redundancy to spare. */
function raid({ observed }: Pass, { node, rung }: Candidate): Objection | undefined {
  if (rung === 'admit' || !LADDER[rung].isDestructive) return undefined;
  const arrays = observed.fileservers.get(node.record.fileserver)?.arrays;
  if (arrays === undefined || arrays === 'clean') return undefined;
  return objection('G3', 'an array of its fileserver is not clean', arrays, 'clean', node.record.fileserver);
}

function power(pass: Pass, { node, rung }: Candidate): Objection | undefined {
  const isCut = rung === 'admit' || LADDER[rung].needs.includes('power');
  const { port, record } = node;
  if (!isCut || record.plug === undefined) return undefined;
  if (port === undefined || port.role !== 'node' || port.isProtected)
    return objection('G7', 'its port is protected', port?.role ?? 'unknown', 'node', record.plug.switch);
  const { switch: name } = record.plug;
  const sight = pass.observed.switches.get(name);
  const lost = sight?.psusLost ?? [];
  if (lost.length > 0 || sight?.power !== undefined) {
    const budget = headroom(pass, node, name, lost);
    if (budget.wantedMilliW > budget.leftMilliW)
      return objection(
        'G7',
        'its switch has too little power left',
        budget.wantedMilliW,
        budget.leftMilliW,
        name,
        lost,
      );
  }
  return port.redundancyGroup === '' ? undefined : redundancy(pass, node);
}

/** By what the switch measures where it does; else by what its supplies and ports were written down with. */
function headroom({ desired, observed }: Pass, node: MappedNode, name: string, lost: readonly string[]) {
  const measured = observed.switches.get(name)?.power;
  if (measured !== undefined) {
    const has = observed.nodes[node.index]?.power;
    // Its share is counted already while it has power; a cut gives back what it takes again.
    const more = has === 'off' || has === 'shed' || has === 'fault' ? (node.port?.allocatedMilliW ?? 0) : 0;
    return { wantedMilliW: measured.allocatedMilliW + more, leftMilliW: measured.budgetMilliW };
  }
  const { topology } = desired.map;
  const record = topology.switches.find((one) => one.name === name);
  const leftMilliW = topology.psus
    .filter((psu) => record?.psus.includes(psu.name) && !lost.includes(psu.name))
    .reduce((sum, { poeMilliW }) => sum + poeMilliW, 0);
  const wantedMilliW = desired.map.nodes
    .filter(({ record: one }) => one.plug?.switch === name)
    .reduce((sum, { port }) => sum + (port?.allocatedMilliW ?? 0), 0);
  return { wantedMilliW, leftMilliW };
}

function redundancy({ desired, traffic }: Pass, node: MappedNode): Objection | undefined {
  const group = node.port?.redundancyGroup;
  for (const index of traffic.open.keys()) {
    const other = desired.map.nodes[index];
    if (other !== undefined && index !== node.index && other.port?.redundancyGroup === group)
      return objection('G7', 'its twin is being acted on', other.record.name, 'both on', group ?? '');
  }
  return undefined;
}

/** Told when evidence fits no row: not knowing is no reason to act. */
export function noVerdict({ node }: Candidate, evidence: string): Objection {
  return objection('G2', 'the evidence fits no known trouble', evidence, 'a row of the table', node.record.name);
}

/** Told when what is known is older than the last thing that was done. */
export function staleFacts(node: MappedNode, ageMs: number): Objection {
  return objection('G9', 'nothing newer than the last action is known', Math.round(ageMs), 'newer', node.record.name);
}
