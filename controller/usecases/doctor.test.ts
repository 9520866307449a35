import { expect, test } from 'vitest';
import type { NodeView } from '../../proto/contract/api/fleet.js';
import { nodeId } from '../../proto/contract/ids.js';
import { factsOfNodes } from './doctor.js';

const NOW_MS = 1_795_176_000_000;
const DAY_MS = 86_400_000;

function node(number: number, over: Partial<NodeView> = {}): NodeView {
  return {
    ...{ id: `n-000000000000${number}`, name: `pi-0${number}`, site: 'cam', kind: 'pi', state: 'ready', why: '' },
    ...{ liveness: 'fresh', model: '', serial: '', macAddresses: [], agentVersion: '0.1.0', desiredRevision: 0 },
    ...{ desiredRevisionReached: 0, labels: {}, revision: 1, conditions: [] },
    capabilities: { netboot: 'none', ethernet: 'yes', poe: 'no', watchdog: 'yes', rtc: 'no' },
    ...over,
  };
}

const credential = (number: number, expiresAtMs: number) => ({
  nodeId: nodeId(`n-000000000000${number}`),
  expiresAtMs,
});

test('a node is near its end by its newest certificate, the most pressing first', () => {
  const nodes = [node(1), node(2), node(3), node(4)];
  const credentials = [
    credential(1, NOW_MS + 6 * DAY_MS),
    credential(2, NOW_MS - DAY_MS),
    credential(3, NOW_MS + DAY_MS), // of before its renewal
    credential(3, NOW_MS + 29 * DAY_MS),
    credential(4, NOW_MS + 8 * DAY_MS),
  ];
  const { expiring } = factsOfNodes(nodes, credentials, NOW_MS);
  expect(expiring.count).toBe(2);
  expect(expiring.first.map(({ name }) => name)).toEqual(['pi-02', 'pi-01']);
});

test('what is out of service is neither counted nor told', () => {
  const nodes = [node(1, { state: 'revoked' }), node(2)];
  const facts = factsOfNodes(nodes, [credential(1, NOW_MS)], NOW_MS);
  expect(facts).toMatchObject({ inService: 1, expiring: { count: 0 }, agentVersions: [{ count: 1 }] });
});

test('versions are counted, and nodes that never reported have none', () => {
  const nodes = [node(1), node(2, { agentVersion: '0.0.9' }), node(3), node(4, { agentVersion: '' })];
  expect(factsOfNodes(nodes, [], NOW_MS).agentVersions).toEqual([
    { version: '0.1.0', count: 2 },
    { version: '0.0.9', count: 1 },
  ]);
});

test('a clock that is wrong is told with its message; one that is only remarkable is not', () => {
  const condition = { instance: '', status: 'true', remedy: '', sinceMs: NOW_MS } as const;
  const wrong = { ...condition, type: 'ClockOffset', severity: 'warning', message: '60 s behind' } as const;
  const remarkable = { ...condition, type: 'ClockDrifting', severity: 'info', message: 'drifts' } as const;
  const over = { ...wrong, status: 'false' } as const;
  const { clocks } = factsOfNodes(
    [node(1, { conditions: [remarkable, wrong] }), node(2, { conditions: [remarkable, over] })],
    [],
    NOW_MS,
  );
  expect(clocks).toEqual({ count: 1, first: [{ name: 'pi-01', site: 'cam', message: '60 s behind' }] });
});

test('of many only the first ten are named, and all are counted', () => {
  const nodes = Array.from({ length: 30 }, (_, index) => node(1, { id: `n-${index}`, name: `pi-${index}` }));
  const condition = { instance: '', status: 'true', remedy: '', sinceMs: 0, message: 'm' } as const;
  const wrong = nodes.map((one) => ({
    ...one,
    conditions: [{ ...condition, type: 'ClockOffset', severity: 'error' } as const],
  }));
  const { clocks } = factsOfNodes(wrong, [], NOW_MS);
  expect([clocks.count, clocks.first.length]).toEqual([30, 10]);
});
