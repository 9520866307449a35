import { type Collector, type CollectorHost, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseNfsd } from './nfs-server.js';

/** What a boot needs of this machine, as Debian names the units. */
export const BOOT_UNITS = {
  dnsmasq_service_state: 'dnsmasq.service',
  nfsd_service_state: 'nfs-server.service',
} as const;

/** As the facts carry what systemd says (ActiveState). */
const STATES: Readonly<Record<string, number>> = {
  active: 1,
  activating: 2,
  deactivating: 2,
  reloading: 2,
  inactive: 3,
  failed: 4,
};
const ACTIVE = 1;
const INACTIVE = 3;

/** UDP port of DHCP servers as /proc/net/udp has it, 67. */
const DHCP_SOCKET = /^\s*\d+: [0-9A-F]{8}:0043 /m;

/**
 * Whether the services of the boot path run: as systemd says, and as the kernel shows. A unit that is not installed has no state, and
 * a machine without systemd is judged by what listens there, once it has served boots.
 */
export function makeBootServicesCollector(leases: string): Collector {
  return {
    name: 'boot-services',
    intervalMs: 0,
    timeoutMs: 10_000,
    async collect({ services, kernel }, signal) {
      const dnsmasq = await stateOf(services, BOOT_UNITS.dnsmasq_service_state, signal);
      const nfsd = await stateOf(services, BOOT_UNITS.nfsd_service_state, signal);
      const samples = new Samples();
      samples.number('dnsmasq_service_state', dnsmasq === 'no-manager' ? listening(kernel, leases) : dnsmasq);
      samples.number('nfsd_service_state', nfsdState(nfsd, kernel.readText('/proc/net/rpc/nfsd')));
      return samples.list.length === 0 ? noData('neither dnsmasq nor the NFS server is installed') : ok(samples.list);
    },
  };
}

/** `undefined`: not installed. */
async function stateOf(
  services: CollectorHost['services'],
  unit: string,
  signal: AbortSignal,
): Promise<number | 'no-manager' | undefined> {
  try {
    const { active } = await services.state(unit, signal);
    return STATES[active];
  } catch (error) {
    const { code } = BrambleError.from(error);
    if (code === 'unsupported') return 'no-manager';
    if (code === 'not-found') return undefined;
    throw error;
  }
}

/** Its unit only starts it and stays "active" without a single thread. Source: nfs-server.service, RemainAfterExit=yes. */
function nfsdState(unit: number | 'no-manager' | undefined, stats: string | undefined): number | undefined {
  const threads = stats === undefined ? undefined : parseNfsd(stats).threads;
  if (unit === 'no-manager') return threads === undefined ? undefined : threads > 0 ? ACTIVE : INACTIVE;
  return unit === ACTIVE && threads === 0 ? INACTIVE : unit;
}

function listening(kernel: Pick<KernelFiles, 'readText'>, leases: string): number | undefined {
  if (kernel.readText(leases) === undefined) return undefined;
  const sockets = kernel.readText('/proc/net/udp');
  return sockets === undefined ? undefined : DHCP_SOCKET.test(sockets) ? ACTIVE : INACTIVE;
}
