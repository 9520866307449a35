import {
  type BondPlan,
  BRIDGE_NAME,
  bridgeOf,
  bridgePortsOf,
  everyVlanOf,
  type ManagementPlan,
  membersOf,
  orderedPlan,
  type PortPlan,
  type PortRole,
  type SwitchPlan,
  vlansOf,
} from './plan.js';
import { renderPorts, renderVlans } from './ranges.js';

/** Whoever edits it by hand shall know that it will be replaced; also how our own file is told from another. */
export const FILE_MARK = '# Written by Bramble from the plan of this switch; changes by hand are told as drift.';

/** A file that was cut between two interfaces would otherwise be the whole file of a smaller switch. */
const FILE_END = '\n# end\n';

/**
 * A whole interfaces file for ifupdown2. The plan has been checked: everything in it is a word of a known form.
 * What the plan knows and no option of ifupdown2 says (roles, notes, ranges) is in aliases and in the head of the file.
 * Source: interfaces(5) and ifupdown-addons-interfaces(5) of ifupdown2 3.0.0.
 */
export function renderInterfaces(unordered: SwitchPlan): string {
  const plan = orderedPlan(unordered);
  const stanzas = [
    'auto lo\niface lo inet loopback\n',
    renderManagement(plan.management),
    ...plan.ports.map((port) => renderPort(plan, port)),
    ...plan.bonds.map((bond) => renderBond(plan, bond)),
    ...(plan.style === 'vlan-aware' ? renderAwareBridge(plan) : renderBridges(plan)),
  ];
  return `${renderHead(plan)}\n${stanzas.join('\n')}${FILE_END}`;
}

function renderHead({ style, spanningTree, storageVlans, reservedVlans }: SwitchPlan): string {
  return [
    FILE_MARK,
    `# style ${style}`,
    `# spanning-tree ${spanningTree}`,
    `# storage-vlans ${storageVlans.from}-${storageVlans.to}`,
    `# reserved-vlans ${renderVlans(reservedVlans)}`.trimEnd(),
    '',
  ].join('\n');
}

/** Options of a stanza, without those that say nothing. */
type Options = readonly (readonly [name: string, value: string] | undefined)[];

function renderStanza(name: string, options: Options, family = ''): string {
  const lines = options.flatMap((option) => (option === undefined ? [] : [`    ${option[0]} ${option[1]}`]));
  return `${[`auto ${name}`, `iface ${name}${family}`, ...lines].join('\n')}\n`;
}

function renderManagement({ name, address }: ManagementPlan): string {
  if (address.kind === 'dhcp') return renderStanza(name, [['alias', 'management']], ' inet dhcp');
  const gateway = address.gateway === '' ? undefined : (['gateway', address.gateway] as const);
  return renderStanza(name, [['alias', 'management'], ['address', address.address], gateway]);
}

function aliasOf(role: PortRole, note: string): readonly [string, string] {
  const word = role.kind === 'member' ? `member of ${role.bond}` : role.kind;
  return ['alias', note === '' ? word : `${word}: ${note}`];
}

function renderPort(plan: SwitchPlan, { name, note, role }: PortPlan): string {
  const alias = aliasOf(role, note);
  if (role.kind === 'unused') return renderStanza(name, [alias, ['link-down', 'yes']]);
  if (role.kind === 'member') return renderStanza(name, [alias]);
  return renderStanza(name, [alias, ...vlanOptions(plan, role), ...edgeOptions(plan, role)]);
}

function renderBond(plan: SwitchPlan, { name, note, role }: BondPlan): string {
  return renderStanza(name, [
    aliasOf(role, note),
    ['bond-slaves', renderPorts(membersOf(plan, name))],
    ['bond-mode', '802.3ad'],
    ['bond-miimon', '100'],
    ['bond-use-carrier', '1'],
    ['bond-lacp-rate', '1'],
    ['bond-min-links', '1'],
    ['bond-xmit-hash-policy', 'layer3+4'],
    ...vlanOptions(plan, role),
  ]);
}

/** Which VLANs a port of the VLAN-aware bridge is in. In the other style the bridges say it. */
function vlanOptions(plan: SwitchPlan, role: PortRole): Options {
  if (plan.style !== 'vlan-aware') return [];
  const { untagged, tagged } = vlansOf(role);
  const vids = tagged.length === 0 ? undefined : (['bridge-vids', renderVlans(tagged)] as const);
  if (untagged === undefined) return [vids, ['bridge-allow-untagged', 'no']];
  return tagged.length === 0 ? [['bridge-access', String(untagged)]] : [['bridge-pvid', String(untagged)], vids];
}

/** A Pi's port forwards at once, and one that speaks spanning tree is shut: a board is no switch. Source: mstpctl(8). */
function edgeOptions({ spanningTree }: SwitchPlan, role: PortRole): Options {
  if (spanningTree !== 'mstpd' || (role.kind !== 'pi' && role.kind !== 'access')) return [];
  return [
    ['mstpctl-portadminedge', 'yes'],
    ['mstpctl-bpduguard', 'yes'],
  ];
}

/** None where no port is used: ifupdown2 takes no bridge without ports, and a blank switch is a good start. */
function renderAwareBridge(plan: SwitchPlan): readonly string[] {
  const ports = bridgePortsOf(plan);
  if (ports.length === 0) return [];
  const vlans = new Set(ports.flatMap(({ role }) => everyVlanOf(role)));
  const bridge = renderStanza(BRIDGE_NAME, [
    ['bridge-ports', renderPorts(ports.map(({ name }) => name))],
    ['bridge-vlan-aware', 'yes'],
    vlans.size === 0 ? undefined : ['bridge-vids', renderVlans([...vlans])],
    ...bridgeOptions(plan),
  ]);
  return [bridge];
}

function renderBridges(plan: SwitchPlan): readonly string[] {
  const ports = bridgePortsOf(plan);
  const vlans = [...new Set(ports.flatMap(({ role }) => everyVlanOf(role)))].toSorted((a, b) => a - b);
  return vlans.map((vlan) => {
    const members = ports.flatMap(({ name, role }) => {
      const { untagged, tagged } = vlansOf(role);
      if (untagged === vlan) return [name];
      return tagged.includes(vlan) ? [`${name}.${vlan}`] : [];
    });
    return renderStanza(bridgeOf(plan, vlan), [
      ['alias', `vlan ${vlan}`],
      ['bridge-ports', renderPorts(members)],
      ...bridgeOptions(plan),
    ]);
  });
}

function bridgeOptions({ spanningTree }: SwitchPlan): Options {
  return [
    ['bridge-stp', spanningTree === 'off' ? 'off' : 'on'],
    ['bridge-mcsnoop', 'no'],
  ];
}
