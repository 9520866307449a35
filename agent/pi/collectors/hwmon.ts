import { listNumbered, readLine } from '../../kit/collectors/kernel-line.js';
import type { KernelFiles } from '../../kit/host/ports.js';

export interface HwmonDevice {
  /** Directory of its files. */
  readonly path: string;
  /** What its driver calls it; two devices may have the same name. */
  readonly name: string;
  readonly number: number;
}

/** Sensor chips are few; more than this many is not a small board. */
const DEVICES_MAX = 32;

/** Sensors that the kernel offers. Source: Linux Documentation/hwmon/sysfs-interface.rst. */
export function listHwmon(kernel: KernelFiles): readonly HwmonDevice[] {
  return listNumbered(kernel, '/sys/class/hwmon', 'hwmon')
    .slice(0, DEVICES_MAX)
    .flatMap((directory) => {
      const path = `/sys/class/hwmon/${directory}`;
      const name = readLine(kernel, `${path}/name`);
      return name === undefined || name === '' ? [] : [{ path, name, number: Number(directory.slice('hwmon'.length)) }];
    });
}
