/** What stands where, who powers whom and who boots whom: plain records, as an operator would write them down. */

/** A place behind one uplink. */
export interface SiteRecord {
  readonly name: string;
  readonly uplinkDownBitsPerS: number;
  readonly uplinkUpBitsPerS: number;
}

export interface RackRecord {
  readonly name: string;
  readonly site: string;
}

/** The unit that has to be taken out to touch anything in it: up to 96 boards. */
export interface ShelfRecord {
  readonly name: string;
  readonly rack: string;
}

/** A power supply. Whatever it feeds keeps running while another of its supplies lives. */
export interface PsuRecord {
  readonly name: string;
  readonly rack: string;
  /** What it gives to Power over Ethernet, mW. */
  readonly poeMilliW: number;
}

export interface SwitchRecord {
  readonly name: string;
  readonly rack: string;
  /** Names of its supplies; together they give its PoE budget. */
  readonly psus: readonly string[];
  /** VLAN ids are unique within a domain: what one layer 2 connects. */
  readonly vlanDomain: string;
  readonly ports: readonly PortRecord[];
}

/** `protected` roles are never switched off by healing: they carry others. */
export type PortRole = 'node' | 'fileserver' | 'uplink' | 'unused';

export interface PortRecord {
  readonly port: number;
  /** As its switch calls it, such as swp12: what power commands and facts name. */
  readonly interfaceName: string;
  readonly role: PortRole;
  /** Whoever marked it so wants it left alone, whatever its role. */
  readonly isProtected: boolean;
  /** A switch that runs out of power sheds the highest number first; among equals, the highest port. */
  readonly priority: number;
  /** What its class reserves, mW: plans count on this, not on what it draws today. */
  readonly allocatedMilliW: number;
  /** Ports of one group stand in for one another: never two of them off at once. Empty = none. */
  readonly redundancyGroup: string;
}

export interface FileserverRecord {
  readonly name: string;
  readonly rack: string;
  readonly psus: readonly string[];
  /** The switch that connects it to its Pis. */
  readonly switch: string;
}

/** `other`: a board that nobody has told about; nothing is promised of it. */
export const PI_MODELS = ['b', 'b+', '2b', '3b', '3b+', '4b', '5', 'zero-w', 'zero-2w', 'other'] as const;
export type PiModel = (typeof PI_MODELS)[number];

/** Hardware: what is swapped when a node moves. */
export interface BoardRecord {
  readonly serial: string;
  readonly model: PiModel;
  readonly firmware: string;
}

/** Where a board is plugged in. */
export interface PlugRecord {
  readonly switch: string;
  readonly port: number;
}

/** A logical node: keeps its name, addresses and root while boards come and go. */
export interface NodeRecord {
  readonly name: string;
  readonly site: string;
  /** Empty = on nobody's shelf, as at a donor's home. */
  readonly shelf: string;
  /** `undefined` = no switch of ours powers it. */
  readonly plug: PlugRecord | undefined;
  /** Empty = it boots from its own card. */
  readonly fileserver: string;
  readonly board: BoardRecord;
  /** Release of its root; empty = not told. */
  readonly image: string;
}

/** A board that waits to take over a node's place; powered off. */
export interface SpareRecord {
  readonly board: BoardRecord;
  readonly site: string;
  readonly fileserver: string;
  readonly plug: PlugRecord;
}

/** Where the numbers of ports and nodes come from: see pool.ts for what each kind hands out. */
export type PoolRecord =
  /** VLAN ids first..last of one layer 2 domain, but for the reserved ones. */
  | {
      readonly kind: 'vlan';
      readonly domain: string;
      readonly first: number;
      readonly last: number;
      readonly reserved: readonly number[];
    }
  /** Blocks of four for the Pis of one fileserver, such as 10.46.188.0/23. */
  | { readonly kind: 'storage'; readonly fileserver: string; readonly prefix: string }
  /** Host addresses within the /64 that the nodes of a site share. */
  | { readonly kind: 'public6'; readonly site: string; readonly prefix: string; readonly count: number }
  /** A /64 for each node of a site. */
  | { readonly kind: 'routed6'; readonly site: string; readonly prefix: string };

export interface Topology {
  readonly sites: readonly SiteRecord[];
  readonly racks: readonly RackRecord[];
  readonly shelves: readonly ShelfRecord[];
  readonly psus: readonly PsuRecord[];
  readonly switches: readonly SwitchRecord[];
  readonly fileservers: readonly FileserverRecord[];
  readonly nodes: readonly NodeRecord[];
  readonly spares: readonly SpareRecord[];
  readonly pools: readonly PoolRecord[];
}
