import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BOARD_CLASS_NAMES, BOARD_CLASSES, kernelOf } from './board-class.js';
import { type BootStock, gateOf, planPorts } from './boot-plan.js';
import type { BootBoard, BootSet } from './boot-set.js';
import { renderRootCommandLine, renderSharedCommandLine } from './cmdline.js';
import { renderConfigTxt } from './config-txt.js';
import { renderDnsmasqConf } from './dnsmasq.js';
import { renderExports } from './exports.js';
import { renderInterfaces } from './interfaces.js';
import { renderChronyAllow } from './ntp.js';
import { parseBootSet } from './parse.js';
import { isIpv6, portSubnet, subnetOfServer } from './subnet.js';

const BASE = '10.46.189.0';

const board: BootBoard = {
  serial: 'aa000001',
  mac: 'b8:27:eb:aa:00:01',
  hostname: 'pi-01',
  boardClass: 'pi3',
  bits: 32,
  hasBootCard: false,
  mode: 'root',
  ipv6: undefined,
  authorizedKeys: [],
};

const set: BootSet = {
  trunk: 'eth0',
  intakeImage: 'intake',
  rescueImage: 'rescue',
  ports: [
    { vlan: 10, server: '10.46.189.1', board },
    { vlan: 11, server: '10.46.189.5', board: { ...board, serial: 'aa000002', hostname: 'pi-02', mac: undefined } },
    { vlan: 12, server: '10.46.189.9', board: undefined },
  ],
};

const tree = { fsid: '00000000-0000-4000-8000-000000000001', mountPoint: undefined };
const stock: BootStock = {
  roots: new Map([['aa000001', { ...tree, volumes: [{ ...tree, name: 'state' }] }]]),
  images: new Map(['intake', 'rescue'].map((name) => [name, { ...tree, bootNames: ['config.txt', 'start.elf'] }])),
  held: new Set(),
};

test('the command line of the first board with a boot card is, byte for byte, the one of the eight-board cluster', () => {
  expect(renderRootCommandLine({ boardClass: 'pi3', hasBootCard: true }, portSubnet(BASE, 0))).toBe(
    'dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ' +
      'ip=10.46.189.2::10.46.189.1:255.255.255.252::eth0:off nfsroot=10.46.189.1:/export/10.46.189.2 ' +
      'elevator=deadline fsck.repair=yes rootwait',
  );
});

test('command lines of all classes, with a boot card and without', () => {
  const lines = BOARD_CLASS_NAMES.flatMap((boardClass) =>
    [true, false].map((hasBootCard) => [
      `${boardClass} ${hasBootCard ? 'card' : 'no card'}`,
      renderRootCommandLine({ boardClass, hasBootCard }, portSubnet(BASE, 1)),
    ]),
  );
  expect(Object.fromEntries(lines)).toMatchInlineSnapshot(`
    {
      "pi1 card": "dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6 elevator=deadline fsck.repair=yes rootwait",
      "pi1 no card": "dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6 rootwait",
      "pi2 card": "dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6 elevator=deadline fsck.repair=yes rootwait",
      "pi2 no card": "dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6 rootwait",
      "pi3 card": "dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6 elevator=deadline fsck.repair=yes rootwait",
      "pi3 no card": "dwc_otg.lpm_enable=0 console=ttyAMA0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6 rootwait",
      "pi4 card": "console=serial0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6,vers=3,proto=tcp fsck.repair=yes rootwait",
      "pi4 no card": "console=serial0,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6,vers=3,proto=tcp rootwait",
      "pi5 card": "console=ttyAMA10,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6,vers=3,proto=tcp fsck.repair=yes rootwait",
      "pi5 no card": "console=ttyAMA10,115200 console=tty1 root=/dev/nfs rootfstype=nfs ip=10.46.189.6::10.46.189.5:255.255.255.252::eth0:off nfsroot=10.46.189.5:/export/10.46.189.6,vers=3,proto=tcp rootwait",
    }
  `);
});

test('a shared system is read-only for everybody', () => {
  const line = renderSharedCommandLine(board, portSubnet(BASE, 0), 'rescue');
  expect(line).toContain('nfsroot=10.46.189.1:/export/shared-rescue ro ');
  expect(renderExports([{ path: '/export/shared-rescue', address: '10.46.189.2', access: 'ro', ...tree }])).toContain(
    '/export/shared-rescue 10.46.189.2(ro,root_squash,',
  );
});

