/** What is known of a change of ports now, out of its orders and of what nodes told. */

import { SWITCH_CHANGE_STATES } from '../../../proto/contract/facts.js';
import { parseSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import { visible } from '../../../proto/contract/visible.js';
import type { PortChange, PortChangePart, PortChangeSight } from '../../domain/switch/port-change.js';
import { type Expected, missingWitnesses, type WitnessNode } from '../../domain/switch/witnesses.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { Store, World } from '../ports.js';

const ANSWERS = 1;

export async function portChangeSight(
  change: PortChange,
  { store, world, nodes }: { readonly store: Store; readonly world: World; readonly nodes: NodeTable },
): Promise<PortChangeSight> {
  const parts = [];
  for (const { nodeId, applied, settled } of change.parts) {
    const entry = nodes.get(nodeId);
    const apply = applied && (await store.reader.command(applied));
    const settle = settled && (await store.reader.command(settled));
    parts.push({
      name: visible(entry?.node.name ?? nodeId, 63),
      applied: apply?.state,
      settled: settle?.state,
      detail: visible(settle?.detail || apply?.detail || '', 300),
      isFrozen: entry?.facts.number('switch_change_state', '') === SWITCH_CHANGE_STATES.frozen,
    });
  }
  const isWatching = change.state === 'watching';
  const witnesses = isWatching ? Array.from(nodes.all(), witnessOf) : [];
  const missing = isWatching ? missingWitnesses(change.parts, change.stateAtMs, witnesses, change.expected) : [];
  return { nowMs: world.clock.nowMs(), parts, missing };
}

function witnessOf({ node, liveness, lastSeenAtMs = 0, facts }: NodeEntry): WitnessNode {
  const { id, name, site, kind, lifecycle } = node;
  return {
    ...{ id, name: visible(name, 63), site, kind, lastSeenAtMs },
    isRevoked: lifecycle === 'revoked',
    isSilent: liveness === 'silent',
    answeringVlans: kind === 'fileserver' ? answeringVlans(facts) : new Set(),
  };
}

/** VLANs by the fileserver's own interfaces, such as eth0.10 or bond0.11. */
function answeringVlans(facts: NodeEntry['facts']): ReadonlySet<number> {
  const answering = facts.instances('vlan_peer_state').filter((at) => facts.number('vlan_peer_state', at) === ANSWERS);
  return new Set(answering.flatMap((at) => /\.(\d{1,4})$/.exec(at)?.[1] ?? []).map(Number));
}

/** VLANs in which fileservers of the switches' sites hear a board, and in which the plans have one too. */
export function expectedOf(
  parts: readonly Pick<PortChangePart, 'site' | 'plan'>[],
  nodes: NodeTable,
): readonly Expected[] {
  const planned = (site: string): ReadonlySet<number> => {
    const plans = parts.filter((part) => part.site === site).map(({ plan }) => parseSwitchPlan(JSON.parse(plan)));
    const roles = plans.flatMap(({ ports }) => ports.map(({ role }) => role));
    return new Set(roles.flatMap((role) => (role.kind === 'pi' ? [role.storageVlan] : [])));
  };
  const sites = new Set<string>(parts.map(({ site }) => site));
  return Array.from(nodes.all()).flatMap(({ node, facts }) => {
    if (node.kind !== 'fileserver' || !sites.has(node.site) || node.lifecycle === 'revoked') return [];
    const wanted = planned(node.site);
    return [{ nodeId: node.id, vlans: [...answeringVlans(facts)].filter((vlan) => wanted.has(vlan)) }];
  });
}
