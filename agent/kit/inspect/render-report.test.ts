import { expect, test } from 'vitest';
import { FACTS, type FactName, isTextFact, type Sample } from '../../../proto/contract/facts.js';
import { type OneReport, renderJson, renderText } from './render-report.js';
import { factWords, unitOf, valueWords } from './value-words.js';

const REPORT: OneReport = {
  kind: 'pi',
  agentVersion: '1.2.3',
  hostRoot: '/host',
  takenAtUnixMs: 1_790_000_000_000,
  findings: [
    {
      collector: 'memory',
      state: 'ok',
      why: '',
      durationUs: 40,
      samples: [
        { fact: 'memory_total_bytes', instance: '', value: 2 ** 30 },
        { fact: 'filesystem_read_only_flag', instance: '/boot/\u001b[31m', value: 1 },
      ],
    },
    { collector: 'boot', state: 'no-data', why: 'no boot id in /proc', durationUs: 7, samples: [] },
  ],
};

test('people get a table in words, harmless for their terminal', () => {
  expect(renderText(REPORT)).toBe(`memory
  memory total                            1.0 GiB
  filesystem read only  /boot/\\u{1b}[31m  yes

boot: no data (no boot id in /proc)
`);
});

test('programs get the contract names and units', () => {
  expect(JSON.parse(renderJson(REPORT))).toEqual({
    kind: 'pi',
    agentVersion: '1.2.3',
    hostRoot: '/host',
    takenAtUnixMs: 1_790_000_000_000,
    collectors: [
      { name: 'memory', state: 'ok', durationUs: 40 },
      { name: 'boot', state: 'no-data', why: 'no boot id in /proc', durationUs: 7 },
    ],
    facts: [
      { fact: 'memory_total_bytes', instance: '', value: 1_073_741_824 },
      { fact: 'filesystem_read_only_flag', instance: '/boot/\u001b[31m', value: 1 },
    ],
  });
});

test.for<[Sample, string]>([
  [{ fact: 'cpu_busy_permille', instance: '', value: 123 }, '12.3 %'],
  [{ fact: 'load_1m_milli', instance: '', value: 470 }, '0.47'],
  [{ fact: 'network_speed_mbps', instance: 'eth0', value: 100 }, '100 Mbit/s'],
  [{ fact: 'network_operational_state', instance: 'eth0', value: 2 }, 'down'],
  [{ fact: 'network_operational_state', instance: 'eth0', value: 9 }, '9'],
  [{ fact: 'network_duplex_state', instance: 'eth0', value: 1 }, 'full'],
  [{ fact: 'clock_rtc_present_flag', instance: '', value: 0 }, 'no'],
  [{ fact: 'collector_duration_us', instance: 'cpu', value: 80 }, '80 µs'],
  [{ fact: 'boot_agent_started_ms', instance: '', value: 12_000 }, '12 s'],
  [{ fact: 'memory_oom_kills_count', instance: '', value: 2 }, '2 since start'],
  [{ fact: 'cpu_cores_count', instance: '', value: 4 }, '4'],
  [{ fact: 'temperature_millidegrees', instance: 'cpu', value: -1_250 }, '-1.3 °C'],
  [{ fact: 'cpu_frequency_mhz', instance: 'policy0', value: 1_500 }, '1500 MHz'],
  [{ fact: 'fan_speed_rpm', instance: 'fan1', value: 3_000 }, '3000 turns/min'],
  [{ fact: 'ext4_last_error_unix_s', instance: 'mmcblk0p2', value: 1_790_000_000 }, '2026-09-21T14:13:20Z'],
  [{ fact: 'ext4_last_error_unix_s', instance: 'mmcblk0p2', value: 2 ** 50 }, '1125899906842624'],
  [{ fact: 'clock_rtc_offset_s', instance: '', value: 90 }, '1 min 30 s'],
  [{ fact: 'boot_reason_state', instance: '', value: 3 }, 'hardware watchdog'],
])('%j is "%s"', ([sample, want]) => {
  expect(valueWords(sample)).toBe(want);
});

test('every fact of the contract has a unit and a name in words', () => {
  // Object.keys widens what are the names of FACTS.
  for (const fact of Object.keys(FACTS) as FactName[]) {
    expect(unitOf(fact), fact).toBeDefined();
    expect(factWords(fact)).toMatch(/^[a-z0-9 ]+$/);
    const unit = unitOf(fact);
    expect(isTextFact(fact), fact).toBe(unit === 'text');
  }
});
