import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';

const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 5_000;
const SENSORS_MAX = 64;
/** Nothing that a switch is made of stands more than this; beyond it a sensor is broken. */
const MILLIDEGREES_MAX = 200_000;

/**
 * Temperatures and fans of the board, with the limits that the hardware names. Source: Linux Documentation/hwmon/sysfs-interface.rst:
 * tempN_input and tempN_crit or tempN_max in millidegrees, fanN_input and fanN_min in turns a minute, *_alarm.
 */
export function makeSensorsCollector(): Collector {
  return {
    name: 'sensors',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    collect({ kernel }) {
      const { list } = readSensors(kernel);
      return list.length === 0 ? noData('the kernel offers no sensor') : ok(list);
    },
  };
}

type Files = Pick<KernelFiles, 'readText' | 'list'>;

export function readSensors(kernel: Files): Samples {
  const samples = new Samples();
  const told = new Set<string>();
  for (const chip of (kernel.list('/sys/class/hwmon') ?? []).filter((name) => /^hwmon\d+$/.test(name))) {
    const path = `/sys/class/hwmon/${chip}`;
    const chipName = readLine(kernel, `${path}/name`) ?? chip;
    for (const file of (kernel.list(path) ?? []).toSorted()) {
      const [, sensor = '', kind = ''] = /^((temp|fan)\d{1,2})_input$/.exec(file) ?? [];
      if (sensor === '' || told.size >= SENSORS_MAX) continue;
      const name = `${chipName} ${readLine(kernel, `${path}/${sensor}_label`) ?? sensor}`.slice(0, 60);
      // Two chips of one kind are told apart by their number.
      const instance = told.has(name) ? `${name} ${chip}` : name;
      told.add(instance);
      if (kind === 'temp') addTemperature(samples, kernel, `${path}/${sensor}`, instance);
      else addFan(samples, kernel, `${path}/${sensor}`, instance);
    }
  }
  return samples;
}

function addTemperature(samples: Samples, kernel: Files, path: string, instance: string): void {
  const inRange = (value: number | undefined): number | undefined =>
    value !== undefined && Math.abs(value) <= MILLIDEGREES_MAX ? value : undefined;
  samples.number('sensor_temp_millidegrees', inRange(numberIn(kernel, `${path}_input`)), instance);
  const limit = numberIn(kernel, `${path}_crit`) ?? numberIn(kernel, `${path}_max`);
  samples.number('sensor_temp_limit_millidegrees', inRange(limit), instance);
  addAlarm(samples, kernel, path, instance);
}

function addFan(samples: Samples, kernel: Files, path: string, instance: string): void {
  samples.number('sensor_fan_rpm', numberIn(kernel, `${path}_input`), instance);
  const least = numberIn(kernel, `${path}_min`);
  samples.number('sensor_fan_least_rpm', least === 0 ? undefined : least, instance);
  addAlarm(samples, kernel, path, instance);
}

function addAlarm(samples: Samples, kernel: Files, path: string, instance: string): void {
  const alarms = ['alarm', 'crit_alarm', 'fault'].map((word) => readLine(kernel, `${path}_${word}`));
  if (alarms.every((alarm) => alarm === undefined)) return;
  samples.flag('sensor_alarm_flag', alarms.includes('1'), instance);
}

function numberIn(kernel: Files, path: string): number | undefined {
  const text = readLine(kernel, path);
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function readLine(kernel: Files, path: string): string | undefined {
  return kernel.readText(path)?.trim();
}
