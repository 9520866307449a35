import type { KernelFiles } from '../../agent/kit/host/ports.js';

/**
 * Who uses a block device, or a part of it; `undefined` = nobody that the kernel knows of. What lies on it unused does not show.
 * Sources: Linux Documentation/ABI/testing/sysfs-block, holders; proc_pid_mountinfo(5), proc_swaps(5).
 */
export function whyUsed(kernel: KernelFiles, name: string): string | undefined {
  const parts = (kernel.list(`/sys/class/block/${name}`) ?? []).filter(
    (part) => part.startsWith(name) && kernel.readText(`/sys/class/block/${name}/${part}/partition`) !== undefined,
  );
  const devices = [name, ...parts];
  for (const device of devices) {
    const holders = kernel.list(`/sys/class/block/${device}/holders`) ?? [];
    if (holders.length > 0) return `${device} is part of ${holders.join(', ')}`;
  }
  const isNamedIn = (text: string | undefined): string | undefined =>
    devices.find((device) => new RegExp(`(^| )/dev/${escapeDots(device)} `, 'm').test(text ?? ''));
  const mounted = isNamedIn(kernel.readText('/proc/self/mountinfo'));
  if (mounted !== undefined) return `${mounted} is mounted`;
  const swap = isNamedIn(kernel.readText('/proc/swaps')?.replaceAll('\t', ' '));
  return swap === undefined ? undefined : `${swap} is swap space`;
}

function escapeDots(name: string): string {
  return name.replaceAll('.', '\\.');
}
