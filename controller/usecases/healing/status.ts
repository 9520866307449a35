import type { ActionView, HealingStatus } from '../../../proto/contract/api/healing.js';
import { visible } from '../../../proto/contract/visible.js';
import { covers, type Scope } from '../../domain/access/authorise.js';
import type { Hold } from '../../domain/healing/desired.js';
import type { FleetMap } from '../../domain/topology/fleet-map.js';
import type { Healing } from './healing.js';
import type { ActionRecord } from './ports.js';

const NAMES_TOLD = 20;

/** Where healing stands, as far as somebody may see. */
export function statusOf(healing: Healing, scope: Scope): HealingStatus {
  const { map, memory, clock, policies, topologies, remedies, heldBecause, lastPassAtMs } = healing;
  const sees = (index: number): boolean => covers(scope, map.nodes[index]?.record.site ?? '');
  const states: HealingStatus['states'] = {};
  for (const [index, { state }] of memory.nodes) if (sees(index)) states[state] = (states[state] ?? 0) + 1;
  const own = topologies.map().nodes.filter(({ record }) => covers(scope, record.site));
  const { policy, revision } = policies;
  return {
    mode: policy.mode,
    policy: policy.hash,
    policyName: policy.name,
    policyRevision: revision,
    graceMs: healing.graceMs,
    nodesWatched: own.length,
    unlisted: topologies.unlisted
      .filter(({ site }) => covers(scope, site))
      .map(({ name }) => visible(name, 63))
      .slice(0, NAMES_TOLD),
    unenrolled: own
      .filter(({ record }) => topologies.entryOf(record.name) === undefined)
      .map(({ record }) => record.name)
      .slice(0, NAMES_TOLD),
    states,
    causes: causesOf(healing, sees),
    storms:
      scope === 'all'
        ? [...memory.storms].map(([domain, { sinceMs }]) => ({ domain, sinceMs: clock.wallOf(sinceMs) }))
        : [],
    holds: [...holdsSeen(healing, scope)],
    actions: remedies
      .open()
      .filter(({ name }) => sees(map.nodeByName.get(name)?.index ?? -1))
      .map((record) => actionView(remedies.stored(record))),
    ...(heldBecause === undefined ? {} : { heldBecause: visible(heldBecause, 500) }),
    ...(lastPassAtMs === undefined ? {} : { lastPassAtMs }),
  };
}

function causesOf({ causes, memory, clock }: Healing, sees: (index: number) => boolean): HealingStatus['causes'] {
  return causes.flatMap(({ name, verdict }) => {
    const held = [...memory.nodes].filter(([index, { cause }]) => cause === name && sees(index));
    if (held.length === 0) return [];
    const sinceMs = clock.wallOf(memory.incidents.get(name)?.sinceMs ?? clock.nowMs());
    return [{ name, verdict, sinceMs, nodes: held.length }];
  });
}

/** Holds of what somebody may see, and of what spans sites. */
export function holdsSeen({ holds, topologies }: Healing, scope: Scope): readonly Hold[] {
  const map = topologies.map();
  return holds.all().filter((hold) => {
    const site = siteOfThing(map, hold.scope);
    return site === undefined || covers(scope, site);
  });
}

/** Of a node, or of a thing that lies at one site; `undefined` for what spans sites, and for what is nothing. */
export function siteOfThing(map: FleetMap, name: string): string | undefined {
  const node = map.nodeByName.get(name);
  if (node !== undefined) return node.record.site;
  const element = map.elements.find((one) => one.name === name);
  if (element === undefined) return undefined;
  return element.kind === 'site' ? element.name : map.elements[element.site]?.name;
}

function actionView({ id, name, rung, row, state, plannedAtMs, atMs, commandId, detail }: ActionRecord): ActionView {
  const base = { id, node: name, rung, row, state, plannedAtMs, atMs, detail };
  return commandId === '' ? base : { ...base, command: commandId };
}
