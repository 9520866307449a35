import type { Collector } from '../collect/collector.js';
import { ok } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { KernelFiles } from '../host/ports.js';
import { Samples } from './sample.js';

const TIMESYNC = '/run/systemd/timesync';

/** None of this comes and goes quickly, and asking for a file that is not there costs ten times a read: ms. */
const SURVEY_MS = 300_000;

/**
 * Whether the time service has set the clock since it started; `undefined` where none says so in a file that we may read.
 * systemd-timesyncd touches "synchronized" at every successful poll (systemd-timesyncd.service(8)). chronyd and ntpd keep
 * their state to themselves: no data, and the offset against the controller speaks instead.
 */
export function isSynchronised(kernel: KernelFiles): boolean | undefined {
  if (kernel.readText(`${TIMESYNC}/synchronized`) !== undefined) return true;
  return kernel.list(TIMESYNC) === undefined ? undefined : false;
}

/** A clock that runs on while the power is off; a Pi before the 5 has none. `undefined` without sysfs. */
export function hasRtc(kernel: KernelFiles): boolean | undefined {
  const clocks = kernel.list('/sys/class/rtc');
  if (clocks !== undefined) return clocks.length > 0;
  return kernel.list('/sys/class') === undefined ? undefined : false;
}

export function makeClockCollector(probe: AgentProbe): Collector {
  let rtc: boolean | undefined;
  let synchronised: boolean | undefined;
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'clock',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - surveyedMs >= SURVEY_MS) {
        rtc = hasRtc(kernel);
        synchronised = isSynchronised(kernel);
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      samples.flag('clock_synchronised_flag', synchronised);
      samples.number('clock_controller_offset_ms', probe.controllerOffsetMs());
      samples.flag('clock_untrusted_flag', probe.clockUntrusted());
      samples.flag('clock_rtc_present_flag', rtc);
      samples.number('clock_steps_count', probe.clockStepsCount());
      return ok(samples.list);
    },
  };
}
