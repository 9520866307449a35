import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { isPhysical } from '../../agent/kit/collectors/interface-link.js';
import { readLine } from '../../agent/kit/collectors/kernel-line.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';

/** Bound on the ports of one report; the widest switches have 52, and bonds. */
export const PORTS_MAX = 96;
/** IFF_UP. Source: Linux include/uapi/linux/if.h. */
const IFF_UP = 0x1;

/**
 * Ports of a switch: what has a device behind it, is a member of a bridge or a bond, or is called a port by the plan. Speed, duplex,
 * counters and flaps of the same interfaces are facts of the collector "network".
 * Sources: Linux ABI/testing/sysfs-class-net, net/bridge/br_sysfs_if.c.
 */
function listPorts(kernel: KernelFiles): readonly string[] {
  const names = (kernel.list('/sys/class/net') ?? []).filter((name) => /^[a-z][a-z0-9_-]{0,14}$/.test(name));
  const isPort = (name: string): boolean =>
    isPhysical(kernel, name) ||
    kernel.list(`/sys/class/net/${name}/brport`) !== undefined ||
    kernel.list(`/sys/class/net/${name}/bonding`) !== undefined;
  return names.filter((name) => name !== 'lo' && isPort(name)).slice(0, PORTS_MAX);
}

/** What the kernel's files say of every port, without asking any program. */
export function makePortsCollector(): Collector {
  return {
    name: 'ports',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel }) {
      const { list } = addPorts(kernel);
      return list.length === 0 ? noData('no port') : ok(list);
    },
  };
}

export function addPorts(kernel: KernelFiles): Samples {
  const samples = new Samples();
  for (const port of listPorts(kernel)) addPort(samples, kernel, port);
  return samples;
}

function addPort(samples: Samples, kernel: KernelFiles, port: string): void {
  const directory = `/sys/class/net/${port}`;
  const flags = readLine(kernel, `${directory}/flags`);
  const isKnown = flags !== undefined && /^0x[0-9a-f]+$/.test(flags);
  samples.flag('port_admin_flag', isKnown ? (Number(flags) & IFF_UP) !== 0 : undefined, port);
  samples.text('port_role_text', readLine(kernel, `${directory}/ifalias`), port);
  const state = readLine(kernel, `${directory}/brport/state`);
  if (state === undefined) return;
  samples.number('port_stp_state', /^[0-4]$/.test(state) ? Number(state) : undefined, port);
  const guard = readLine(kernel, `${directory}/brport/bpdu_guard`);
  samples.flag('port_bpdu_guard_flag', guard === '1' || guard === '0' ? guard === '1' : undefined, port);
  samples.text('port_bridge_text', bridgeOf(kernel, directory), port);
}

/** The bridge's own number, found again among all interfaces, would cost a read for each: brport/bridge is a link to it. */
function bridgeOf(kernel: KernelFiles, directory: string): string | undefined {
  return /^INTERFACE=([\w.-]{1,15})$/m.exec(kernel.readText(`${directory}/brport/bridge/uevent`) ?? '')?.[1];
}
