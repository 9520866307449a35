import type { KernelFiles } from '../host/ports.js';
import { hasIpv4, parseIfInet6, parseLocalAddresses, parseRoutes } from './interface-address.js';
import type { Link } from './interface-link.js';
import type { ProcessView } from './process-view.js';

/** As network_tunnel_state carries it. */
export const TUNNEL_STATES = { up: 1, down: 2 } as const;

/** States in which a link carries packets: most tunnels know no more of themselves than "unknown". */
const CARRYING = [0, 1];

/**
 * tun and tap show their flags, WireGuard its name. Sources: Linux drivers/net/tun.c, tun_flags_show();
 * drivers/net/wireguard/device.c; net/core/net-sysfs.c, netdev_uevent().
 */
export function isTunnel(kernel: KernelFiles, name: string): boolean {
  const directory = `/sys/class/net/${name}`;
  if (kernel.readText(`${directory}/tun_flags`) !== undefined) return true;
  return /^DEVTYPE=wireguard$/m.test(kernel.readText(`${directory}/uevent`) ?? '');
}

/**
 * Whether a tunnel can carry anything: its link is up and it has an address. `undefined` when the link is up and its address
 * cannot be known. A tunnel whose other end is silent looks well from here.
 */
export function tunnelState(kernel: KernelFiles, view: ProcessView, name: string, link: Link): number | undefined {
  if (link.operationalState === undefined) return undefined;
  if (!CARRYING.includes(link.operationalState)) return TUNNEL_STATES.down;
  const found = hasAddress(kernel, view, name);
  if (found === undefined) return undefined;
  return found ? TUNNEL_STATES.up : TUNNEL_STATES.down;
}

function hasAddress(kernel: KernelFiles, view: ProcessView, name: string): boolean | undefined {
  const ipv6 = view.readText(kernel, 'net/if_inet6');
  if (ipv6 !== undefined && parseIfInet6(ipv6).has(name)) return true;
  const routes = view.readText(kernel, 'net/route');
  const trie = view.readText(kernel, 'net/fib_trie');
  if (routes === undefined || trie === undefined) return undefined;
  return hasIpv4(name, parseRoutes(routes), parseLocalAddresses(trie));
}
