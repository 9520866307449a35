import fc from 'fast-check';
import {
  type BondPlan,
  type PortPlan,
  type PortRole,
  SPANNING_TREES,
  type SwitchPlan,
} from '../../proto/contract/switch/plan.js';

/** Plans that pass the preflight, of every kind that it lets pass: for property tests. */
export const goodPlan: fc.Arbitrary<SwitchPlan> = fc
  .record({
    style: fc.constantFrom('vlan-aware' as const, 'bridge-per-vlan' as const),
    spanningTree: fc.constantFrom(...SPANNING_TREES),
    pis: fc.array(fc.record({ vlan: fc.integer({ min: 10, max: 120 }), publics: publics(), note: note() }), {
      maxLength: 24,
    }),
    access: fc.array(fc.integer({ min: 200, max: 209 }), { maxLength: 3 }),
    unused: fc.integer({ min: 0, max: 4 }),
    bonded: fc.boolean(),
    uplink: fc.record({ vlans: publics(), untaggedVlan: fc.option(fc.constant(250), { nil: undefined }) }),
    address: fc.constantFrom(
      { kind: 'dhcp' as const },
      { kind: 'static' as const, address: '192.0.2.5/24', gateway: '192.0.2.1' },
      { kind: 'static' as const, address: '2001:db8::5/64', gateway: '' },
    ),
  })
  .map((parts) => build(parts));

function publics(): fc.Arbitrary<readonly number[]> {
  return fc.uniqueArray(fc.constantFrom(131, 132, 133, 135), { maxLength: 4 });
}

function note(): fc.Arbitrary<string> {
  return fc.constantFrom('', 'node-a', 'the (blue) one, left', 'x');
}

interface Parts {
  readonly style: SwitchPlan['style'];
  readonly spanningTree: SwitchPlan['spanningTree'];
  readonly pis: readonly { readonly vlan: number; readonly publics: readonly number[]; readonly note: string }[];
  readonly access: readonly number[];
  readonly unused: number;
  readonly bonded: boolean;
  readonly uplink: { readonly vlans: readonly number[]; readonly untaggedVlan: number | undefined };
  readonly address: SwitchPlan['management']['address'];
}

function build(parts: Parts): SwitchPlan {
  const roles: { readonly role: PortRole; readonly note: string }[] = [];
  const used = new Set<number>();
  for (const { vlan, publics: publicVlans, note: words } of parts.pis) {
    if (used.has(vlan)) continue;
    used.add(vlan);
    roles.push({ role: { kind: 'pi', storageVlan: vlan, publicVlans }, note: words });
  }
  const isSlowToForward = parts.spanningTree === 'kernel' && used.size > 0;
  for (const vlan of parts.access) roles.push({ role: { kind: 'access', vlan }, note: '' });
  for (let count = 0; count < parts.unused; count++) roles.push({ role: { kind: 'unused' }, note: '' });
  const trunk = { kind: 'fileserver' as const, vlans: [...used] };
  const bonds: BondPlan[] = parts.bonded ? [{ name: 'bond1', note: 'fs', role: trunk }] : [];
  if (parts.bonded) {
    roles.push(
      { role: { kind: 'member', bond: 'bond1' }, note: '' },
      { role: { kind: 'member', bond: 'bond1' }, note: '' },
    );
  } else roles.push({ role: trunk, note: 'fs' });
  roles.push({ role: { kind: 'uplink', ...parts.uplink }, note: '' });
  const ports: PortPlan[] = roles.map((each, at) => ({ name: `swp${at + 1}`, ...each }));
  return {
    style: parts.style,
    spanningTree: isSlowToForward ? 'mstpd' : parts.spanningTree,
    management: { name: 'eth0', address: parts.address },
    storageVlans: { from: 10, to: 120 },
    reservedVlans: [131, 2544],
    bonds,
    ports,
    bridgeNames: parts.style === 'bridge-per-vlan' && parts.unused > 2 ? { 131: 'brpublic' } : {},
  };
}
