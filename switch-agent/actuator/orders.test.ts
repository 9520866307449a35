import { expect, test } from 'vitest';
import { parseOrder } from './orders.js';

const POWER = { kind: 'power', port: 'swp1', action: 'cycle', offMs: 15_000, bootLeaseId: '' };
const PLAN = { style: 'vlan-aware', management: { name: 'eth0', address: 'dhcp' }, storageVlans: 10, ports: {} };

test('orders of ours are understood', () => {
  expect(parseOrder(JSON.stringify(POWER))).toEqual(POWER);
  expect(parseOrder('{"kind":"status"}')).toEqual({ kind: 'status' });
  expect(parseOrder(JSON.stringify({ kind: 'stage', plan: PLAN }))).toMatchObject({ plan: { ports: [] } });
});

test.for<[string, string]>([
  ['nothing', ''],
  ['no object', '[]'],
  ['an unknown kind', '{"kind":"shell","argv":["reboot"]}'],
  ['a kind that every object has', '{"kind":"toString"}'],
  ['a field too much', JSON.stringify({ ...POWER, driver: '/bin/sh' })],
  ['a path in a status', '{"kind":"status","path":"/etc/shadow"}'],
  ['a port with a path', JSON.stringify({ ...POWER, port: '../eth0' })],
  ['a port that is an option', JSON.stringify({ ...POWER, port: '--help' })],
  ['a port with a line end', JSON.stringify({ ...POWER, port: 'swp1\nswp2' })],
  ['another action', JSON.stringify({ ...POWER, action: 'explode' })],
  ['a time that is none', JSON.stringify({ ...POWER, offMs: '15000; reboot' })],
  ['a file instead of a plan', JSON.stringify({ kind: 'stage', plan: 'auto lo\n  up reboot\n' })],
  ['a plan with an option of its own', JSON.stringify({ kind: 'stage', plan: { ...PLAN, up: 'reboot' } })],
  ['a change without a time', JSON.stringify({ kind: 'apply', changeId: 'c', plan: PLAN })],
  ['too long a trial', JSON.stringify({ kind: 'apply', changeId: 'c', plan: PLAN, confirmWithinMs: 600_001 })],
  ['a change with a path for a name', '{"kind":"confirm","changeId":"../../etc/passwd"}'],
])('T-59 %s is refused', ([, text]) => {
  expect(() => parseOrder(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});
