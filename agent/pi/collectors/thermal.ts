import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { readCount, readLine } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';
import { findThermalSensors, parseMillidegrees, type ThermalSensors } from './thermal-sensors.js';

/** Which sensors there are is looked up this often; a poll in between reads only their values: ms. */
const SURVEY_MS = 3_600_000;

/**
 * Temperatures and fans, as the kernel gives them. Sources: Linux Documentation/driver-api/thermal/sysfs-api.rst,
 * Documentation/hwmon/sysfs-interface.rst. A sensor that does not answer is left out.
 */
export function makeThermalCollector(): Collector {
  let sensors: ThermalSensors = { temperatures: [], fans: [] };
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'thermal',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - surveyedMs >= SURVEY_MS) {
        sensors = findThermalSensors(kernel);
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      for (const { instance, path, criticalMillidegrees } of sensors.temperatures) {
        samples.number('temperature_millidegrees', parseMillidegrees(readLine(kernel, path)), instance);
        samples.number('temperature_critical_millidegrees', criticalMillidegrees, instance);
      }
      for (const { instance, path } of sensors.fans) {
        samples.number('fan_speed_rpm', readCount(kernel, path), instance);
      }
      return samples.list.length === 0 ? noData('no sensor of temperature, and no fan') : ok(samples.list);
    },
  };
}
