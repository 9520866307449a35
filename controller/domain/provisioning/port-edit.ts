/** Ports of a switch as they are after a step: edits of its whole plan. */

import type { BondPlan, PortPlan, PortRole, SwitchPlan } from '../../../proto/contract/switch/plan.js';

const UNUSED: PortRole = { kind: 'unused' };

/** A port becomes one board's: its VLAN without a tag, and the fileserver sees it. */
export function withPiPort(plan: SwitchPlan, name: string, vlan: number, note: string): SwitchPlan {
  const was = roleOf(plan, name);
  const role: PortRole = { kind: 'pi', storageVlan: vlan, publicVlans: was?.kind === 'pi' ? was.publicVlans : [] };
  return served({ ...plan, ports: withRole(plan.ports, name, role, note) }, vlan);
}

/** Nothing is to be reached there any more, and its VLAN ends. */
export function withUnusedPort(plan: SwitchPlan, name: string): SwitchPlan {
  const role = roleOf(plan, name);
  const closed = { ...plan, ports: withRole(plan.ports, name, UNUSED, '') };
  return role?.kind === 'pi' ? withoutVlan(closed, role.storageVlan) : closed;
}

/** What one port was for is what the other is for; `undefined` when the first is no board's. */
export function withPortMoved(plan: SwitchPlan, from: string, to: string): SwitchPlan | undefined {
  const port = plan.ports.find(({ name }) => name === from);
  const spare = roleOf(plan, to);
  if (port?.role.kind !== 'pi' || spare === undefined) return undefined;
  // The VLAN that the spare's port had ends with it: nobody is on it any more.
  const freed = spare.kind === 'pi' ? withoutVlan(plan, spare.storageVlan) : plan;
  return { ...freed, ports: withRole(withRole(freed.ports, from, UNUSED, ''), to, port.role, port.note) };
}

function roleOf({ ports }: SwitchPlan, name: string): PortRole | undefined {
  return ports.find((port) => port.name === name)?.role;
}

function withRole(ports: readonly PortPlan[], name: string, role: PortRole, note: string): readonly PortPlan[] {
  return ports.map((port) => (port.name === name ? { ...port, role, note } : port));
}

type Trunk = Extract<PortRole, { readonly kind: 'fileserver' }>;

/** Where there is one fileserver it is the one; of several a person has to say which. */
function served(plan: SwitchPlan, vlan: number): SwitchPlan {
  const trunks = [...plan.ports, ...plan.bonds].filter(({ role }) => role.kind === 'fileserver');
  const isServed = trunks.some(({ role }) => role.kind === 'fileserver' && role.vlans.includes(vlan));
  if (trunks.length !== 1 || isServed) return plan;
  return eachTrunk(plan, (role) => ({ ...role, vlans: [...role.vlans, vlan] }));
}

function withoutVlan(plan: SwitchPlan, vlan: number): SwitchPlan {
  return eachTrunk(plan, (role) => ({ ...role, vlans: role.vlans.filter((each) => each !== vlan) }));
}

function eachTrunk(plan: SwitchPlan, change: (role: Trunk) => Trunk): SwitchPlan {
  const ports = plan.ports.map((port) =>
    port.role.kind === 'fileserver' ? { ...port, role: change(port.role) } : port,
  );
  const bonds = plan.bonds.map(
    (bond): BondPlan => (bond.role.kind === 'fileserver' ? { ...bond, role: change(bond.role) } : bond),
  );
  return { ...plan, ports, bonds };
}