test.for([
  [0, '10.46.189.1', '10.46.189.2'],
  [1, '10.46.189.5', '10.46.189.6'],
  [63, '10.46.189.253', '10.46.189.254'],
  [64, '10.46.190.1', '10.46.190.2'],
] as const)('storage network %d has the fileserver at %s and the board at %s', ([index, server, address]) => {
  expect(portSubnet(BASE, index)).toMatchObject({ server, board: address });
  expect(subnetOfServer(server)?.board).toBe(address);
});

test.for(['10.46.189.1', '10.46.189', '010.0.0.0', '10.0.0.256', ' 10.0.0.0'])('%s is no base', (base) => {
  expect(() => portSubnet(base, 0)).toThrow('no storage network');
});

test('networks of different indexes never touch', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(10_000), (a, b) => {
      const of = (index: number): readonly string[] => {
        const { network, server, board: address } = portSubnet('10.0.0.0', index);
        return [network, server, address];
      };
      expect(of(a).some((address) => of(b).includes(address))).toBe(a === b);
    }),
  );
});

test('config.txt names a kernel that the board can run', () => {
  expect(renderConfigTxt({ ...board, boardClass: 'pi4', bits: 64 })).toContain('arm_64bit=1\nkernel=kernel8.img\n');
  expect(renderConfigTxt(board)).toContain('arm_64bit=0\nkernel=kernel7.img\n');
  expect(() => renderConfigTxt({ ...board, boardClass: 'pi1', bits: 64 })).toThrow('a pi1 runs no 64-bit kernel');
  for (const name of BOARD_CLASS_NAMES) expect(kernelOf(name, 32) ?? kernelOf(name, 64)).toBeDefined();
});

const PATHS = { tftp: '/t', hosts: '/h', leases: '/l', log: '/g', pid: '/p' };

test('dnsmasq knows every port beforehand, and no board', () => {
  const conf = renderDnsmasqConf(set, PATHS);
  expect(conf).toMatchInlineSnapshot(`
    "# Written by the fileserver agent. Boards come and go without a change of this file.
    port=0
    bind-dynamic
    no-ping
    dhcp-authoritative
    log-dhcp
    log-facility=/g
    dhcp-leasefile=/l
    pid-file=/p
    dhcp-hostsfile=/h
    dhcp-reply-delay=1
    enable-tftp
    tftp-root=/t
    tftp-unique-root=ip
    tftp-no-fail
    tftp-mtu=1500
    pxe-service=0,"Raspberry Pi Boot   "
    interface=eth0.10
    dhcp-range=set:p10,10.46.189.2,static,255.255.255.252,2m
    dhcp-option=tag:p10,option:router,10.46.189.1
    dhcp-option=tag:p10,option:ntp-server,10.46.189.1
    dhcp-option=tag:p10,option:tftp-server,10.46.189.1
    interface=eth0.11
    dhcp-range=set:p11,10.46.189.6,static,255.255.255.252,2m
    dhcp-option=tag:p11,option:router,10.46.189.5
    dhcp-option=tag:p11,option:ntp-server,10.46.189.5
    dhcp-option=tag:p11,option:tftp-server,10.46.189.5
    interface=eth0.12
    dhcp-range=set:p12,10.46.189.10,static,255.255.255.252,2m
    dhcp-option=tag:p12,option:router,10.46.189.9
    dhcp-option=tag:p12,option:ntp-server,10.46.189.9
    dhcp-option=tag:p12,option:tftp-server,10.46.189.9
    "
  `);
  const nobody = { ...set, ports: set.ports.map((port) => ({ ...port, board: undefined })) };
  expect(renderDnsmasqConf(nobody, PATHS)).toBe(conf);
});

test('DHCP, TFTP and NFS follow one decision', () => {
  const [root, unknown, intake] = planPorts(set, stock);
  expect(root).toMatchObject({
    gate: { kind: 'root' },
    hosts: 'b8:27:eb:aa:00:01,tag:eth0.10,10.46.189.2,pi-01,2m\n',
    exports: [
      { path: '/export/10.46.189.2', address: '10.46.189.2', access: 'rw' },
      { path: '/export/10.46.189.2-state', address: '10.46.189.2', access: 'rw' },
    ],
  });
  expect(unknown).toMatchObject({
    gate: { kind: 'closed', why: 'it has no root yet' },
    hosts: '*:*:*:*:*:*,tag:eth0.11,ignore\n',
    tftp: [],
    exports: [],
  });
  expect(intake).toMatchObject({
    gate: { kind: 'shared', image: 'intake' },
    hosts: '*:*:*:*:*:*,tag:eth0.12,10.46.189.10,2m\n',
  });
  expect(intake?.exports).toMatchObject([{ path: '/export/shared-intake', address: '10.46.189.10', access: 'ro' }]);
  expect(intake?.tftp.map(({ path }) => path)).toEqual([
    'start.elf',
    'config.txt',
    ...BOARD_CLASS_NAMES.map((name) => `cmdline-${name}.txt`),
  ]);
});

