import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { cpuinfoField, parseRevisionCell } from '../../kit/collectors/board-files.js';
import { listNumbered, readLine } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';
import { NETBOOT_STATES } from './board-types.js';
import { DEVICE_TREE, readCell, readString } from './device-tree.js';
import { decodeRevision, type Revision } from './revision-code.js';

const WATCHDOGS = '/sys/class/watchdog';

/** softdog.c names itself so: a timer in the kernel, of no use when the kernel hangs. */
const SOFTWARE_WATCHDOG = 'Software Watchdog';

/** What the revision code says about the model, the bootloader in EEPROM, and whether the kernel drives a watchdog. */
export function makeBoardModelCollector(): Collector {
  return {
    name: 'board-model',
    intervalMs: 3_600_000,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const samples = new Samples();
      const revision = readRevision(kernel);
      if (revision !== undefined) addRevision(samples, revision);
      // Both are of the bootloader in EEPROM; boards that load it from the card have neither.
      // Source: raspberrypi.com documentation, "Firmware parameters", /chosen/bootloader.
      const built = readCell(kernel, 'chosen/bootloader/build-timestamp');
      samples.text('board_bootloader_text', readString(kernel, 'chosen/bootloader/version'));
      samples.number('board_bootloader_built_unix_s', built === 0 ? undefined : built);
      samples.flag('board_watchdog_flag', hasHardwareWatchdog(kernel));
      return samples.list.length === 0 ? noData('neither a revision code nor /sys/class') : ok(samples.list);
    },
  };
}

function readRevision(kernel: KernelFiles): Revision | undefined {
  const cell = kernel.readText(`${DEVICE_TREE}/system/linux,revision`, 'latin1');
  const code = cell === undefined ? undefined : parseRevisionCell(cell);
  const hex = code ?? cpuinfoField(kernel.readText('/proc/cpuinfo') ?? '', 'Revision');
  return hex === undefined ? undefined : decodeRevision(hex);
}

function addRevision(samples: Samples, { name, maker, soc, ramBytes, type }: Revision): void {
  samples.text('board_name_text', name);
  samples.text('board_maker_text', maker);
  samples.text('board_soc_text', soc);
  samples.number('board_ram_bytes', ramBytes);
  samples.number('board_netboot_state', type?.netboot === undefined ? undefined : NETBOOT_STATES[type.netboot]);
  samples.flag('board_ethernet_flag', type?.hasEthernet);
  samples.flag('board_poe_flag', type?.hasPoeHeader);
}

/** Source: Linux ABI/testing/sysfs-class-watchdog. `undefined` without sysfs. */
function hasHardwareWatchdog(kernel: KernelFiles): boolean | undefined {
  const watchdogs = listNumbered(kernel, WATCHDOGS, 'watchdog');
  if (watchdogs.some((name) => readLine(kernel, `${WATCHDOGS}/${name}/identity`) !== SOFTWARE_WATCHDOG)) return true;
  return kernel.list('/sys/class') === undefined ? undefined : false;
}
