import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import type { KernelFiles } from '../host/ports.js';
import { architectureOf, cpuinfoField, parsePrettyName, parseRevisionCell } from './board-files.js';
import { isPhysical, readPermanentMac } from './interface-link.js';
import type { ProcessView } from './process-view.js';
import { Samples } from './sample.js';

/** Hardware as it describes itself: a label and a cross-check, never an identity. */
export interface BoardDescription {
  /** Device-tree model or DMI vendor and product. */
  readonly model: string | undefined;
  /** 16 hex digits on a Pi. DMI's serial is readable to root alone, so that a PC has none. */
  readonly serial: string | undefined;
  /** Raspberry Pi revision code, hex without leading zeros beyond four digits. */
  readonly revision: string | undefined;
  /** As `uname -m`. */
  readonly architecture: string | undefined;
  /** Permanent addresses of physical interfaces, by name. */
  readonly macs: readonly { readonly interfaceName: string; readonly mac: string }[];
}

const DEVICE_TREE = '/proc/device-tree';
const DMI = '/sys/class/dmi/id';

/** Sources: Linux Documentation/devicetree (proc/device-tree), proc_cpuinfo(5), Linux ABI/testing/sysfs-class-net. */
export function readBoard(kernel: KernelFiles): BoardDescription {
  const cpuinfo = kernel.readText('/proc/cpuinfo') ?? '';
  const names = kernel.list('/sys/class/net') ?? [];
  const cell = kernel.readText(`${DEVICE_TREE}/system/linux,revision`, 'latin1');
  return {
    model: label(kernel.readText(`${DEVICE_TREE}/model`)) ?? dmiModel(kernel),
    serial: label(kernel.readText(`${DEVICE_TREE}/serial-number`)) ?? cpuinfoField(cpuinfo, 'Serial'),
    revision: (cell === undefined ? undefined : parseRevisionCell(cell)) ?? cpuinfoField(cpuinfo, 'Revision'),
    architecture: label(kernel.readText('/proc/sys/kernel/arch')) ?? architectureOf(cpuinfo),
    macs: names.flatMap((interfaceName) => {
      const mac = isPhysical(kernel, interfaceName) ? readPermanentMac(kernel, interfaceName) : undefined;
      return mac === undefined ? [] : [{ interfaceName, mac }];
    }),
  };
}

function dmiModel(kernel: KernelFiles): string | undefined {
  const product = label(kernel.readText(`${DMI}/product_name`));
  if (product === undefined) return undefined;
  const vendor = label(kernel.readText(`${DMI}/sys_vendor`));
  return vendor === undefined || product.startsWith(vendor) ? product : `${vendor} ${product}`;
}

/** A line or a device-tree string, which ends with NUL; `undefined` when empty. */
function label(text: string | undefined): string | undefined {
  const plain = text?.replaceAll('\0', ' ').trim();
  return plain === '' ? undefined : plain;
}

/** PRETTY_NAME of os-release(5). */
function readOsName(kernel: KernelFiles): string | undefined {
  const text = kernel.readText('/etc/os-release') ?? kernel.readText('/usr/lib/os-release');
  return text === undefined ? undefined : parsePrettyName(text);
}

/** The kernel answers with the observer's own name inside a container: another root is asked for its file. */
function readHostname(kernel: KernelFiles, view: ProcessView): string | undefined {
  const file = view.isOtherRoot ? label(kernel.readText('/etc/hostname')) : undefined;
  return file ?? label(kernel.readText('/proc/sys/kernel/hostname'));
}

/** What does not change while a kernel runs, or hardly. */
export function makeBoardCollector(view: ProcessView): Collector {
  // Read once: on a netbooted Pi it lies on NFS, and there the agent dares to look only when it starts (it was itself
  // loaded from there a moment ago). The lists of the kernel can be asked at any time.
  let osName: { readonly value: string | undefined } | undefined;
  return {
    name: 'board',
    intervalMs: 3_600_000,
    timeoutMs: 5_000,
    collect({ kernel }) {
      osName ??= { value: readOsName(kernel) };
      const board = readBoard(kernel);
      const samples = new Samples();
      samples.text('board_model_text', board.model);
      samples.text('board_serial_text', board.serial);
      samples.text('board_revision_text', board.revision);
      samples.text('board_architecture_text', board.architecture);
      for (const { interfaceName, mac } of board.macs) samples.text('board_mac_text', mac, interfaceName);
      samples.text('kernel_release_text', label(kernel.readText('/proc/sys/kernel/osrelease')));
      samples.text('os_name_text', osName.value);
      samples.text('hostname_text', readHostname(kernel, view));
      return samples.list.length === 0 ? noData('neither /proc nor /sys is there') : ok(samples.list);
    },
  };
}
