import { expect, test } from 'vitest';
import { readSensors } from './sensors.js';
import { parseSmonctl, readSupplies } from './supplies.js';

function kernelOf(files: Readonly<Record<string, string>>) {
  return {
    readText: (path: string) => files[path],
    list: (path: string) => {
      const inside = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      const names = inside.map((name) => name.slice(path.length + 1).split('/')[0] ?? '');
      return names.length === 0 ? undefined : [...new Set(names)];
    },
  };
}
const told = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    readSensors(kernelOf(files)).list.map(({ fact, instance, value }) => [`${fact} ${instance}`, value]),
  );

const CHIP = '/sys/class/hwmon/hwmon0';

test('temperatures and fans are told with the limits that the hardware names', () => {
  const files = {
    ...{ [`${CHIP}/name`]: 'lm75\n', [`${CHIP}/temp1_input`]: '41500\n', [`${CHIP}/temp1_max`]: '80000\n' },
    ...{ [`${CHIP}/temp1_crit`]: '95000\n', [`${CHIP}/temp1_label`]: 'Asic\n', [`${CHIP}/temp1_crit_alarm`]: '0\n' },
    ...{ [`${CHIP}/fan1_input`]: '0\n', [`${CHIP}/fan1_min`]: '3000\n', [`${CHIP}/fan1_alarm`]: '1\n' },
  };
  expect(told(files)).toEqual({
    'sensor_temp_millidegrees lm75 Asic': 41_500,
    'sensor_temp_limit_millidegrees lm75 Asic': 95_000,
    'sensor_alarm_flag lm75 Asic': 0,
    'sensor_fan_rpm lm75 fan1': 0,
    'sensor_fan_least_rpm lm75 fan1': 3_000,
    'sensor_alarm_flag lm75 fan1': 1,
  });
});

test('two chips of one kind are told apart, and a sensor that is broken tells nothing', () => {
  const other = '/sys/class/hwmon/hwmon1';
  const files = {
    ...{ [`${CHIP}/name`]: 'lm75\n', [`${CHIP}/temp1_input`]: '-3000\n' },
    ...{ [`${other}/name`]: 'lm75\n', [`${other}/temp1_input`]: '999999999\n', [`${other}/temp2_input`]: 'N/A\n' },
  };
  expect(told(files)).toEqual({ 'sensor_temp_millidegrees lm75 temp1': -3_000 });
});

test('supplies are read as the kernel shows them: there, without input, or taken out', () => {
  const supply = (name: string, online: string, present?: string) => ({
    [`/sys/class/power_supply/${name}/type`]: 'Mains\n',
    [`/sys/class/power_supply/${name}/online`]: online,
    ...(present === undefined ? {} : { [`/sys/class/power_supply/${name}/present`]: present }),
  });
  const battery = { '/sys/class/power_supply/BAT0/type': 'Battery\n', '/sys/class/power_supply/BAT0/online': '1' };
  const files = { ...supply('AC0', '1\n'), ...supply('AC1', '0\n'), ...supply('AC2', '1\n', '0\n'), ...battery };
  expect(readSupplies(kernelOf(files))).toEqual([
    { id: 'PSU1', isPresent: true, isLost: false },
    { id: 'PSU2', isPresent: true, isLost: true },
    { id: 'PSU3', isPresent: false, isLost: true },
  ]);
});

test('smonctl tells of supplies among everything else that it watches', () => {
  const rows = [
    { name: 'Fan1', type: 'fan', state: 'OK' },
    { name: 'PSU1', type: 'power', state: 'OK' },
    { name: 'PSU2', type: 'power', state: 'BAD' },
    { name: 'PSU3', type: 'power', state: 'ABSENT' },
    { name: 'PSU1Temp1', type: 'temp', state: 'OK' },
  ];
  expect(parseSmonctl(JSON.stringify(rows))).toEqual([
    { id: 'PSU1', isPresent: true, isLost: false },
    { id: 'PSU2', isPresent: true, isLost: true },
    { id: 'PSU3', isPresent: false, isLost: true },
  ]);
  expect(() => parseSmonctl('PSU1 OK')).toThrow(expect.objectContaining({ code: 'data-loss' }));
});
