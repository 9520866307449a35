import { readCount } from '../../kit/collectors/kernel-line.js';
import { parseMeminfo } from '../../kit/collectors/memory.js';
import type { KernelFiles } from '../../kit/host/ports.js';

/**
 * Memory that a program started by this process may still take: what the machine can give, or less where the process's own
 * control group has a limit. `undefined` when neither says. Sources: proc_meminfo(5); Linux
 * Documentation/admin-guide/cgroup-v2.rst, memory.max and memory.current; "max" is no limit.
 * @throws BrambleError `data-loss` for a damaged /proc/meminfo
 */
export function memoryRoomBytes(kernel: KernelFiles): number | undefined {
  const meminfo = kernel.readText('/proc/meminfo');
  const rooms = [meminfo === undefined ? undefined : parseMeminfo(meminfo).availableBytes, groupRoomBytes(kernel)];
  const known = rooms.filter((room) => room !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Of the unified hierarchy only: systemd's units have been in it since Debian 11. */
function groupRoomBytes(kernel: KernelFiles): number | undefined {
  const group = /^0::(\/\S*)\n/m.exec(kernel.readText('/proc/self/cgroup') ?? '')?.[1];
  if (group === undefined || group.includes('..')) return undefined;
  const maxBytes = readCount(kernel, `/sys/fs/cgroup${group}/memory.max`);
  const currentBytes = readCount(kernel, `/sys/fs/cgroup${group}/memory.current`);
  return maxBytes === undefined || currentBytes === undefined ? undefined : Math.max(0, maxBytes - currentBytes);
}
