import { expect, test } from 'vitest';
import type { FactView, NodeDetail } from '../../proto/contract/api/fleet.js';
import { graphViews, wantedSeries } from './graph-view.js';

const NOW_MS = 1_795_176_000_000;
const GIB = 2 ** 30;

function node(facts: readonly FactView[]): NodeDetail {
  return {
    ...{ id: 'n-1', name: 'pi-1', site: 'cam', kind: 'pi', state: 'ready', why: '', liveness: 'fresh' },
    ...{ lastSeenMs: NOW_MS - 1_000, model: '', serial: '', macAddresses: [], agentVersion: '', conditions: [] },
    ...{ labels: {}, revision: 1, capabilityOverrides: {} },
    capabilities: { netboot: 'rom', ethernet: 'yes', poe: 'unknown', watchdog: 'yes', rtc: 'no' },
    ...{ desiredRevision: 0, desiredRevisionReached: 0, facts: [...facts] },
  };
}

const fact = (name: string, value: number, instance = ''): FactView => ({ fact: name, instance, value });

const PI = node([
  fact('cpu_busy_permille', 120),
  fact('memory_total_bytes', 4 * GIB),
  fact('memory_available_bytes', 3 * GIB),
  fact('temperature_millidegrees', 40_000, 'rp1_adc temp1'),
  fact('temperature_millidegrees', 51_000, 'cpu-thermal'),
  fact('network_received_bytes', 10, 'wlan0'),
  fact('network_received_bytes', 5_000_000, 'eth0'),
  fact('network_transmitted_bytes', 100, 'eth0'),
]);

/** One value every five minutes. */
const every5Min = (value: (step: number) => number) =>
  Array.from({ length: 13 }, (_, step) => [NOW_MS - (12 - step) * 300_000, value(step)] as const);

test('a Pi has graphs of its processor, memory, processor’s temperature and busiest link', () => {
  expect(wantedSeries(PI)).toEqual([
    { fact: 'cpu_busy_permille', instance: '' },
    { fact: 'memory_available_bytes', instance: '' },
    { fact: 'temperature_millidegrees', instance: 'cpu-thermal' },
    { fact: 'network_received_bytes', instance: 'eth0' },
    { fact: 'network_transmitted_bytes', instance: 'eth0' },
  ]);
});

test('what a node does not report has no graph', () => {
  expect(wantedSeries(node([fact('memory_available_bytes', 1)]))).toEqual([]);
});

test('every graph says in words what it shows', () => {
  const history = [
    every5Min((step) => step * 10),
    every5Min(() => 3 * GIB),
    every5Min(() => 51_000),
    every5Min((step) => step * 300 * 2_048),
    every5Min((step) => step * 300 * 1_024),
  ];
  const views = graphViews(PI, history, NOW_MS + 1);
  expect(views.map(({ title, now }) => [title, now])).toEqual([
    ['Processor', '12 %'],
    ['Memory in use', '25 %'],
    ['Temperature', '51 °C'],
    ['Network eth0', expect.stringMatching(/^in .* out /)],
  ]);
  expect(views[0]?.summary).toMatch(/^Processor in the last hour: now 12 %, on average 6 %, between 0 % and 12 %/);
});

test('values beyond the usual range widen it to a round number', () => {
  const hot = every5Min(() => 97_000);
  const [, , temperature] = graphViews(PI, [[], [], hot, [], []], NOW_MS + 1);
  expect([temperature?.bottom, temperature?.top]).toEqual(['20 °C', '100 °C']);
});

test('without any record a graph says so instead of showing zero', () => {
  const [processor] = graphViews(PI, [[], [], [], [], []], NOW_MS);
  expect(processor?.now).toBe('no data');
  expect(processor?.summary).toBe('Processor in the last hour: no data');
  expect(processor?.lines[0]?.heights.every((height) => height === undefined)).toBe(true);
});
