/** What every port of a switch is for: all that a whole interfaces file is rendered from. Pure. */

/** How VLANs become bridges: one bridge that knows them, or one bridge for each. */
export const BRIDGE_STYLES = ['vlan-aware', 'bridge-per-vlan'] as const;
export type BridgeStyle = (typeof BRIDGE_STYLES)[number];

/** Who runs the spanning tree: nobody, the kernel (which knows no edge ports), or mstpd. */
export const SPANNING_TREES = ['off', 'kernel', 'mstpd'] as const;
export type SpanningTree = (typeof SPANNING_TREES)[number];

export type PortRole =
  /** One Pi: its storage VLAN untagged, the public ones tagged. */
  | { readonly kind: 'pi'; readonly storageVlan: number; readonly publicVlans: readonly number[] }
  /** Anything else that knows no tags. */
  | { readonly kind: 'access'; readonly vlan: number }
  /** Tagged only: a frame without a tag is dropped. */
  | { readonly kind: 'fileserver'; readonly vlans: readonly number[] }
  /** The way out. */
  | { readonly kind: 'uplink'; readonly vlans: readonly number[]; readonly untaggedVlan: number | undefined }
  /** Member of a bond. */
  | { readonly kind: 'member'; readonly bond: string }
  /** Administratively down, in no VLAN. */
  | { readonly kind: 'unused' };

export type PortRoleKind = PortRole['kind'];

export interface PortPlan {
  /** As the kernel calls it, such as "swp7". */
  readonly name: string;
  /** For people, such as the name of the board; may be empty. */
  readonly note: string;
  readonly role: PortRole;
}

/** 802.3ad over the ports that name it as theirs. */
export interface BondPlan {
  readonly name: string;
  readonly note: string;
  readonly role: Extract<PortRole, { readonly kind: 'fileserver' | 'uplink' }>;
}

export type ManagementAddress =
  | { readonly kind: 'dhcp' }
  /** "192.0.2.5/24"; the gateway is empty where there is none. */
  | { readonly kind: 'static'; readonly address: string; readonly gateway: string };

/** The switch's own way to its controller: an interface that is no port of it. */
export interface ManagementPlan {
  readonly name: string;
  readonly address: ManagementAddress;
}

export interface VlanRange {
  readonly from: number;
  readonly to: number;
}

export interface SwitchPlan {
  readonly style: BridgeStyle;
  readonly spanningTree: SpanningTree;
  readonly management: ManagementPlan;
  /** Where storage VLANs are taken from. */
  readonly storageVlans: VlanRange;
  /** Never a storage VLAN: public networks, management, transit. */
  readonly reservedVlans: readonly number[];
  readonly bonds: readonly BondPlan[];
  readonly ports: readonly PortPlan[];
  /** Names of bridges in the style with one per VLAN, by VLAN; others are called br-tagVLAN. */
  readonly bridgeNames: Readonly<Record<string, string>>;
}

export const SWITCH_LIMITS = { ports: 256, bonds: 32, vlansPerPort: 512, noteCharacters: 60, vlan: 4094 } as const;

/** The only bridge of a VLAN-aware switch. */
export const BRIDGE_NAME = 'br0';

export function bridgeOf(plan: SwitchPlan, vlan: number): string {
  return plan.bridgeNames[String(vlan)] ?? `br-tag${vlan}`;
}

/** VLANs in which frames of this role travel, and the one without a tag. */
export interface PortVlans {
  readonly untagged: number | undefined;
  readonly tagged: readonly number[];
}

export function vlansOf(role: PortRole): PortVlans {
  switch (role.kind) {
    case 'pi':
      return { untagged: role.storageVlan, tagged: role.publicVlans };
    case 'access':
      return { untagged: role.vlan, tagged: [] };
    case 'fileserver':
      return { untagged: undefined, tagged: role.vlans };
    case 'uplink':
      return { untagged: role.untaggedVlan, tagged: role.vlans };
    case 'member':
    case 'unused':
      return { untagged: undefined, tagged: [] };
  }
}

export function everyVlanOf(role: PortRole): readonly number[] {
  const { untagged, tagged } = vlansOf(role);
  return untagged === undefined ? tagged : [untagged, ...tagged];
}

/** What can be a member of a bridge: ports that are in no bond, and bonds. */
export interface BridgePort {
  readonly name: string;
  readonly role: PortRole;
}

export function bridgePortsOf(plan: SwitchPlan): readonly BridgePort[] {
  const ports = plan.ports.filter(({ role }) => role.kind !== 'member' && role.kind !== 'unused');
  return [...ports, ...plan.bonds].toSorted((a, b) => comparePortNames(a.name, b.name));
}

export function membersOf(plan: SwitchPlan, bond: string): readonly string[] {
  return plan.ports
    .filter(({ role }) => role.kind === 'member' && role.bond === bond)
    .map(({ name }) => name)
    .toSorted(comparePortNames);
}

/** "swp2" before "swp10". */
export function comparePortNames(a: string, b: string): number {
  const [, aStem = a, aDigits = ''] = /^(.*?)(\d*)$/.exec(a) ?? [];
  const [, bStem = b, bDigits = ''] = /^(.*?)(\d*)$/.exec(b) ?? [];
  if (aStem !== bStem) return aStem < bStem ? -1 : 1;
  return Number(aDigits) - Number(bDigits);
}

/** The plan with everything in its own order: two plans that mean the same are equal. */
export function orderedPlan(plan: SwitchPlan): SwitchPlan {
  const ascending = (vlans: readonly number[]): readonly number[] => [...new Set(vlans)].toSorted((a, b) => a - b);
  const ordered = <Role extends PortRole>(role: Role): Role => {
    if (role.kind === 'pi') return { ...role, publicVlans: ascending(role.publicVlans) };
    if (role.kind === 'fileserver' || role.kind === 'uplink') return { ...role, vlans: ascending(role.vlans) };
    return role;
  };
  const used = new Set(bridgePortsOf(plan).flatMap(({ role }) => everyVlanOf(role)));
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => comparePortNames(a.name, b.name);
  return {
    ...plan,
    reservedVlans: ascending(plan.reservedVlans),
    bonds: plan.bonds.map((bond) => ({ ...bond, role: ordered(bond.role) })).toSorted(byName),
    ports: plan.ports.map((port) => ({ ...port, role: ordered(port.role) })).toSorted(byName),
    bridgeNames: Object.fromEntries(
      Object.entries(plan.bridgeNames)
        .filter(([vlan, name]) => used.has(Number(vlan)) && name !== `br-tag${vlan}`)
        .toSorted(([a], [b]) => Number(a) - Number(b)),
    ),
  };
}
