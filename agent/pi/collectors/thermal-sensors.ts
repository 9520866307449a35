import { listNumbered, readLine } from '../../kit/collectors/kernel-line.js';
import type { KernelFiles } from '../../kit/host/ports.js';
import { type HwmonDevice, listHwmon } from './hwmon.js';

/** A file that is read at every poll, and what its value is about. */
interface Sensor {
  readonly instance: string;
  readonly path: string;
}

interface TemperatureSensor extends Sensor {
  /** At which the kernel shuts the machine down, 1/1000 degree Celsius; zones only. */
  readonly criticalMillidegrees: number | undefined;
}

export interface ThermalSensors {
  readonly temperatures: readonly TemperatureSensor[];
  readonly fans: readonly Sensor[];
}

/** Bounds on one report; a Pi has one to four temperatures and at most one fan. */
export const TEMPERATURES_MAX = 32;
export const FANS_MAX = 16;
/** Linux include/linux/thermal.h knew at most 12. */
const TRIPS_MAX = 16;
const ZONES = '/sys/class/thermal';

/**
 * A temperature in 1/1000 degree Celsius; `undefined` for what is none: cut short, not a number, or colder than nature
 * allows, as THERMAL_TEMP_INVALID (-274000) is. Source: Linux Documentation/driver-api/thermal/sysfs-api.rst.
 */
export function parseMillidegrees(line: string | undefined): number | undefined {
  if (line === undefined || !/^-?\d{1,7}$/.test(line)) return undefined;
  const value = Number(line);
  return value >= -273_150 ? value : undefined;
}

/** Looks up what there is to read: zones of the kernel, then sensors that are no zone, and fans. */
export function findThermalSensors(kernel: KernelFiles): ThermalSensors {
  const zones = findZones(kernel);
  // The kernel offers each zone as a sensor too, under its type with - as _. Source: Linux drivers/thermal/thermal_hwmon.c.
  const zoneNames = new Set(zones.map(({ type }) => type.replaceAll('-', '_')));
  const devices = unambiguous(listHwmon(kernel), ({ name }) => name);
  const others = devices.filter(({ item }) => !zoneNames.has(item.name));
  const temperatures = [
    ...unambiguous(zones, ({ type }) => type).map(({ item, instance }) => ({ ...item.sensor, instance })),
    ...others.flatMap(({ item, instance }) =>
      findInputs(kernel, item, instance, 'temp').map((sensor) => ({ ...sensor, criticalMillidegrees: undefined })),
    ),
  ];
  const fans = devices.flatMap(({ item, instance }) => findInputs(kernel, item, instance, 'fan'));
  return { temperatures: temperatures.slice(0, TEMPERATURES_MAX), fans: fans.slice(0, FANS_MAX) };
}

interface Zone {
  readonly type: string;
  readonly number: number;
  readonly sensor: Omit<TemperatureSensor, 'instance'>;
}

function findZones(kernel: KernelFiles): readonly Zone[] {
  return listNumbered(kernel, ZONES, 'thermal_zone').flatMap((directory) => {
    const path = `${ZONES}/${directory}`;
    const type = readLine(kernel, `${path}/type`);
    if (type === undefined || type === '') return [];
    const sensor = { path: `${path}/temp`, criticalMillidegrees: readCritical(kernel, path) };
    return [{ type, number: Number(directory.slice('thermal_zone'.length)), sensor }];
  });
}

function readCritical(kernel: KernelFiles, zone: string): number | undefined {
  for (let trip = 0; trip < TRIPS_MAX; trip++) {
    const type = readLine(kernel, `${zone}/trip_point_${trip}_type`);
    if (type === undefined) return undefined;
    if (type === 'critical') return parseMillidegrees(readLine(kernel, `${zone}/trip_point_${trip}_temp`));
  }
  return undefined;
}

/** Inputs of one chip by their label, or by their own name where the driver gives none. */
function findInputs(
  kernel: KernelFiles,
  { path }: HwmonDevice,
  device: string,
  kind: 'temp' | 'fan',
): readonly Sensor[] {
  const names = (kernel.list(path) ?? []).flatMap((file) => {
    const found = /^((?:temp|fan)\d{1,3})_input$/.exec(file)?.[1];
    return found?.startsWith(kind) === true ? [found] : [];
  });
  return names.map((name) => {
    const label = readLine(kernel, `${path}/${name}_label`);
    return {
      instance: `${device} ${label === undefined || label === '' ? name : label}`,
      path: `${path}/${name}_input`,
    };
  });
}

/** Names that occur once stay as they are; of those that occur more often, each gets its number. */
function unambiguous<T extends { readonly number: number }>(
  items: readonly T[],
  nameOf: (item: T) => string,
): readonly { readonly item: T; readonly instance: string }[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return items.map((item) => {
    const name = nameOf(item);
    return { item, instance: counts.get(name) === 1 ? name : `${name}.${item.number}` };
  });
}
