import { expect, test } from 'vitest';
import type { Tree } from '../../../test/fixtures/index.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeThermalCollector } from './thermal.js';
import { FANS_MAX, parseMillidegrees, TEMPERATURES_MAX } from './thermal-sensors.js';

const ZONE = '/sys/class/thermal/thermal_zone0';
const HWMON = '/sys/class/hwmon';

const PI_5 = {
  [`${ZONE}/type`]: 'cpu-thermal\n',
  [`${ZONE}/temp`]: '50450\n',
  [`${ZONE}/trip_point_0_type`]: 'critical\n',
  [`${ZONE}/trip_point_0_temp`]: '110000\n',
  [`${ZONE}/trip_point_1_type`]: 'active\n',
  [`${ZONE}/trip_point_1_temp`]: '75000\n',
  [`${HWMON}/hwmon0/name`]: 'cpu_thermal\n',
  [`${HWMON}/hwmon0/temp1_input`]: '50450\n',
  [`${HWMON}/hwmon1/name`]: 'rp1_adc\n',
  [`${HWMON}/hwmon1/temp1_input`]: '47613\n',
  [`${HWMON}/hwmon2/name`]: 'pwmfan\n',
  [`${HWMON}/hwmon2/fan1_input`]: '2994\n',
};

test('a Pi 5 tells the temperature of its processor once, that of its I/O chip, and its fan', async () => {
  expect(values(await collectOn(makeThermalCollector(), PI_5).run())).toEqual({
    'temperature_millidegrees cpu-thermal': 50_450,
    'temperature_critical_millidegrees cpu-thermal': 110_000,
    'temperature_millidegrees rp1_adc temp1': 47_613,
    'fan_speed_rpm pwmfan fan1': 2_994,
  });
});

test('a poll between two surveys reads values only', async () => {
  const opened: string[] = [];
  const { run, world } = collectOn(makeThermalCollector(), PI_5, (host) => {
    const { kernel } = host;
    const note = <T>(path: string, answer: T): T => {
      opened.push(path);
      return answer;
    };
    return {
      ...host,
      kernel: {
        readText: (path) => note(path, kernel.readText(path)),
        list: (path) => note(path, kernel.list(path)),
        statFilesystem: (path) => kernel.statFilesystem(path),
      },
    };
  });
  await run();
  opened.length = 0;
  await run();
  expect(opened).toEqual([`${ZONE}/temp`, `${HWMON}/hwmon1/temp1_input`, `${HWMON}/hwmon2/fan1_input`]);
  await world.runFor(3_600_000);
  await run();
  expect(opened).toContain(HWMON);
});

test('zones and chips of one name are told apart by their numbers, in their order', async () => {
  const files = Object.fromEntries(
    [2, 10].flatMap((n) => [
      [`/sys/class/thermal/thermal_zone${n}/type`, 'acpitz\n'],
      [`/sys/class/thermal/thermal_zone${n}/temp`, `${n}000\n`],
      [`${HWMON}/hwmon${n}/name`, 'nvme\n'],
      [`${HWMON}/hwmon${n}/temp1_input`, `${n}500\n`],
      [`${HWMON}/hwmon${n}/temp1_label`, 'Composite\n'],
    ]),
  );
  expect(Object.entries(values(await collectOn(makeThermalCollector(), files).run()))).toEqual([
    ['temperature_millidegrees acpitz.2', 2_000],
    ['temperature_millidegrees acpitz.10', 10_000],
    ['temperature_millidegrees nvme.2 Composite', 2_500],
    ['temperature_millidegrees nvme.10 Composite', 10_500],
  ]);
});

test('a sensor that does not answer is left out, and the others are not', async () => {
  const { run, kernel } = collectOn(makeThermalCollector(), PI_5);
  await run();
  kernel.delete(`${ZONE}/temp`); // EAGAIN
  const facts = values(await run());
  expect(facts).not.toHaveProperty('temperature_millidegrees cpu-thermal');
  expect(facts).toMatchObject({ 'temperature_millidegrees rp1_adc temp1': 47_613 });
});

test.for<[string, string | undefined, number | undefined]>([
  ['frost', '-12500', -12_500],
  ['a sensor that was never started', '-274000', undefined],
  ['cut short', undefined, undefined],
  ['no number', 'N/A', undefined],
  ['no digits', '-', undefined],
])('%s', ([, line, want]) => {
  expect(parseMillidegrees(line)).toBe(want);
});

test('the number of sensors has a bound', async () => {
  const inputs = (kind: string): readonly (readonly [string, string])[] =>
    Array.from({ length: 90 }, (_, i) => [`${HWMON}/hwmon0/${kind}${i}_input`, '1000\n']);
  const files: Tree = {
    [`${HWMON}/hwmon0/name`]: 'chip\n',
    ...Object.fromEntries([...inputs('temp'), ...inputs('fan')]),
  };
  const facts = Object.keys(values(await collectOn(makeThermalCollector(), files).run()));
  expect(facts.filter((fact) => fact.startsWith('temperature'))).toHaveLength(TEMPERATURES_MAX);
  expect(facts.filter((fact) => fact.startsWith('fan'))).toHaveLength(FANS_MAX);
});

test('a machine without sensors has no data', async () => {
  expect(await collectOn(makeThermalCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});
