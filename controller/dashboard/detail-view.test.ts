import { expect, test } from 'vitest';
import type { ConditionView, NodeDetail } from '../../proto/contract/api/fleet.js';
import { detailView } from './detail-view.js';

const NOW_MS = 1_795_176_000_000;

const condition = (over: Partial<ConditionView>): ConditionView => ({
  type: 'DiskSpaceLow',
  instance: '/',
  status: 'true',
  severity: 'warning',
  message: '/ is nearly full',
  remedy: 'free space',
  sinceMs: NOW_MS - 60_000,
  ...over,
});

const MAC = 'dc:a6:32:00:00:01';
const ON_IT = { port_macs_text: `11/${MAC}`, port_role_text: 'pi: pi-1' };
const port = (instance: string, facts: Readonly<Record<string, string | number>>) =>
  Object.entries(facts).map(([fact, value]) => ({ fact, instance, value }));

const node = (over: Partial<NodeDetail> = {}): NodeDetail => ({
  id: 'n-1',
  name: 'pi-1',
  site: 'cam',
  kind: 'pi',
  state: 'ready',
  why: 'all is well',
  liveness: 'fresh',
  lastSeenMs: NOW_MS - 5_000,
  connectedSinceMs: NOW_MS - 7_200_000,
  bootedAtMs: NOW_MS - 86_400_000,
  model: '',
  serial: '',
  macAddresses: [],
  agentVersion: '0.1.0',
  desiredRevision: 0,
  desiredRevisionReached: 0,
  labels: {},
  capabilities: { netboot: 'rom', ethernet: 'yes', poe: 'unknown', watchdog: 'yes', rtc: 'no' },
  revision: 1,
  conditions: [],
  capabilityOverrides: {},
  facts: [],
  ...over,
});

test('troubles are those of the list; checks that nobody can judge are named, because no data is not health', () => {
  const trouble = condition({});
  const detail = node({
    conditions: [
      trouble,
      condition({ type: 'ClockOffset', instance: '', status: 'unknown', message: 'the clock is off' }),
      condition({ type: 'InodesLow', status: 'unknown', message: 'few inodes' }),
      condition({ type: 'MemoryLow', instance: '', status: 'false', message: 'memory is short' }),
    ],
  });
  const view = detailView(detail, { ...detail, conditions: [trouble] }, [], NOW_MS);
  expect(view.troubles.map(({ message }) => message)).toEqual(['/ is nearly full']);
  expect(view.identity).toContainEqual(['No data for', 'ClockOffset, InodesLow (/)']);
});

test('ages of the connection, the boot and the last report are words', () => {
  const view = detailView(node(), node(), [], NOW_MS);
  expect(Object.fromEntries(view.identity)).toMatchObject({ 'Last seen': '5 s ago', Connected: 'for 2 h' });
  expect(view.groups).toEqual([{ title: 'Clock and boot', rows: [['Up', '1 d']] }]);
});

test('a node that is not connected is not shown as connected at the epoch', () => {
  const { connectedSinceMs: _connected, bootedAtMs: _booted, ...rest } = node();
  const view = detailView(rest, rest, [], NOW_MS);
  expect(Object.fromEntries(view.identity)['Connected']).toBe('no');
  expect(view.groups).toEqual([]);
});

test('a switch shows its ports in their order, each by how it does and with everything about it in words', () => {
  const facts = [
    ...port('swp2', {
      port_admin_flag: 1,
      network_operational_state: 2,
      poe_admin_state: 2,
      port_role_text: 'pi: pi-2',
    }),
    ...port('swp10', { port_admin_flag: 0, port_role_text: 'unused' }),
    ...port('swp1', { port_admin_flag: 1, network_operational_state: 1, port_macs_count: 1, ...ON_IT }),
    ...port('swp3', {
      port_admin_flag: 1,
      network_operational_state: 1,
      port_macs_count: 1,
      ...ON_IT,
      port_role_text: 'pi: pi-3',
    }),
  ];
  const fleet = [node({ name: 'pi-1', macAddresses: [MAC] })];
  const { shelf } = detailView(node({ kind: 'switch', facts }), node(), [], NOW_MS, { fleet });
  expect(shelf.map(({ label, look }) => `${label} ${look}`)).toEqual(['1 up', '2 dark', '3 wrong', '10 idle']);
  expect(shelf[0]?.words).toBe('swp1: link up, pi: pi-1');
  expect(shelf[2]?.words).toBe('swp3: link up, pi: pi-3, on it pi-1, planned for pi-3');
  expect(detailView(node({ facts }), node(), [], NOW_MS, { fleet }).shelf).toEqual([]);
});
