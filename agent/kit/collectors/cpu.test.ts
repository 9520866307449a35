import { describe, expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { type CpuTimes, cpuShare, makeCpuCollector, parseLoadavg, parseStat } from './cpu.js';

test.for(recorded<CpuTimes>('proc-stat'))('reads processor times of $name', ({ input, expected: want }) => {
  expect(parseStat(input)).toEqual(want);
});

test.for(recorded('proc-loadavg'))('reads the load of $name', ({ input, expected: want }) => {
  expect(parseLoadavg(input)).toEqual(want);
});

test('a cut file is refused or says the same', () => {
  for (const { input } of recorded('proc-stat')) {
    expectNoInvention(parseStat, input, (cut, all) => expect(cut).toEqual(all));
    expectRefusalOfGarbage(parseStat, input);
  }
  for (const { input } of recorded('proc-loadavg')) {
    expectNoInvention(parseLoadavg, input, (cut, all) => expect(cut).toEqual(all));
    expectRefusalOfGarbage(parseLoadavg, input);
  }
});

describe('the share of busy time', () => {
  const times = (busyTicks: number, iowaitTicks: number, totalTicks: number): CpuTimes => {
    return { cores: 4, busyTicks, iowaitTicks, totalTicks, blockedCount: 0 };
  };

  test.for<[string, CpuTimes, CpuTimes, ReturnType<typeof cpuShare>]>([
    ['half of the time', times(100, 0, 1000), times(150, 10, 1100), { busyPermille: 500, iowaitPermille: 100 }],
    ['no tick has passed', times(100, 0, 1000), times(100, 0, 1000), undefined],
    ['counters went back: a new boot in a virtual machine', times(100, 0, 1000), times(5, 0, 50), undefined],
    ['iowait stepped back', times(100, 50, 1000), times(100, 40, 1100), { busyPermille: 0, iowaitPermille: 0 }],
    ['never above the whole', times(100, 0, 1000), times(300, 0, 1100), { busyPermille: 1000, iowaitPermille: 0 }],
  ])('%s', ([, before, after, want]) => {
    expect(cpuShare(before, after)).toEqual(want);
  });
});

const STAT = (busy: number, idle: number): string =>
  `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 ${busy} 0 0 ${idle} 0 0 0 0 0 0\nintr 1\nprocs_blocked 2\nsoftirq 0\n`;

test('shares are unknown at first and then those of the time since the last run', async () => {
  const files = { '/proc/stat': STAT(1000, 9000), '/proc/loadavg': '0.47 1.37 12.23 1/94 9730\n' };
  const { collector, kernel, run } = collectOn(makeCpuCollector(), files);
  const first = values(await run());
  expect(first).toMatchObject({ cpu_cores_count: 1, load_1m_milli: 470, load_5m_milli: 1370, load_15m_milli: 12230 });
  expect(first).toMatchObject({ processes_blocked_count: 2 });
  expect(first).not.toHaveProperty('cpu_busy_permille');
  kernel.set('/proc/stat', STAT(1030, 9070));
  expect(values(await run())).toMatchObject({ cpu_busy_permille: 300, cpu_iowait_permille: 0 });
  // Asked again within the same tick, it says what it said.
  expect(values(await run())).toMatchObject({ cpu_busy_permille: 300 });
  expect(collector.name).toBe('cpu');
});

test('a host without /proc has no data, not zeros', async () => {
  const { run } = collectOn(makeCpuCollector(), {});
  expect(await run()).toEqual({ kind: 'no-data', why: 'no /proc/stat' });
});
