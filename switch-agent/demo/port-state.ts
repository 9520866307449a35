import type { PiSpec } from '../../agent/demo/pi-spec.js';
import { parseStanzas, type Stanza } from '../../proto/contract/switch/parse-interfaces.js';
import { parseVlans } from '../../proto/contract/switch/ranges.js';
import { POWER_PORTS, portOf, TRUNK_PORT, UPLINK_PORT } from './switch-spec.js';

/** One port as its hardware and its kernel have it at this moment. */
export interface PortState {
  readonly name: string;
  /** Of the site, at the other end of the cable. */
  readonly pi: PiSpec | undefined;
  readonly isAdminUp: boolean;
  readonly isLinkUp: boolean;
  readonly isPowered: boolean;
  /** Something at the other end takes power. */
  readonly isTaken: boolean;
  readonly givesPower: boolean;
  readonly mbps: number;
  readonly alias: string;
  /** In the bridge: VLANs with tags, and the one without. Absent on a port of no bridge. */
  readonly bridged:
    | { readonly tagged: readonly number[]; readonly untagged: number | undefined; readonly isGuarded: boolean }
    | undefined;
}

export interface SwitchWorld {
  readonly pis: readonly PiSpec[];
  /** The interfaces file that was loaded last. */
  readonly loaded: string;
  /** Ports that give no power. */
  readonly unpowered: ReadonlySet<string>;
  /** Names of boards that do not hold their link. */
  readonly linksDown: ReadonlySet<string>;
  /** Names of boards whose plug is out. */
  readonly unplugged: ReadonlySet<string>;
  readonly portNames: readonly string[];
}

/** Every port, from what is loaded, plugged in and powered. */
export function portStates({
  pis,
  loaded,
  unpowered,
  linksDown,
  unplugged,
  portNames,
}: SwitchWorld): readonly PortState[] {
  const stanzas = new Map(parseStanzas(loaded).map((stanza) => [stanza.name, stanza]));
  return portNames.map((name, index) => {
    const pi = index < POWER_PORTS ? pis[index] : undefined;
    const stanza = stanzas.get(name);
    const isAdminUp = stanza !== undefined && optionOf(stanza, 'link-down') !== 'yes';
    const isPowered = !unpowered.has(name);
    const hasPeer =
      name === TRUNK_PORT || name === UPLINK_PORT || (pi?.board.ethernet !== undefined && !linksDown.has(pi.name));
    return {
      ...{ name, pi, isAdminUp, isPowered },
      isTaken: pi !== undefined && isPowered && !unplugged.has(pi.name),
      isLinkUp: isAdminUp && hasPeer && isPowered,
      givesPower: name === portOf(index) && index < POWER_PORTS,
      mbps: pi?.board.ethernet?.mbps ?? (index < POWER_PORTS ? 1_000 : 10_000),
      alias: optionOf(stanza, 'alias') ?? '',
      bridged: bridgedOf(stanza),
    };
  });
}

function bridgedOf(stanza: Stanza | undefined): PortState['bridged'] {
  const access = optionOf(stanza, 'bridge-access');
  const tagged = optionOf(stanza, 'bridge-vids');
  const untagged = access ?? optionOf(stanza, 'bridge-pvid');
  if (tagged === undefined && untagged === undefined) return undefined;
  return {
    tagged: tagged === undefined ? [] : (parseVlans(tagged) ?? []),
    untagged: untagged === undefined ? undefined : Number(untagged),
    isGuarded: optionOf(stanza, 'mstpctl-bpduguard') === 'yes',
  };
}

function optionOf(stanza: Stanza | undefined, option: string): string | undefined {
  return stanza?.options.find(([name]) => name === option)?.[1];
}
