import { BrambleError } from '../errors.js';
import {
  type BondPlan,
  BRIDGE_STYLES,
  type ManagementPlan,
  type PortPlan,
  type PortRole,
  SPANNING_TREES,
  type SwitchPlan,
  type VlanRange,
} from './plan.js';
import { parsePorts, parseVlans } from './ranges.js';
import { FILE_MARK, renderInterfaces } from './render-interfaces.js';

/** One interface of a file: its options by name, in their order. */
export interface Stanza {
  readonly name: string;
  /** "inet dhcp", or empty. */
  readonly family: string;
  readonly options: readonly (readonly [name: string, value: string])[];
}

/**
 * The stanzas of any interfaces file, ours or not; two of one interface become one. Source: interfaces(5).
 * @throws BrambleError `data-loss` for an option outside of a stanza
 */
export function parseStanzas(text: string): readonly Stanza[] {
  const stanzas = new Map<string, Stanza>();
  let open: string | undefined;
  for (const raw of text.replaceAll('\\\n', ' ').split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [keyword = '', ...rest] = line.split(/\s+/);
    if (keyword === 'iface') {
      const [name = '', ...family] = rest;
      const before = stanzas.get(name);
      stanzas.set(name, { name, family: family.join(' '), options: before?.options ?? [] });
      open = name;
    } else if (keyword === 'auto' || keyword.startsWith('allow-') || keyword === 'source') open = undefined;
    else {
      const stanza = open === undefined ? undefined : stanzas.get(open);
      if (stanza === undefined)
        throw strange(`an option outside of any interface: ${JSON.stringify(line.slice(0, 60))}`);
      stanzas.set(stanza.name, { ...stanza, options: [...stanza.options, [keyword, rest.join(' ')]] });
    }
  }
  return [...stanzas.values()];
}

/**
 * The plan that a file of ours was rendered from.
 * @throws BrambleError `data-loss` for a file that is not ours, was cut, or was changed by hand in any way
 */
export function parseInterfaces(text: string): SwitchPlan {
  const plan = readInterfaces(text);
  if (renderInterfaces(plan) === text) return plan;
  throw strange('it was cut, or changed by hand');
}

function readInterfaces(text: string): SwitchPlan {
  if (!text.startsWith(FILE_MARK)) throw strange('it is not a file of ours');
  const stanzas = parseStanzas(text);
  const head = readHead(text);
  const style = oneOf(BRIDGE_STYLES, head('style'));
  const bridges = stanzas.filter((stanza) => option(stanza, 'bridge-ports') !== undefined);
  const membership = style === 'vlan-aware' ? awareMembership(stanzas) : bridgeMembership(bridges);
  const bonds: BondPlan[] = [];
  const ports: PortPlan[] = [];
  let management: ManagementPlan | undefined;
  for (const stanza of stanzas) {
    if (stanza.name === 'lo' || bridges.includes(stanza)) continue;
    const { word, note } = readAlias(stanza);
    if (word === 'management') management = readManagement(stanza);
    else if (option(stanza, 'bond-slaves') !== undefined) bonds.push(readBond(stanza.name, note, word, membership));
    else ports.push({ name: stanza.name, note, role: roleOf(word, membership(stanza.name)) });
  }
  if (management === undefined) throw strange('it names no management interface');
  return {
    style,
    spanningTree: oneOf(SPANNING_TREES, head('spanning-tree')),
    management,
    storageVlans: readRange(head('storage-vlans')),
    reservedVlans: vlansIn(head('reserved-vlans')),
    bonds,
    ports,
    bridgeNames: style === 'vlan-aware' ? {} : bridgeNames(bridges),
  };
}

interface Membership {
  readonly untagged: number | undefined;
  readonly tagged: readonly number[];
}
type MembershipOf = (name: string) => Membership;

function awareMembership(stanzas: readonly Stanza[]): MembershipOf {
  const byName = new Map(stanzas.map((stanza) => [stanza.name, stanza]));
  return (name) => {
    const stanza = byName.get(name);
    const untagged = option(stanza, 'bridge-access') ?? option(stanza, 'bridge-pvid');
    return {
      untagged: untagged === undefined ? undefined : Number(untagged),
      tagged: vlansIn(option(stanza, 'bridge-vids') ?? ''),
    };
  };
}

