import { expect, test } from 'vitest';
import { collectOn, values } from '../../agent/kit/testing/collect-on.js';
import { exited } from '../../agent/kit/testing/sim-exec.js';
import { recorded } from '../../test/fixtures/index.js';
import { parsePoectl } from '../power/poectl.js';
import { type LearnedAddress, makeBridgeCollector, parseBridgeAddresses, parseBridgeVlans } from './bridge.js';
import { makeNeighborsCollector, parseNeighbors } from './lldp.js';
import { makePoeCollector } from './poe.js';
import { makePortsCollector } from './ports.js';

const VLANS = recorded<Readonly<Record<string, string>>>('bridge-vlan');
const ADDRESSES = recorded<readonly LearnedAddress[]>('bridge-fdb');
const POWER = recorded<readonly unknown[]>('poectl');
const NEIGHBORS = [
  ...recorded<Readonly<Record<string, string>>>('lldp-neighbors'),
  ...recorded<Readonly<Record<string, string>>>('lldp', 'neighbours-json0.json'),
];

test.for(VLANS)('the VLANs of $name', ({ input, expected: want }) => {
  expect(Object.fromEntries(parseBridgeVlans(input))).toEqual(want);
});

test.for(ADDRESSES)('the addresses that $name has learned, without its own', ({ input, expected: want }) => {
  expect(parseBridgeAddresses(input)).toEqual(want);
});

test.for(POWER)('the power of the ports of $name', ({ input, expected: want }) => {
  expect(parsePoectl(input)).toEqual(want);
});

test.for(NEIGHBORS)('the neighbours of $name', ({ input, expected: want }) => {
  expect(Object.fromEntries(parseNeighbors(input))).toEqual(want);
});

test('a recording that was cut is refused, never read as fewer ports', () => {
  for (const [parse, all] of [
    [parseBridgeVlans, VLANS],
    [parseBridgeAddresses, ADDRESSES],
    [parseNeighbors, NEIGHBORS],
  ] as const) {
    for (const { input } of all) {
      const text = input.trimEnd();
      for (let length = 0; length < text.length; length += 7) {
        expect(() => parse(text.slice(0, length))).toThrow(expect.objectContaining({ code: 'data-loss' }));
      }
    }
  }
});

test('a row of the power table that was cut is missing, never wrong', () => {
  for (const { input, expected: want } of POWER) {
    for (let length = 0; length < input.length; length++) {
      for (const row of parsePoectl(input.slice(0, length))) expect(want).toContainEqual(row);
    }
  }
});

test('ports are told with their VLANs and who is on them', async () => {
  const { run, programs } = collectOn(makeBridgeCollector(), {});
  programs.set('bridge', (argv) => exited(0, argv.includes('vlan') ? VLANS[0]?.input : ADDRESSES[0]?.input));
  expect(values(await run())).toMatchObject({
    'port_vlans_text swp1': '11u',
    'port_vlans_text swp3': '11 12',
    'port_macs_count swp1': 1,
    'port_macs_text swp1': '11/dc:a6:32:00:00:01',
  });
  programs.set('bridge', () => exited(1, '', 'Operation not permitted'));
  await expect(run()).rejects.toMatchObject({ code: 'unavailable' });
});

test('what the kernel says of a port: up, forwarding, guarded, what it is for', async () => {
  const port = '/sys/class/net/swp1';
  const { run, kernel } = collectOn(makePortsCollector(), {
    [`${port}/flags`]: '0x1003\n',
    [`${port}/ifalias`]: 'pi: node-a\n',
    [`${port}/brport/state`]: '3\n',
    [`${port}/brport/bpdu_guard`]: '1\n',
    [`${port}/brport/bridge/uevent`]: 'DEVTYPE=bridge\nINTERFACE=br0\nIFINDEX=9\n',
    '/sys/class/net/swp2/device/vendor': '0x1af4\n',
    '/sys/class/net/swp2/flags': '0x1002\n',
    '/sys/class/net/br0/flags': '0x1003\n',
  });
  expect(values(await run())).toEqual({
    'port_admin_flag swp1': 1,
    'port_role_text swp1': 'pi: node-a',
    'port_stp_state swp1': 3,
    'port_bpdu_guard_flag swp1': 1,
    'port_bridge_text swp1': 'br0',
    'port_admin_flag swp2': 0,
  });
  kernel.set(`${port}/flags`, 'junk\n');
  kernel.set(`${port}/brport/state`, '9\n');
  const after = values(await run());
  expect(after).not.toHaveProperty('port_admin_flag swp1');
  expect(after).not.toHaveProperty('port_stp_state swp1');
});

test('a switch without the programs says so, and has not failed', async () => {
  const reasons = ['lldpd is not installed', 'poectl is not installed'];
  for (const [at, make] of [makeNeighborsCollector, makePoeCollector].entries()) {
    expect(await collectOn(make(), {}).run()).toEqual({ kind: 'no-data', why: reasons[at] });
  }
});
