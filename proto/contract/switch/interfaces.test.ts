import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goodPlan } from '../../../test/contract/random-plan.js';
import { parseInterfaces, parseStanzas } from './parse-interfaces.js';
import { parseSwitchPlan, renderSwitchPlan } from './parse-plan.js';
import { bridgePortsOf, everyVlanOf, orderedPlan, type SwitchPlan } from './plan.js';
import { blockingFindings, preflight } from './preflight.js';
import { parsePorts, parseVlans, renderPorts, renderVlans } from './ranges.js';
import { FILE_MARK, renderInterfaces } from './render-interfaces.js';

/** Which interfaces a frame on a VLAN of the file can reach, read from the file alone. */
function reachIn(text: string): ReadonlyMap<number, readonly string[]> {
  const reach = new Map<number, string[]>();
  const add = (vlan: number, name: string) => reach.set(vlan, [...(reach.get(vlan) ?? []), name]);
  const stanzas = parseStanzas(text);
  for (const { name, options } of stanzas) {
    const of = new Map(options);
    const ports = parsePorts(of.get('bridge-ports') ?? '') ?? [];
    if (of.get('bridge-ports') !== undefined && of.get('bridge-vlan-aware') !== 'yes') {
      const vlan = Number((of.get('alias') ?? '').replace('vlan ', ''));
      for (const port of ports) add(vlan, port.split('.')[0] ?? '');
    }
    const untagged = of.get('bridge-access') ?? of.get('bridge-pvid');
    if (untagged !== undefined) add(Number(untagged), name);
    if (of.get('bridge-ports') !== undefined) continue;
    for (const vlan of parseVlans(of.get('bridge-vids') ?? '') ?? []) add(vlan, name);
  }
  return reach;
}

const storageOf = (plan: SwitchPlan) =>
  plan.ports.flatMap(({ name, role }) => (role.kind === 'pi' ? [{ name, vlan: role.storageVlan }] : []));

/** What is wrong with the file of a plan; `undefined` when nothing is. */
function whyWrong(plan: SwitchPlan): string | undefined {
  const found = blockingFindings(preflight(plan, undefined));
  if (found.length > 0) return found.map(({ message }) => message).join('; ');
  const text = renderInterfaces(plan);
  if (renderSwitchPlan(parseInterfaces(text)) !== renderSwitchPlan(plan)) return 'it comes back as another plan';
  const reach = reachIn(text);
  const bridged = bridgePortsOf(plan);
  const trunks = bridged.filter(({ role }) => role.kind === 'fileserver').map(({ name }) => name);
  for (const { name, vlan } of storageOf(plan)) {
    const want = [name, ...trunks].toSorted().join();
    if ((reach.get(vlan) ?? []).toSorted().join() !== want) return `VLAN ${vlan} is not between ${want} alone`;
  }
  for (const { name, role } of bridged) {
    if (everyVlanOf(role).some((vlan) => reach.get(vlan)?.includes(name) !== true)) return `${name} lost a VLAN`;
  }
  const { name } = plan.management;
  if (!text.includes(`\nauto ${name}\niface ${name}`)) return 'there is no way to the controller';
  return [...reach.values()].flat().includes(name) ? 'the way to the controller is a port' : undefined;
}

test('property: 10,000 plans come back from their files, and keep nodes apart, trunks, uplink and management', () => {
  fc.assert(
    fc.property(goodPlan, (plan) => {
      expect(whyWrong(plan)).toBeUndefined();
    }),
    { numRuns: 10_000 },
  );
}, 120_000);

test('property: a plan comes back from the form in which it travels', () => {
  fc.assert(
    fc.property(goodPlan, (plan) => {
      expect(parseSwitchPlan(JSON.parse(renderSwitchPlan(plan)))).toEqual(orderedPlan(plan));
    }),
    { numRuns: 500 },
  );
});

test('property: ports and VLANs come back from their runs', () => {
  const names = fc.uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 60 }).map((number) => `swp${number}`),
      fc.integer({ min: 1, max: 12 }).map((number) => `swp${number}.131`),
      fc.constantFrom('eth0', 'bond1', 'uplink', 'swp01'),
    ),
  );
  fc.assert(
    fc.property(names, (all) => {
      expect(parsePorts(renderPorts(all))?.toSorted()).toEqual(all.toSorted());
    }),
  );
  const vlans = fc.uniqueArray(fc.integer({ min: 1, max: 4094 }));
  fc.assert(
    fc.property(vlans, (all) => {
      expect(parseVlans(renderVlans(all))).toEqual(all.toSorted((a, b) => a - b));
    }),
  );
});

test('a file that was cut anywhere, or changed by hand, is refused', () => {
  const [plan] = fc.sample(goodPlan, { numRuns: 1, seed: 8 });
  if (plan === undefined) return expect.unreachable();
  const text = renderInterfaces(plan);
  for (let length = 0; length < text.length; length++) {
    expect(() => parseInterfaces(text.slice(0, length)), String(length)).toThrow(
      expect.objectContaining({ code: 'data-loss' }),
    );
  }
  expect(() => parseInterfaces(`${text}    up touch /tmp/x\n`)).toThrow('changed by hand');
});

test('a file of somebody else is not taken for ours, and its interfaces are still seen', () => {
  const text = 'auto swp1\niface swp1\n  bridge-access 11\n\niface br0\n bridge-ports glob swp1-4\n';
  expect(() => parseInterfaces(text)).toThrow('not a file of ours');
  expect(parseStanzas(text)).toEqual([
    { name: 'swp1', family: '', options: [['bridge-access', '11']] },
    { name: 'br0', family: '', options: [['bridge-ports', 'glob swp1-4']] },
  ]);
  expect(() => parseInterfaces(`${FILE_MARK}\nbridge-access 11\n`)).toThrow('outside of any interface');
});

test('T-34 property: nobody hops between VLANs: trunks take no frame without a tag, a Pi has no VLAN but its own, and 1 is nobody’s', () => {
  fc.assert(
    fc.property(goodPlan, (plan) => {
      if (plan.style !== 'vlan-aware') return;
      const stanzas = new Map(
        parseStanzas(renderInterfaces(plan)).map(({ name, options }) => [name, new Map(options)]),
      );
      for (const { name, role } of bridgePortsOf(plan)) {
        const of = stanzas.get(name);
        const untagged = of?.get('bridge-access') ?? of?.get('bridge-pvid');
        expect(untagged).not.toBe('1');
        expect(of?.get('bridge-allow-untagged')).toBe(untagged === undefined ? 'no' : undefined);
        if (role.kind !== 'pi') continue;
        expect(untagged).toBe(String(role.storageVlan));
        expect(of?.get('bridge-vids') ?? '').toBe(renderVlans(role.publicVlans));
        if (plan.spanningTree === 'mstpd') expect(of?.get('mstpctl-bpduguard')).toBe('yes');
      }
    }),
    { numRuns: 300 },
  );
});