test.for<[string, Partial<BootBoard>, Partial<BootStock>, string]>([
  ['a board with a root', {}, {}, 'root'],
  ['a board that is told not to boot', { mode: 'closed' }, {}, 'closed'],
  ['a board that is looked at', { mode: 'rescue' }, {}, 'shared'],
  ['a board whose rescue image is not here', { mode: 'rescue' }, { images: new Map() }, 'closed'],
  ['a board that starts over and over', {}, { held: new Set(['aa000001']) }, 'held'],
  ['a board that starts over and over and is looked at', { mode: 'rescue' }, { held: new Set(['aa000001']) }, 'shared'],
])('the gate of %s', ([, over, more, kind]) => {
  const port = { vlan: 10, server: '10.46.189.1', board: { ...board, ...over } };
  expect(gateOf(set, port, { ...stock, ...more }).kind).toBe(kind);
});

test('a board that took the place of another boots that one’s root under its own name', () => {
  const spare = { ...board, serial: 'aa0000ff', mac: undefined, rootSerial: 'aa000001' };
  const moved = { ...set, ports: [{ vlan: 10, server: '10.46.189.1', board: spare }] };
  const [before, after] = [set, moved].map((of) => planPorts(of, stock)[0]);
  expect(after?.gate).toMatchObject({ kind: 'root' });
  expect(after?.tftp).toContainEqual({ path: 'aa0000ff', of: 'root', serial: 'aa000001', file: '' });
  expect(after?.exports).toEqual(before?.exports);
  expect(parseBootSet(JSON.parse(JSON.stringify(moved))).ports[0]?.board?.rootSerial).toBe('aa000001');
  const twice = {
    ...set,
    ports: [...set.ports, { vlan: 13, server: '10.46.189.13', board: { ...spare, hostname: 'x' } }],
  };
  expect(() => parseBootSet(JSON.parse(JSON.stringify(twice)))).toThrow('root of aa000001 is there twice');
});

test('a board to be rescued gets the files of the rescue image and its own command line', () => {
  const [first] = planPorts(
    { ...set, ports: [{ vlan: 10, server: '10.46.189.1', board: { ...board, mode: 'rescue' } }] },
    stock,
  );
  expect(first?.tftp.map(({ path }) => path)).toEqual([
    'bootcode.bin',
    'aa000001/start.elf',
    'aa000001/config.txt',
    'aa000001/cmdline.txt',
  ]);
});

test('interfaces, time and exports of a port', () => {
  expect(renderInterfaces({ trunk: 'eth0', ports: set.ports.slice(0, 1) })).toContain(
    'auto eth0.10\niface eth0.10 inet static\n    address 10.46.189.1/30\n    vlan-raw-device eth0\n    vlan-id 10\n',
  );
  expect(renderChronyAllow(set)).toContain('allow 10.46.189.2/32\nallow 10.46.189.6/32\nallow 10.46.189.10/32\n');
  expect(
    renderExports([
      { path: '/export/10.46.189.2', address: '10.46.189.2', access: 'rw', ...tree, mountPoint: '/srv/x/gen-1' },
    ]),
  ).toContain(
    '/export/10.46.189.2 10.46.189.2(rw,no_root_squash,sync,no_subtree_check,sec=sys,' +
      'fsid=00000000-0000-4000-8000-000000000001,mp=/srv/x/gen-1)\n',
  );
});

const plain = (over: object = {}) => ({
  trunk: 'eth0',
  ports: [{ vlan: 10, server: '10.46.189.1', board: { ...board, ...over } }],
});

test('a boot set is read as it was written', () => {
  expect(parseBootSet(JSON.parse(JSON.stringify(set)))).toEqual({
    ...set,
    ports: set.ports.map((port) => ({ ...port })),
  });
});

