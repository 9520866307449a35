import type { KernelFiles } from '../host/ports.js';

/** ARPHRD_NONE: tunnels that carry packets without a link layer (OpenVPN's tun, WireGuard). Source: Linux if_arp.h. */
const TYPE_TUNNEL = '65534';

export interface Link {
  /** 0 unknown (tunnels say so), 1 up, 2 down, 3 other (dormant, lower layer down, testing, not present). */
  readonly operationalState: number | undefined;
  readonly carrierChanges: number | undefined;
}

export interface Speed {
  /** Mbit/s; absent while the link is down, and on hardware that does not say (-1). */
  readonly mbps?: number;
  /** 1 full, 2 half; absent when unknown. */
  readonly duplexState?: number;
}

/** One line of sysfs, without its newline; `undefined` when absent or cut short. Source: Linux ABI/testing/sysfs-class-net. */
function attribute(kernel: KernelFiles, name: string, file: string): string | undefined {
  const text = kernel.readText(`/sys/class/net/${name}/${file}`);
  return text?.endsWith('\n') === true ? text.slice(0, -1) : undefined;
}

/** Physical (it has a device behind it) or a tunnel. */
export function isReported(kernel: KernelFiles, name: string): boolean {
  if (name === 'lo') return false;
  return isPhysical(kernel, name) || attribute(kernel, name, 'type') === TYPE_TUNNEL || isTap(kernel, name);
}

export function isPhysical(kernel: KernelFiles, name: string): boolean {
  return kernel.list(`/sys/class/net/${name}/device`) !== undefined;
}

/** A tap looks like Ethernet, but only tun and tap have this file. */
function isTap(kernel: KernelFiles, name: string): boolean {
  return attribute(kernel, name, 'tun_flags') !== undefined;
}

/** What the hardware was made with: 0 is NET_ADDR_PERM, anything else was set, made up or borrowed. */
export function readPermanentMac(kernel: KernelFiles, name: string): string | undefined {
  if (attribute(kernel, name, 'addr_assign_type') !== '0') return undefined;
  const address = attribute(kernel, name, 'address');
  return address !== undefined && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(address) ? address : undefined;
}

export function readLink(kernel: KernelFiles, name: string): Link {
  const state = attribute(kernel, name, 'operstate');
  return {
    operationalState: state === undefined ? undefined : operationalState(state),
    carrierChanges: positive(attribute(kernel, name, 'carrier_changes')),
  };
}

/** RFC 2863 states, as Linux Documentation/networking/operstates.rst names them. */
export function operationalState(name: string): number {
  if (name === 'unknown') return 0;
  if (name === 'up') return 1;
  return name === 'down' ? 2 : 3;
}

/** Reading either fails with EINVAL while the interface is down. */
export function readSpeed(kernel: KernelFiles, name: string): Speed {
  const mbps = positive(attribute(kernel, name, 'speed'));
  const duplex = attribute(kernel, name, 'duplex');
  return {
    ...(mbps === undefined || mbps === 0 ? {} : { mbps }),
    ...(duplex === 'full' ? { duplexState: 1 } : duplex === 'half' ? { duplexState: 2 } : {}),
  };
}

/** "-1" and anything else that is not a count: it does not say. */
function positive(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
