import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import * as z from '../../agent/kit/form.js';
import type { Exec, KernelFiles } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 15_000;
const SUPPLIES_MAX = 8;

/** A power supply of the switch. */
export interface Supply {
  readonly id: string;
  readonly isPresent: boolean;
  /** It gives no power. */
  readonly isLost: boolean;
}

const ROWS = z.array(z.object({ name: z.string(), type: z.optional(z.string()), state: z.optional(z.string()) }));

/**
 * Reads `smonctl -j`: rows of type "power" are supplies. Not run on hardware yet. Source: Cumulus Linux user guide, "Monitoring System
 * Hardware", smonctl; states OK, BAD, ABSENT.
 * @throws BrambleError `data-loss`
 */
export function parseSmonctl(json: string): readonly Supply[] {
  let rows: z.infer<typeof ROWS>;
  try {
    rows = ROWS.parse(JSON.parse(json));
  } catch (cause) {
    throw new BrambleError('data-loss', 'smonctl printed something else than its JSON', { cause });
  }
  return rows.flatMap(({ name, type, state }) => {
    if (type !== 'power' || state === undefined || !/^PSU\d{1,2}$/i.test(name)) return [];
    return [{ id: name.toUpperCase(), isPresent: state !== 'ABSENT', isLost: state !== 'OK' }];
  });
}

/** Supplies that the kernel itself knows. Source: Linux ABI/testing/sysfs-class-power, type Mains, online. */
export function readSupplies(kernel: Pick<KernelFiles, 'readText' | 'list'>): readonly Supply[] {
  const directory = '/sys/class/power_supply';
  const names = (kernel.list(directory) ?? []).filter((name) => /^[\w.-]{1,30}$/.test(name)).toSorted();
  const mains = names.filter((name) => readLine(kernel, `${directory}/${name}/type`) === 'Mains');
  return mains.flatMap((name, at) => {
    const online = readLine(kernel, `${directory}/${name}/online`);
    if (online === undefined || !/^\d$/.test(online)) return [];
    const present = readLine(kernel, `${directory}/${name}/present`) ?? '1';
    return [{ id: `PSU${at + 1}`, isPresent: present !== '0', isLost: online === '0' || present === '0' }];
  });
}

/** Who still gives power. */
export function makeSuppliesCollector(): Collector {
  return {
    name: 'supplies',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS + 1_000,
    async collect({ exec, kernel }, signal) {
      const supplies = readSupplies(kernel);
      const told = supplies.length > 0 ? supplies : await askSmonctl(exec, signal);
      const samples = new Samples();
      for (const { id, isPresent, isLost } of told.slice(0, SUPPLIES_MAX)) {
        samples.flag('psu_present_flag', isPresent, id);
        samples.flag('psu_lost_flag', isLost, id);
      }
      return samples.list.length === 0 ? noData('nothing here tells of power supplies') : ok(samples.list);
    },
  };
}

async function askSmonctl(exec: Exec, signal: AbortSignal): Promise<readonly Supply[]> {
  try {
    const { status, stdout, stderr } = await exec.run(['smonctl', '-j'], { signal, timeoutMs: TIMEOUT_MS });
    if (status === 0) return parseSmonctl(stdout);
    throw new BrambleError('unavailable', `smonctl: ${stderr.trim().slice(0, 200)}`);
  } catch (error) {
    if (BrambleError.from(error).code === 'not-found') return [];
    throw error;
  }
}

function readLine(kernel: Pick<KernelFiles, 'readText'>, path: string): string | undefined {
  return kernel.readText(path)?.trim();
}
