import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makePowerCollector, parseThrottled, type Throttled } from './power.js';

const THROTTLED = '/sys/devices/platform/soc/soc:firmware/get_throttled';
const HWMON = '/sys/class/hwmon';
const DRIVER = { [`${HWMON}/hwmon1/name`]: 'rpi_volt\n', [`${HWMON}/hwmon1/in0_lcrit_alarm`]: '0\n' };

test.for(recorded<Throttled>('get-throttled'))('reads the flags of $name', ({ input, expected: want }) => {
  expect(parseThrottled(input)).toEqual(want);
});

test('a cut file is refused', () => {
  for (const { input } of recorded('get-throttled')) {
    expectNoInvention(parseThrottled, input, (cut, all) => expect(cut).toEqual(all));
    expectRefusalOfGarbage(parseThrottled, input);
  }
});

test('the present and the past are facts of their own', async () => {
  expect(values(await collectOn(makePowerCollector(), { ...DRIVER, [THROTTLED]: '50000\n' }).run())).toEqual({
    power_undervoltage_flag: 0,
    power_frequency_capped_flag: 0,
    power_throttled_flag: 0,
    power_soft_temperature_limit_flag: 0,
    power_undervoltage_since_boot_flag: 1,
    power_frequency_capped_since_boot_flag: 0,
    power_throttled_since_boot_flag: 1,
    power_soft_temperature_limit_since_boot_flag: 0,
    power_alarm_flag: 0,
  });
});

test('the kernel clears the past behind our back: what was seen stays seen', async () => {
  const { run, kernel } = collectOn(makePowerCollector(), { ...DRIVER, [THROTTLED]: '50005\n' });
  expect(values(await run())).toMatchObject({ power_undervoltage_flag: 1, power_undervoltage_since_boot_flag: 1 });
  kernel.set(THROTTLED, '0\n');
  expect(values(await run())).toMatchObject({
    power_undervoltage_flag: 0,
    power_undervoltage_since_boot_flag: 1,
    power_throttled_since_boot_flag: 1,
    power_frequency_capped_since_boot_flag: 0,
  });
});

test('a Pi 5 has its firmware on a bus with an address', async () => {
  const path = '/sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled';
  expect(values(await collectOn(makePowerCollector(), { ...DRIVER, [path]: '8\n' }).run())).toMatchObject({
    power_soft_temperature_limit_flag: 1,
    power_undervoltage_flag: 0,
  });
});

test('the alarm is of the sensor called rpi_volt, whatever its number', async () => {
  const files = {
    [`${HWMON}/hwmon0/name`]: 'cpu_thermal\n',
    [`${HWMON}/hwmon0/in0_lcrit_alarm`]: '0\n',
    [`${HWMON}/hwmon10/name`]: 'rpi_volt\n',
    [`${HWMON}/hwmon10/in0_lcrit_alarm`]: '1\n',
  };
  expect(values(await collectOn(makePowerCollector(), files).run())).toEqual({ power_alarm_flag: 1 });
});

test('where nobody refreshes the file, the present is unknown and the past is not', async () => {
  const facts = values(await collectOn(makePowerCollector(), { [THROTTLED]: '50005\n' }).run());
  expect(facts).toMatchObject({ power_undervoltage_since_boot_flag: 1, power_frequency_capped_since_boot_flag: 0 });
  expect(Object.keys(facts).filter((name) => !name.endsWith('_since_boot_flag'))).toEqual([]);
});

test('a PC has no data', async () => {
  expect(await collectOn(makePowerCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});

test('a machine without such firmware is not asked again before an hour has passed', async () => {
  let asked = 0;
  const absent = (): undefined => {
    asked++;
  };
  const { run, world, kernel } = collectOn(makePowerCollector(), { ...DRIVER, [THROTTLED]: absent });
  expect(values(await run())).toEqual({ power_alarm_flag: 0 });
  await run();
  expect(asked).toBe(1);
  kernel.set(THROTTLED, '0\n');
  await world.runFor(3_600_000);
  expect(values(await run())).toMatchObject({ power_undervoltage_flag: 0 });
});
