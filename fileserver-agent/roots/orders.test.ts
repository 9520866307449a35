import { expect, test } from 'vitest';
import { parseRootsView, type RootsOrder } from '../../agent/kit/roots/orders.js';
import { BOOT_SET } from '../../agent/kit/testing/root-rig.js';
import { parseRootsOrder } from './parse-order.js';
import { parseRootsPolicy, refusePorts } from './policy.js';

const serial = 'aa000001';
const ID = '01890a5d-ac96-774b-bcce-b302099a8057';

test.for<RootsOrder>([
  { kind: 'look' },
  { kind: 'converge' },
  { kind: 'converge', loops: ['eth0.10'] },
  { kind: 'converge', probe: serial },
  { kind: 'apply', set: BOOT_SET },
  { kind: 'check', set: BOOT_SET },
  { kind: 'confirm' },
  { kind: 'undo' },
  { kind: 'prepare', serial, image: 'bookworm-3', dataBytes: 10 * 2 ** 30, freshData: false },
  { kind: 'activate', serial, generation: 1 },
  { kind: 'roll-back', serial, generation: 2 },
  { kind: 'remove', serial, keepData: true },
  { kind: 'leave-request', serial, id: ID, verb: 'restart-agent', atMs: 1_000 },
  { kind: 'read-answer', serial },
])('order $kind comes through as it was given', (order) => {
  expect(parseRootsOrder(JSON.stringify(order))).toEqual(order);
});

const request = { kind: 'leave-request', serial, id: ID, verb: 'restart-agent', atMs: 1_000 };
const prepare = { kind: 'prepare', serial, image: 'x', dataBytes: 2 ** 20, freshData: false };

test.for<[string, unknown]>([
  ['no order', null],
  ['an unknown kind', { kind: 'exec' }],
  ['a serial that is a path', { ...prepare, serial: '../../etc' }],
  ['a board to try that is none', { kind: 'converge', probe: '../x' }],
  ['a serial that is an option', { kind: 'remove', serial: '--force0', keepData: true }],
  ['an image that is a path', { ...prepare, image: '../images/x' }],
  ['an image with a shell in it', { ...prepare, image: 'a;reboot' }],
  ['a size beyond all', { ...prepare, dataBytes: 2 ** 60 }],
  ['a generation below all', { kind: 'activate', serial, generation: 0 }],
  ['a path of its own', { ...prepare, pool: '/etc' }],
  ['a request of another word', { ...request, verb: 'run' }],
  ['a request with an id that is text', { ...request, id: '$(reboot)' }],
  ['a request with more to it', { ...request, argv: ['reboot'] }],
  ['a text for a flag', { kind: 'remove', serial, keepData: 'no' }],
  ['ports that are none', { kind: 'apply', set: { trunk: 'eth0\nport=0', ports: [] } }],
])('refused: %s', ([, order]) => {
  expect(() => parseRootsOrder(JSON.stringify(order))).toThrowError(/refused|not a boot set|not a command id/);
});

const GOOD = { pool: '/srv/bramble', trunk: 'eth0', network: '10.46.188.0/23' };
const policyOf = (over: object) => parseRootsPolicy(JSON.stringify({ ...GOOD, ...over }));

test('root says where roots are kept, and what ports may be', () => {
  expect(policyOf({})).toEqual({
    pool: '/srv/bramble',
    driver: 'auto',
    thinPool: undefined,
    trunk: 'eth0',
    network: { first: 0x0a_2e_bc_00, last: 0x0a_2e_bd_ff },
    stateDir: '/var/lib/bramble-fileserver-agent',
    system: '',
    services: 'systemd',
    changesPerHour: 120,
  });
  expect(policyOf({ driver: 'lvm-thin', thinPool: 'vg0/thin' }).thinPool).toEqual({ group: 'vg0', thinPool: 'thin' });
});

test.for<[string, object]>([
  ['no pool', { pool: undefined }],
  ['a pool that is no absolute path', { pool: 'srv' }],
  ['a pool with something special', { pool: '/srv/../etc' }],
  ['an unknown driver', { driver: 'zfs' }],
  ['a thin pool that is an option', { thinPool: '--yes/x' }],
  ['a trunk with a line in it', { trunk: 'eth0\n' }],
  ['no network', { network: undefined }],
  ['a network that begins inside of another', { network: '10.46.189.0/23' }],
  ['all addresses there are', { network: '0.0.0.0/0' }],
  ['no change at all', { changesPerHour: 0 }],
  ['half a change', { changesPerHour: '2.5' }],
  ['something unknown', { sudo: true }],
])('a policy is refused with %s', ([, over]) => {
  expect(() => policyOf(over)).toThrowError('cannot be used');
});

test('ports that root has not allowed are refused, whoever sends them', () => {
  const policy = policyOf({});
  refusePorts(policy, BOOT_SET);
  expect(() => refusePorts(policy, { ...BOOT_SET, trunk: 'eth1' })).toThrowError('its trunk is eth0, not eth1');
  const elsewhere = [{ vlan: 10, server: '192.168.1.1', board: undefined }];
  expect(() => refusePorts(policy, { ...BOOT_SET, ports: elsewhere })).toThrowError(
    '192.168.1.1 is not in the network',
  );
});

test.for(['', 'x', '[]', '{"driver":1}', '{"driver":"copy","capabilities":{},"boards":[{}],"changes":[]}'])(
  'an answer that is no view of roots is told as such: %s',
  (text) => {
    expect(() => parseRootsView(text)).toThrowError('something else than roots');
  },
);
