import type { SimKernelFile } from '../../agent/sim/sim-kernel-files.js';
import { BRIDGE_NAME } from '../../proto/contract/switch/plan.js';
import type { PortState } from './port-state.js';

/** IFF_UP and IFF_RUNNING with IFF_BROADCAST and IFF_MULTICAST. Source: Linux include/uapi/linux/if.h. */
const FLAGS_UP = '0x1043\n';
const FLAGS_NO_LINK = '0x1003\n';
const FLAGS_DOWN = '0x1002\n';
/** Source: Linux include/uapi/linux/if_bridge.h. */
const FORWARDING = '3\n';
const DISABLED = '0\n';

/** What the kernel of the switch shows of one port. */
export function renderPortFiles(port: PortState, carrierChanges: number): Readonly<Record<string, SimKernelFile>> {
  const at = `/sys/class/net/${port.name}`;
  const { bridged, isAdminUp, isLinkUp } = port;
  return {
    [`${at}/flags`]: isLinkUp ? FLAGS_UP : isAdminUp ? FLAGS_NO_LINK : FLAGS_DOWN,
    [`${at}/type`]: '1\n',
    [`${at}/addr_assign_type`]: '0\n',
    [`${at}/device/vendor`]: '0x14e4\n',
    [`${at}/operstate`]: isLinkUp ? 'up\n' : 'down\n',
    [`${at}/carrier_changes`]: `${carrierChanges}\n`,
    ...(port.alias === '' ? {} : { [`${at}/ifalias`]: `${port.alias}\n` }),
    ...(isLinkUp ? { [`${at}/speed`]: `${port.mbps}\n`, [`${at}/duplex`]: 'full\n' } : {}),
    ...(bridged === undefined
      ? {}
      : {
          [`${at}/brport/state`]: isLinkUp ? FORWARDING : DISABLED,
          [`${at}/brport/bpdu_guard`]: bridged.isGuarded ? '1\n' : '0\n',
          [`${at}/brport/bridge/uevent`]: `DEVTYPE=bridge\nINTERFACE=${BRIDGE_NAME}\nIFINDEX=60\n`,
        }),
  };
}

/** /proc/net/dev of the ports: what came in from boards that work, at a steady pace since the switch has run. */
export function renderPortTraffic(ports: readonly PortState[], uptimeS: number): string {
  return ports
    .map(({ name, isLinkUp, pi }) => {
      const received = isLinkUp ? Math.floor(uptimeS * (pi === undefined ? 40_000 : 2_000 + 150 * pi.host)) : 0;
      const sent = Math.floor(received * 1.4);
      const packets = Math.floor(received / 700);
      return `  ${name}: ${received} ${packets} 0 0 0 0 0 0 ${sent} ${packets} 0 0 0 0 0 0\n`;
    })
    .join('');
}
