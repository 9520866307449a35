import type { Datagrams, LocalTime, LogTail } from '../agent/kit/host/log-tail.js';

/** What this agent follows beside the kernel's own files, and where it is. */
export interface FollowedSources {
  readonly tail: LogTail;
  readonly localTime: LocalTime;
  readonly datagrams: Datagrams;
}

export interface BootPaths {
  /** Logs of dnsmasq and, where it is written to a file, of rpc.mountd. */
  readonly logs: readonly string[];
  /** Leases of dnsmasq. Source: dnsmasq(8), --dhcp-leasefile. */
  readonly leases: string;
  /** Who mounted what, as rpc.mountd keeps it for NFS before version 4. Source: rpc.mountd(8). */
  readonly mounts: string;
  /** What was known when an earlier process ended. */
  readonly state: string;
}

/** Where the packages of Debian 12 and our own dnsmasq drop-in put them. */
export const BOOT_PATHS = {
  logs: ['/var/log/bramble-dnsmasq.log'],
  leases: '/var/lib/misc/dnsmasq.leases',
  mounts: '/var/lib/nfs/rmtab',
} as const;

/** Port of netconsole as the kernel's own documentation has it. Source: Documentation/networking/netconsole.rst. */
export const NETCONSOLE_PORT = 6_666;
