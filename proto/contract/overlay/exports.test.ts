import { expect, test } from 'vitest';
import { type ExportedNode, type ExportFormat, renderExport } from './exports.js';

const NODES: readonly ExportedNode[] = [
  { name: 'pi-07', site: 'cam', address: 'fd42:b:1:101::2', hostKeys: ['ssh-ed25519 AAAAC3Nz'] },
  { name: 'fs-cam', site: 'cam', address: 'fd42:b:1:100::2', hostKeys: [] },
  { name: 'old-1', site: 'barn', address: '192.0.2.7', hostKeys: [] },
];
const OPTIONS = {
  domain: 'fleet.example',
  masters: ['fd42:b:1:ff::9', '192.0.2.1'],
  serial: 7,
  nameServer: 'ns.example',
};
const render = (format: ExportFormat, over: Partial<typeof OPTIONS> = {}) =>
  renderExport(format, NODES, { ...OPTIONS, ...over }).split('\n');

test('S27 munin is given IPv6 in brackets and IPv4 bare, a group for each site', () => {
  expect(render('munin')).toEqual([
    '# Written by bramble overlay export.',
    ...['[cam;fs-cam]', '  address [fd42:b:1:100::2]', '  use_node_name yes'],
    ...['[barn;old-1]', '  address 192.0.2.7', '  use_node_name yes'],
    ...['[cam;pi-07]', '  address [fd42:b:1:101::2]', '  use_node_name yes'],
    '',
  ]);
});

test('a node lets the masters of munin in by their addresses, of either family', () => {
  expect(render('munin-allow').slice(1, 3)).toEqual(['cidr_allow fd42:b:1:ff::9/128', 'cidr_allow 192.0.2.1/32']);
});

test('a line of hosts has the full name first', () => {
  expect(render('hosts')[1]).toBe('fd42:b:1:100::2 fs-cam.fleet.example fs-cam');
  expect(render('hosts', { domain: '' })[1]).toBe('fd42:b:1:100::2 fs-cam');
});

test('a zone has its head and an AAAA record for each node', () => {
  const zone = render('zone');
  expect(zone).toContain('@ IN SOA ns.example. hostmaster.ns.example. 7 3600 600 1209600 300');
  expect(zone).toContain('pi-07 IN AAAA fd42:b:1:101::2');
});

test('the reverse of an address has all its 32 digits', () => {
  const name = '2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.1.0.1.0.0.0.b.0.0.0.2.4.d.f.ip6.arpa.';
  expect(render('reverse-zone')).toContain(`${name} IN PTR pi-07.fleet.example.`);
});

test('ssh knows a node by its names and its address, and not at all without a key', () => {
  expect(render('known-hosts').slice(1)).toEqual([
    'pi-07.fleet.example,pi-07,fd42:b:1:101::2 ssh-ed25519 AAAAC3Nz',
    '',
  ]);
});
