import type { NodeId, NodeKind, SiteId } from '../../../proto/contract/ids.js';

/** A node as far as a change of ports is concerned. Times are of the wall clock, ms. */
export interface WitnessNode {
  readonly id: NodeId;
  readonly name: string;
  readonly site: SiteId;
  readonly kind: NodeKind;
  readonly isRevoked: boolean;
  readonly isSilent: boolean;
  /** 0 = never. */
  readonly lastSeenAtMs: number;
  /** Of a fileserver: VLANs in which a board answers it, as it told last. */
  readonly answeringVlans: ReadonlySet<number>;
}

/** VLANs in which a fileserver must hear a board again, because it did before and the plan has one there. */
export interface Expected {
  readonly nodeId: NodeId;
  readonly vlans: readonly number[];
}

const VLANS_NAMED = 5;

/**
 * Who must have spoken since a change and has not: each switch itself, and every fileserver of their sites. They speak to the controller
 * on ways of their own, so that a change which cuts either off is not kept. A fileserver also has to hear the boards behind the
 * switches again.
 */
export function missingWitnesses(
  switches: readonly { readonly nodeId: NodeId; readonly site: SiteId }[],
  changedAtMs: number,
  nodes: readonly WitnessNode[],
  expected: readonly Expected[],
): readonly string[] {
  const sites = new Set(switches.map(({ site }) => site));
  const gone = switches.filter(({ nodeId }) => !nodes.some(({ id, isRevoked }) => id === nodeId && !isRevoked));
  if (gone.length > 0) return gone.map(({ nodeId }) => `${nodeId} is no longer there`);
  const changed = new Set(switches.map(({ nodeId }) => nodeId));
  const needed = nodes.filter(
    ({ id, kind, site, isRevoked }) => changed.has(id) || (kind === 'fileserver' && sites.has(site) && !isRevoked),
  );
  return needed.flatMap(({ id, name, lastSeenAtMs, isSilent, answeringVlans }) => {
    if (isSilent || lastSeenAtMs <= changedAtMs) return [`${name} was not heard from since`];
    const vlans = expected.find(({ nodeId }) => nodeId === id)?.vlans ?? [];
    const deaf = vlans.filter((vlan) => !answeringVlans.has(vlan));
    return deaf.length === 0 ? [] : [`${name} hears nobody in VLAN ${deaf.slice(0, VLANS_NAMED).join(', ')}`];
  });
}
