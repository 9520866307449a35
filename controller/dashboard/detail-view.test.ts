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
