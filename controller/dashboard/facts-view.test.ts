import { expect, test } from 'vitest';
import type { FactView } from '../../proto/contract/api/fleet.js';
import { FACTS } from '../../proto/contract/facts.js';
import { factGroups, rawFacts } from './facts-view.js';

function facts(values: Readonly<Record<string, number | string>>): FactView[] {
  return Object.entries(values).map(([key, value]) => {
    const [fact = '', instance = ''] = key.split('@');
    return { fact, instance, value };
  });
}

function shown(values: Readonly<Record<string, number | string>>): Record<string, string> {
  return Object.fromEntries(factGroups(facts(values), undefined).flatMap(({ rows }) => rows));
}

test('what belongs together stands in one line, with units', () => {
  expect(
    shown({
      'cpu_cores_count@': 4,
      'cpu_busy_permille@': 124,
      'memory_total_bytes@': 2 ** 30,
      'memory_available_bytes@': 2 ** 29,
      'load_1m_milli@': 420,
      'load_5m_milli@': 300,
      'load_15m_milli@': 210,
      'filesystem_size_bytes@/': 2 ** 34,
      'filesystem_available_bytes@/': 2 ** 33,
      'filesystem_type_text@/': 'ext4',
      'filesystem_read_only_flag@/': 1,
      'network_operational_state@eth0': 1,
      'network_speed_mbps@eth0': 1000,
      'network_duplex_state@eth0': 1,
      'clock_controller_offset_ms@': -1_500,
    }),
  ).toEqual({
    Processor: '4 cores, 12.4 % busy',
    Load: '0.42, 0.30, 0.21 (1, 5, 15 min)',
    Memory: '512.0 MiB free of 1.0 GiB (50.0 %)',
    '/': '8.0 GiB free of 16.0 GiB (50.0 %), ext4, read-only',
    eth0: 'up, 1000 Mb/s, full duplex',
    'Against the controller': '2 s behind',
  });
});

test('what is not reported is not shown: no zero, no dash, no group', () => {
  expect(factGroups([], undefined)).toEqual([]);
  expect(shown({ 'memory_total_bytes@': 1024 })).toEqual({ Memory: '1.0 KiB' });
  expect(shown({ 'network_operational_state@wlan0': 2 })).toEqual({ wlan0: 'down' });
});

test('a number of a newer agent is shown as it is, never as something healthy', () => {
  expect(shown({ 'network_operational_state@eth0': 9 })).toEqual({ eth0: 'state 9' });
});

test('a collector that fails is named with its reason', () => {
  expect(
    shown({ 'collector_state@cpu': 1, 'collector_state@clock': 3, 'collector_error_text@clock': 'no such file' }),
  ).toEqual({
    'Collector clock': 'failed, no such file',
  });
});

test('every fact there is can be found under its own name', () => {
  const all = Object.keys(FACTS).map((fact): FactView => ({ fact, instance: 'x', value: 1 }));
  expect(rawFacts(all)).toHaveLength(all.length);
  expect(rawFacts(all)[0]).toEqual(['agent_cpu_ms{x}', '1']);
});