function bridgeMembership(bridges: readonly Stanza[]): MembershipOf {
  const untagged = new Map<string, number>();
  const tagged = new Map<string, number[]>();
  for (const bridge of bridges) {
    const vlan = vlanOf(bridge);
    for (const member of parsePorts(option(bridge, 'bridge-ports') ?? '') ?? []) {
      const [port = '', tag] = member.split('.');
      if (tag === undefined) untagged.set(port, vlan);
      else tagged.set(port, [...(tagged.get(port) ?? []), vlan]);
    }
  }
  return (name) => ({ untagged: untagged.get(name), tagged: tagged.get(name) ?? [] });
}

function bridgeNames(bridges: readonly Stanza[]): Readonly<Record<string, string>> {
  const named = bridges.filter((bridge) => bridge.name !== `br-tag${vlanOf(bridge)}`);
  return Object.fromEntries(named.map((bridge) => [String(vlanOf(bridge)), bridge.name]));
}

function vlanOf(bridge: Stanza): number {
  const vlan = /^vlan (\d{1,4})$/.exec(option(bridge, 'alias') ?? '')?.[1];
  if (vlan === undefined) throw strange(`bridge ${bridge.name} does not say its VLAN`);
  return Number(vlan);
}

function roleOf(word: string, { untagged, tagged }: Membership): PortRole {
  const bond = /^member of (\S+)$/.exec(word)?.[1];
  if (bond !== undefined) return { kind: 'member', bond };
  if (word === 'unused') return { kind: 'unused' };
  if (word === 'fileserver' && untagged === undefined) return { kind: 'fileserver', vlans: tagged };
  if (word === 'uplink') return { kind: 'uplink', vlans: tagged, untaggedVlan: untagged };
  if (untagged !== undefined && word === 'pi') return { kind: 'pi', storageVlan: untagged, publicVlans: tagged };
  if (untagged !== undefined && word === 'access' && tagged.length === 0) return { kind: 'access', vlan: untagged };
  throw strange(`a port that is called ${JSON.stringify(word.slice(0, 40))} and is something else`);
}

function readBond(name: string, note: string, word: string, membership: MembershipOf): BondPlan {
  const role = roleOf(word, membership(name));
  if (role.kind === 'fileserver' || role.kind === 'uplink') return { name, note, role };
  throw strange(`bond ${name} is neither a trunk nor an uplink`);
}

function readManagement(stanza: Stanza): ManagementPlan {
  const { name, family } = stanza;
  if (family === 'inet dhcp') return { name, address: { kind: 'dhcp' } };
  const address = option(stanza, 'address');
  if (address === undefined) throw strange('the management interface has no address');
  return { name, address: { kind: 'static', address, gateway: option(stanza, 'gateway') ?? '' } };
}

function readAlias(stanza: Stanza): { readonly word: string; readonly note: string } {
  const alias = option(stanza, 'alias') ?? '';
  const at = alias.indexOf(': ');
  return at < 0 ? { word: alias, note: '' } : { word: alias.slice(0, at), note: alias.slice(at + 2) };
}

function readHead(text: string): (name: string) => string {
  const lines = text.split('\n').filter((line) => line.startsWith('# '));
  return (name) => {
    const line = lines.find((each) => each === `# ${name}` || each.startsWith(`# ${name} `));
    if (line === undefined) throw strange(`its head does not say ${name}`);
    return line.slice(name.length + 2).trim();
  };
}

function readRange(text: string): VlanRange {
  const match = /^(\d{1,4})-(\d{1,4})$/.exec(text);
  if (match === null) throw strange('its head has no range of storage VLANs');
  return { from: Number(match[1]), to: Number(match[2]) };
}

function vlansIn(text: string): readonly number[] {
  const vlans = parseVlans(text);
  if (vlans === undefined) throw strange(`not a list of VLANs: ${JSON.stringify(text.slice(0, 60))}`);
  return vlans;
}

function oneOf<Word extends string>(words: readonly Word[], text: string): Word {
  const word = words.find((each) => each === text);
  if (word === undefined) throw strange(`not one of ${words.join(', ')}: ${JSON.stringify(text.slice(0, 40))}`);
  return word;
}

function option(stanza: Stanza | undefined, name: string): string | undefined {
  return stanza?.options.find(([each]) => each === name)?.[1];
}

function strange(why: string): BrambleError {
  return new BrambleError('data-loss', `interfaces file: ${why}`);
}
