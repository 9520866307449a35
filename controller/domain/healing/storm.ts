/** When so much of a domain is unhealthy that the fault is probably ours, nothing new is started there. */

import type { Element } from '../topology/fleet-map.js';
import type { HealState } from './heal-state.js';
import type { Pass } from './pass.js';
import type { StormLimits } from './policy.js';

/** States that count against a domain. Who is held by a known cause, or waits for hands, is explained already. */
const COUNTS: ReadonlySet<HealState> = new Set(['diagnosing', 'held', 'acting', 'verifying', 'probation']);
const DOMAINS: ReadonlySet<Element['kind']> = new Set(['switch', 'fileserver', 'site', 'fleet']);
const MEMBERS_TOLD = 20;

/** The least number of unhealthy nodes that is a storm in a domain of this size. */
export function stormLimit(limits: StormLimits, watched: number): number {
  return watched < limits.smallDomain ? limits.smallCount : Math.floor(limits.ratio * watched) + 1;
}

export function judgeStorms(pass: Pass): void {
  const { draft, desired, census, policy, nowMs, stormy } = pass;
  const unhealthy = new Map<number, number[]>();
  for (const [index, heal] of draft.nodes) {
    if (!COUNTS.has(heal.state) || pass.attribution.causes.has(index)) continue;
    for (const element of desired.map.nodes[index]?.elements ?? []) {
      const kind = desired.map.elements[element]?.kind;
      if (kind === undefined || !DOMAINS.has(kind)) continue;
      const members = unhealthy.get(element);
      if (members === undefined) unhealthy.set(element, [index]);
      else members.push(index);
    }
  }
  for (const [element, members] of unhealthy) {
    const limit = stormLimit(policy.storm, census.watched[element] ?? 0);
    const name = nameOf(pass, element);
    if (members.length < limit) continue;
    const sinceMs = draft.storms.get(name)?.sinceMs ?? nowMs;
    draft.storms.set(name, { sinceMs, aboveAtMs: nowMs });
  }
  for (const [name, { aboveAtMs }] of draft.storms) {
    if (nowMs - aboveAtMs >= policy.storm.coolDownMs) draft.storms.delete(name);
  }
  for (const element of desired.map.elements) {
    if (!DOMAINS.has(element.kind) || !draft.storms.has(nameOf(pass, element.index))) continue;
    const members = unhealthy.get(element.index) ?? [];
    stormy.set(element.index, {
      unhealthy: members.length,
      limit: stormLimit(policy.storm, census.watched[element.index] ?? 0),
      members: members.slice(0, MEMBERS_TOLD).map((index) => desired.map.nodes[index]?.record.name ?? ''),
    });
  }
}

function nameOf({ desired }: Pass, element: number): string {
  const found = desired.map.elements[element];
  return found === undefined ? '' : `${found.kind}:${found.name}`;
}
