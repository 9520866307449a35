import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { parseSmart, type SmartValues } from './disk-smart-json.js';
import { orNothing } from './helper-answer.js';

const INTERVAL_MS = 15 * 60_000;
const DISKS_MAX = 32;
/** Disks that may have SMART: SATA, SAS, USB and NVMe. Virtual ones have none. */
const DISK = /^(sd[a-z]{1,3}|nvme\d{1,3}n\d{1,3})$/;
const HOUR_S = 3_600;

/** What the disks say of themselves, through a helper that may open them. A disk that sleeps is left asleep, and says nothing. */
export function makeSmartCollector(): Collector {
  return {
    name: 'smart',
    intervalMs: INTERVAL_MS,
    timeoutMs: 5 * 60_000,
    async collect({ kernel, machine }, signal) {
      const disks = (kernel.list('/sys/block') ?? []).filter((name) => DISK.test(name)).slice(0, DISKS_MAX);
      const samples = new Samples();
      for (const disk of disks) {
        const answer = await orNothing(machine.storage({ kind: 'smart', disk }, signal));
        if ('nothing' in answer) return noData(answer.nothing);
        const values = parseSmart(answer.found);
        if (values !== undefined) addValues(samples, disk, values);
      }
      return samples.list.length === 0 ? noData('no disk that tells') : ok(samples.list);
    },
  };
}

function addValues(samples: Samples, disk: string, values: SmartValues): void {
  const times = (value: number | undefined, factor: number): number | undefined =>
    value === undefined ? undefined : value * factor;
  samples.text('smart_model_text', values.model, disk);
  samples.text('smart_serial_text', values.serial, disk);
  samples.number('smart_health_state', values.passed === undefined ? undefined : values.passed ? 1 : 2, disk);
  samples.number('smart_powered_on_s', times(values.poweredOnHours, HOUR_S), disk);
  samples.number('smart_temperature_millidegrees', times(values.temperatureCelsius, 1_000), disk);
  samples.number('smart_reallocated_count', values.reallocatedCount, disk);
  samples.number('smart_pending_count', values.pendingCount, disk);
  samples.number('smart_uncorrectable_count', values.uncorrectableCount, disk);
  samples.number('smart_cable_errors_count', values.cableErrorsCount, disk);
  samples.number('smart_life_used_permille', times(values.lifeUsedPercent, 10), disk);
  samples.flag('smart_prefail_flag', values.isPrefail, disk);
  samples.flag('smart_self_test_failed_flag', values.hasSelfTestFailed, disk);
}
