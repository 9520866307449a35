import { expect, test } from 'vitest';
import { diffLines, portEffects } from './change.js';
import { parseSwitchPlan } from './parse-plan.js';
import type { SwitchPlan } from './plan.js';
import { freeStorageVlans, nextStorageVlan, preflight } from './preflight.js';

const BASE = {
  style: 'vlan-aware',
  management: { name: 'eth0', address: 'dhcp' },
  storageVlans: '10-13',
  reservedVlans: [12, 131],
  ports: {
    swp1: { role: 'pi', storageVlan: 10, vlans: 131, note: 'node-a' },
    swp2: { role: 'pi', storageVlan: 11, vlans: [131] },
    swp49: { role: 'fileserver', vlans: '10-11' },
    swp50: { role: 'uplink', vlans: '131' },
    swp3: { role: 'unused' },
  },
};
type Ports = Readonly<Record<string, unknown>>;
const withPorts = (ports: Ports, rest: Ports = {}) =>
  parseSwitchPlan({ ...BASE, ...rest, ports: { ...BASE.ports, ...ports } });
const plan = withPorts({});
const codes = (of: SwitchPlan, current?: SwitchPlan) => preflight(of, current).map(({ code }) => code);

test('a plan like that of the shelf is fine', () => {
  expect(preflight(plan, plan)).toEqual([]);
});

test.for<[string, Ports, Ports, string]>([
  ['two Pis in one storage VLAN', { swp2: { role: 'pi', storageVlan: 10 } }, {}, 'storage-shared'],
  ['an uplink in the storage of a Pi', { swp50: { role: 'uplink', vlans: '11 131' } }, {}, 'storage-shared'],
  ['an access port in the storage of a Pi', { swp3: { role: 'access', vlan: 10 } }, {}, 'storage-shared'],
  [
    'a Pi whose public VLAN is the storage of another',
    { swp1: { role: 'pi', storageVlan: 10, vlans: 11 } },
    {},
    'storage-shared',
  ],
  ['a storage VLAN that no fileserver is in', { swp49: { role: 'fileserver', vlans: 10 } }, {}, 'storage-unserved'],
  ['a reserved VLAN', { swp3: { role: 'pi', storageVlan: 12 } }, {}, 'vlan-reserved'],
  ['a VLAN outside of the range', { swp3: { role: 'pi', storageVlan: 99 } }, {}, 'vlan-out-of-range'],
  ['two uplinks in one VLAN without a spanning tree', { swp3: { role: 'uplink', vlans: 131 } }, {}, 'loop'],
  ['a spanning tree without edges', {}, { spanningTree: 'kernel' }, 'no-edge'],
  ['the management interface as a port', { eth0: { role: 'unused' } }, {}, 'management'],
  ['a member of no bond', { swp3: { role: 'member', bond: 'bond9' } }, {}, 'bond'],
  ['a bond without members', {}, { bonds: { bond1: { role: 'uplink', vlans: 140 } } }, 'bond'],
])('%s is found', ([, ports, rest, code]) => {
  expect(codes(withPorts(ports, rest))).toContain(code);
});

test.for<[string, Ports, Ports, string]>([
  ['the uplink', { swp50: { role: 'unused' } }, {}, 'uplink-lost'],
  ['the trunk', { swp49: { role: 'unused' }, swp1: { role: 'unused' }, swp2: { role: 'unused' } }, {}, 'trunk-lost'],
  ['the way to the controller', {}, { management: { name: 'eth1', address: 'dhcp' } }, 'management'],
])('a change that loses %s is refused', ([, ports, rest, code]) => {
  expect(codes(withPorts(ports, rest), plan)).toContain(code);
});

test('storage VLANs are handed out around what is reserved, until none is left', () => {
  expect([nextStorageVlan(plan), freeStorageVlans(plan)]).toEqual([13, 1]);
  const full = withPorts({ swp3: { role: 'pi', storageVlan: 13 }, swp49: { role: 'fileserver', vlans: '10-13' } });
  expect([nextStorageVlan(full), freeStorageVlans(full)]).toEqual([undefined, 0]);
  expect(codes(full, plan)).toContain('vlans-exhausted');
});

test('the change lists which ports flap, which only move, and which are untouched', () => {
  const next = withPorts({
    swp1: { role: 'pi', storageVlan: 13, vlans: 131, note: 'node-a' },
    swp2: { role: 'pi', storageVlan: 11, vlans: [131], note: 'node-b' },
    swp3: { role: 'access', vlan: 131 },
    swp49: { role: 'fileserver', vlans: '11 13' },
  });
  expect(portEffects(plan, next).map(({ name, effect }) => `${name} ${effect}`)).toEqual([
    'swp1 move',
    'swp2 label',
    'swp3 flap',
    'swp49 move',
  ]);
  expect(portEffects(plan, plan)).toEqual([]);
  expect(portEffects(plan, withPorts({}, { spanningTree: 'mstpd' })).every(({ effect }) => effect === 'flap')).toBe(
    true,
  );
});

test.for<[string, unknown]>([
  ['no object', 'br0'],
  ['a port with a line end in its name', { ...BASE, ports: { 'swp1\n  up reboot': { role: 'unused' } } }],
  ['a note that begins an option', { ...BASE, ports: { swp1: { role: 'unused', note: 'x\n    up reboot' } } }],
  ['a note that ends in a backslash', { ...BASE, ports: { swp1: { role: 'unused', note: 'x\\' } } }],
  ['a note that is a comment', { ...BASE, ports: { swp1: { role: 'unused', note: '#x' } } }],
  ['an address with an option', { ...BASE, management: { name: 'eth0', address: '192.0.2.1/24\n up reboot' } }],
  ['a bridge with a strange name', { ...BASE, style: 'bridge-per-vlan', bridgeNames: { 10: 'br0; reboot' } }],
  ['an unknown part', { ...BASE, up: 'reboot' }],
  ['an unknown role', { ...BASE, ports: { swp1: { role: 'router' } } }],
  ['a part of another role', { ...BASE, ports: { swp1: { role: 'unused', vlan: 10 } } }],
  ['a VLAN that is none', { ...BASE, ports: { swp1: { role: 'access', vlan: 4095 } } }],
  ['VLANs that are a command', { ...BASE, ports: { swp1: { role: 'uplink', vlans: '10 $(reboot)' } } }],
])('T-37 %s is refused before anything is written', ([, value]) => {
  expect(() => parseSwitchPlan(value)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

test('a diff shows what changed and little beside it', () => {
  const before = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  const after = before.map((line) => (line === 'line 10' ? 'changed' : line));
  expect(diffLines(before.join('\n'), after.join('\n'))).toEqual([
    ' line 7',
    ' line 8',
    ' line 9',
    '-line 10',
    '+changed',
    ' line 11',
    ' line 12',
    ' line 13',
  ]);
  expect(diffLines('a\nb', 'a\nb')).toEqual([]);
  expect(diffLines('', 'a\nb\n')).toEqual(['+a', '+b', ' ']);
});
