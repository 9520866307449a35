/** Guard G4: storms, and how much may be going on at once, in every domain around a node. */

import { type Element, elementName, type MappedNode } from '../topology/fleet-map.js';
import type { Objection } from './explain.js';
import { LADDER, type Rung } from './ladder.js';
import type { Pass } from './pass.js';
import type { HealingPolicy } from './policy.js';

const DAY_MS = 86_400_000;

interface Wanted {
  readonly node: MappedNode;
  readonly rung: Rung | 'admit';
}

function told(
  why: string,
  measured: number,
  limit: number,
  domain: string,
  members: readonly string[] = [],
): Objection {
  return { guard: 'G4', why, measured, limit, domain, members };
}

export function overBudget(pass: Pass, { node, rung }: Wanted): Objection | undefined {
  if (rung === 'admit') return bootsFull(pass, node);
  return stormOver(pass, node) ?? (LADDER[rung].isDisruptive ? disruptionOver(pass, node, rung) : undefined);
}

function stormOver({ stormy, desired }: Pass, node: MappedNode): Objection | undefined {
  if (stormy.size === 0) return undefined;
  for (const index of node.elements) {
    const storm = stormy.get(index);
    const element = desired.map.elements[index];
    if (storm === undefined || element === undefined) continue;
    return told(
      'too much of its surroundings is unhealthy',
      storm.unhealthy,
      storm.limit,
      elementName(element),
      storm.members,
    );
  }
  return undefined;
}

function disruptionOver(pass: Pass, node: MappedNode, rung: Rung): Objection | undefined {
  const { policy, traffic, desired, draft, nowMs } = pass;
  const { budgets } = policy;
  const past = draft.histories.get(node.index)?.disruptedAtMs.filter((atMs) => nowMs - atMs < DAY_MS) ?? [];
  const lastMs = past.at(-1);
  if (lastMs !== undefined && nowMs - lastMs < budgets.nodeApartMs)
    return told('it was acted on a short while ago', nowMs - lastMs, budgets.nodeApartMs, node.record.name);
  const { isDestructive, boots } = LADDER[rung];
  for (const index of node.elements) {
    const element = desired.map.elements[index];
    if (element === undefined) continue;
    const limit = inFlightLimit(policy, element);
    if (limit === undefined) continue;
    const inFlight = traffic.inFlight.get(index) ?? 0;
    if (inFlight >= limit) return told('enough is going on around it', inFlight, limit, elementName(element));
    const destructive = traffic.destructiveInFlight.get(index) ?? 0;
    const quarter = quarterOf(policy, limit);
    if (isDestructive && destructive >= quarter)
      return told('enough is being replaced around it', destructive, quarter, elementName(element));
  }
  const perHour = perHourLimit(policy, desired.map.nodes.length);
  if (draft.startedAtMs.length >= perHour)
    return told('enough was started within the hour', draft.startedAtMs.length, perHour, 'fleet:fleet');
  if (isDestructive && draft.destroyedAtMs.length >= quarterOf(policy, perHour))
    return told(
      'enough was replaced within the hour',
      draft.destroyedAtMs.length,
      quarterOf(policy, perHour),
      'fleet:fleet',
    );
  return boots ? bootsFull(pass, node) : undefined;
}

/** Boards below one fileserver start one after another, a few at a time. */
function bootsFull({ traffic, draft, policy, desired }: Pass, node: MappedNode): Objection | undefined {
  if (node.fileserver < 0) return undefined;
  const name = node.record.fileserver;
  const limit = draft.admission.get(name)?.bootsLimit ?? policy.admission.bootsMax;
  const booting = traffic.booting.get(node.fileserver) ?? 0;
  if (booting < limit) return undefined;
  const element = desired.map.elements[node.fileserver];
  return told('enough boards are starting', booting, limit, element === undefined ? name : elementName(element));
}

/** Nodes under disruptive actions at once; `undefined` = the element has no limit of its own. */
export function inFlightLimit({ budgets }: HealingPolicy, element: Element): number | undefined {
  switch (element.kind) {
    case 'switch':
      return budgets.switchInFlight;
    case 'site':
      return Math.max(budgets.siteInFlightFloor, Math.floor(budgets.siteInFlightRatio * element.members.length));
    case 'fleet':
      return budgets.fleetInFlight;
    default:
      return undefined;
  }
}

export function quarterOf({ budgets }: HealingPolicy, limit: number): number {
  return Math.max(1, Math.floor(budgets.destructiveRatio * limit));
}

export function perHourLimit({ budgets }: HealingPolicy, nodesCount: number): number {
  return Math.max(budgets.fleetPerHourFloor, Math.floor(budgets.fleetPerHourRatio * nodesCount));
}
