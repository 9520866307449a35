import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { readLine } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';
import { listHwmon } from './hwmon.js';

/** Which of the four things that slow a Pi down are meant. */
export interface PowerFlags {
  /** The supply is below about 4.63 V. */
  readonly undervoltage: boolean;
  readonly frequencyCapped: boolean;
  readonly throttled: boolean;
  readonly softTemperatureLimit: boolean;
}

export interface Throttled {
  readonly now: PowerFlags;
  /** Happened at some time before. */
  readonly before: PowerFlags;
}

/**
 * Parses get_throttled: one number in hex, whose bits 0 to 3 are the present and 16 to 19 the past. Source:
 * raspberrypi.com documentation, "vcgencmd", get_throttled; raspberrypi/linux drivers/firmware/raspberrypi.c,
 * get_throttled_show(), which writes it without 0x.
 * @throws BrambleError `data-loss` when the file is cut short or has another form.
 */
export function parseThrottled(text: string): Throttled {
  const hex = /^(?:0x)?([0-9a-f]{1,8})\n$/.exec(text)?.[1];
  if (hex === undefined) throw new BrambleError('data-loss', 'get_throttled: cut short or of another form');
  const bits = Number.parseInt(hex, 16);
  return { now: flagsOf(bits), before: flagsOf(bits >>> 16) };
}

function flagsOf(bits: number): PowerFlags {
  return {
    undervoltage: (bits & 1) !== 0,
    frequencyCapped: (bits & 2) !== 0,
    throttled: (bits & 4) !== 0,
    softTemperatureLimit: (bits & 8) !== 0,
  };
}

/** What was seen by now: nothing that happened is forgotten before the next boot. */
function remember(seen: PowerFlags, { now, before }: Throttled): PowerFlags {
  const any = (flag: keyof PowerFlags): boolean => seen[flag] || now[flag] || before[flag];
  return {
    undervoltage: any('undervoltage'),
    frequencyCapped: any('frequencyCapped'),
    throttled: any('throttled'),
    softTemperatureLimit: any('softTemperatureLimit'),
  };
}

const PLATFORM = '/sys/devices/platform';

/** Drivers come with the boot; asking for a file that is not there costs ten times a read: ms. */
const SURVEY_MS = 3_600_000;

interface Sources {
  /** get_throttled; newer kernels of some boards no longer have it. */
  readonly throttled: string | undefined;
  /** The alarm of the supply, where the kernel has the driver of Linux Documentation/hwmon/raspberrypi-hwmon.rst. */
  readonly alarm: string | undefined;
}

/**
 * The supply and the brakes. The kernel's own driver (rpi_volt) asks the firmware every two seconds and clears the bits of
 * the past as it does, so that they may be gone at our next look: what was seen once is kept here until the agent ends.
 * A dip between two looks of an agent shows in the kernel's log, not here. Without that driver the file stands still as it
 * was at boot, and the present is unknown. Its first reader of a boot makes the kernel log a warning that it is deprecated.
 * Source: raspberrypi/linux drivers/firmware/raspberrypi.c, drivers/hwmon/raspberrypi-hwmon.c.
 */
export function makePowerCollector(): Collector {
  let seen: PowerFlags = flagsOf(0);
  let sources: Sources = { throttled: undefined, alarm: undefined };
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'power',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - surveyedMs >= SURVEY_MS) {
        sources = survey(kernel);
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      const text = sources.throttled === undefined ? undefined : kernel.readText(sources.throttled);
      if (text !== undefined) {
        const throttled = parseThrottled(text);
        seen = remember(seen, throttled);
        if (sources.alarm !== undefined) addPresent(samples, throttled.now);
        addPast(samples, seen);
      }
      const alarm = sources.alarm === undefined ? undefined : readLine(kernel, sources.alarm);
      if (alarm === '0' || alarm === '1') samples.flag('power_alarm_flag', alarm === '1');
      return samples.list.length === 0 ? noData('the firmware says nothing about the supply') : ok(samples.list);
    },
  };
}

function survey(kernel: KernelFiles): Sources {
  // The device tree names the bus: "soc", on a Pi 5 with its address.
  const buses = (kernel.list(PLATFORM) ?? []).filter((name) => /^soc(?:@[0-9a-f]+)?$/.test(name));
  const throttled = buses.map((bus) => `${PLATFORM}/${bus}/${bus}:firmware/get_throttled`);
  const device = listHwmon(kernel).find(({ name }) => name === 'rpi_volt');
  return {
    throttled: throttled.find((path) => kernel.readText(path) !== undefined),
    alarm: device === undefined ? undefined : `${device.path}/in0_lcrit_alarm`,
  };
}

function addPresent(samples: Samples, now: PowerFlags): void {
  samples.flag('power_undervoltage_flag', now.undervoltage);
  samples.flag('power_frequency_capped_flag', now.frequencyCapped);
  samples.flag('power_throttled_flag', now.throttled);
  samples.flag('power_soft_temperature_limit_flag', now.softTemperatureLimit);
}

function addPast(samples: Samples, seen: PowerFlags): void {
  samples.flag('power_undervoltage_since_boot_flag', seen.undervoltage);
  samples.flag('power_frequency_capped_since_boot_flag', seen.frequencyCapped);
  samples.flag('power_throttled_since_boot_flag', seen.throttled);
  samples.flag('power_soft_temperature_limit_since_boot_flag', seen.softTemperatureLimit);
}