test.for<[string, unknown, string]>([
  ['a hostname with a line of its own', plain({ hostname: 'pi\ndhcp-script=/x' }), 'hostname'],
  ['a serial that is a path', plain({ serial: '../../..' }), 'serial'],
  ['a MAC address with an option', plain({ mac: '*:*:*:*:*:*' }), 'mac'],
  ['a key with options', plain({ authorizedKeys: ['command="x" ssh-ed25519 AAAA'] }), 'a key is not'],
  ['a board that cannot boot without a card', plain({ boardClass: 'pi1' }), 'only with a card'],
  ['a kernel that the board cannot run', plain({ boardClass: 'pi5' }), 'runs no 32-bit kernel'],
  ['a trunk with a space', { trunk: 'eth0 x', ports: [] }, 'trunk'],
  ['an image that is a path', { trunk: 'eth0', ports: [], rescueImage: '..' }, 'no name of an image'],
  ['VLAN 0', { trunk: 'eth0', ports: [{ vlan: 0, server: '10.46.189.1' }] }, 'vlan is not 1 to 4094'],
  ['an address in the middle', { trunk: 'eth0', ports: [{ vlan: 1, server: '10.46.189.2' }] }, 'not the first address'],
  ['a rescue without an image', plain({ mode: 'rescue' }), 'there is no rescueImage'],
  ['something unknown', { trunk: 'eth0', ports: [], script: 'x' }, 'unknown part "script"'],
])('a boot set is refused for %s', ([, value, want]) => {
  expect(() => parseBootSet(value)).toThrow(want);
});

test('nothing that tells ports apart is there twice', () => {
  const twice = { trunk: 'eth0', ports: [0, 1].map(() => ({ vlan: 10, server: '10.46.189.1', board })) };
  for (const what of ['VLAN 10', 'address 10.46', 'serial number', 'MAC address', 'hostname']) {
    expect(() => parseBootSet(twice)).toThrow(`${what}`);
  }
});

/** Of all files that are made of a boot set. */
function renderedLines(of: BootSet): number {
  const exports = renderExports(planPorts(of, stock).flatMap((plan) => plan.exports));
  const files = [renderInterfaces(of), renderChronyAllow(of), renderDnsmasqConf(of, PATHS), exports];
  return files.map((text) => text.split('\n').filter((line) => !line.startsWith('/')).length).reduce((a, b) => a + b);
}

test('T-30 a board’s root is exported to the one address of its own port, which no other port has', () => {
  const lines = planPorts(set, stock).flatMap((plan) => plan.exports.map((line) => ({ ...line, own: plan.address })));
  expect(lines.length).toBeGreaterThan(0);
  for (const { address, own, path } of lines) {
    expect([path, address]).toEqual([path, own]);
    expect(address).toMatch(/^(?:\d{1,3}\.){3}\d{1,3}$/);
  }
  const writable = lines.filter(({ access }) => access === 'rw').map(({ path, address }) => `${path} ${address}`);
  expect(new Set(writable).size).toBe(writable.length);
});

test('T-37 whatever text is in a boot set, what is rendered for dnsmasq, NFS and ifupdown2 has no line more than without it', () => {
  const hostile = fc.oneof(fc.string(), fc.constantFrom('a\nb', 'a,ignore', 'a b', '$(x)', '`x`', '--x', 'a"b', '%n'));
  fc.assert(
    fc.property(hostile, fc.constantFrom('hostname', 'serial', 'mac', 'trunk'), (text, field) => {
      let parsed: BootSet;
      try {
        const [ofSet, ofBoard] = field === 'trunk' ? [{ trunk: text }, {}] : [{}, { [field]: text }];
        parsed = parseBootSet({ ...plain(ofBoard), ...ofSet });
      } catch {
        return; // refused, as it should be
      }
      const [first] = planPorts(parsed, stock);
      expect(first?.hosts.trimEnd()).toMatch(/^[0-9a-z:.,*-]+$/);
      expect(renderedLines(parsed)).toBe(renderedLines(parseBootSet(plain())));
    }),
  );
});

test.for([
  ['2a00:1098:0:84:1000:1::2', true],
  ['::', true],
  ['1:2:3:4:5:6:7:8', true],
  ['1:2:3:4:5:6:7', false],
  ['1::2::3', false],
  ['12345::', false],
  ['::ffff:1.2.3.4', false],
] as const)('%s is an IPv6 address: %s', ([text, want]) => {
  expect(isIpv6(text)).toBe(want);
});

test('every class has a console and a kernel', () => {
  for (const name of BOARD_CLASS_NAMES) expect(BOARD_CLASSES[name].console).toMatch(/^(ttyAMA\d+|serial0)$/);
});
