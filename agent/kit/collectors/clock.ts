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

/**
 * Real-time clock minus system clock, whole seconds; `undefined` where no such clock can be read. One that runs in local time
 * (a PC that also runs Windows) is off by its time zone. Source: Linux ABI/testing/sysfs-class-rtc.
 */
export function rtcOffsetS(kernel: KernelFiles, nowMs: number): number | undefined {
  const text = kernel.readText('/sys/class/rtc/rtc0/since_epoch') ?? '';
  return /^\d{1,15}\n$/.test(text) ? Number(text) - Math.floor(nowMs / 1000) : undefined;
}

/**
 * Left by the oneshot that raises the clock at boot, when it had to; gone with the boot. Neither the clock nor the kernel tell of
 * it afterwards.
 */
export const CLOCK_RAISED_MARK = '/run/bramble-clock-floor/raised';

export function makeClockCollector(probe: AgentProbe): Collector {
  let rtc: boolean | undefined;
  let rtcOffset: number | undefined;
  let synchronised: boolean | undefined;
  // Once the clock is set, nothing tells any more: what was seen is kept.
  let bootedInPast = false;
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'clock',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - surveyedMs >= SURVEY_MS) {
        rtc = hasRtc(kernel);
        rtcOffset = rtcOffsetS(kernel, clock.nowMs());
        synchronised = isSynchronised(kernel);
        bootedInPast ||= probe.clockUntrusted() || kernel.readText(CLOCK_RAISED_MARK) !== undefined;
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      samples.flag('clock_synchronised_flag', synchronised);
      samples.number('clock_controller_offset_ms', probe.controllerOffsetMs());
      samples.flag('clock_untrusted_flag', probe.clockUntrusted());
      samples.flag('clock_rtc_present_flag', rtc);
      samples.number('clock_steps_count', probe.clockStepsCount());
      samples.number('clock_rtc_offset_s', rtcOffset);
      samples.flag('clock_booted_in_past_flag', bootedInPast);
      return ok(samples.list);
    },
  };
}
