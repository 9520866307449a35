import { type BootBoard, type BootPort, type BootSet, vlanInterface } from './boot-set.js';
import { PORT_NETMASK, subnetOfServer } from './subnet.js';

/** Where dnsmasq finds and leaves things. */
export interface DnsmasqPaths {
  readonly tftp: string;
  /** Folder with one file per port; read again on SIGHUP. */
  readonly hosts: string;
  readonly leases: string;
  readonly log: string;
  readonly pid: string;
}

/** Short: a board that was exchanged for another one waits so long for the address. Source: dnsmasq(8), at least 2 min. */
const LEASE = '2m';
/** The ROM of a Pi 3 misses an answer that comes at once. Source: dnsmasq(8), --dhcp-reply-delay. */
const REPLY_DELAY_S = 1;
/**
 * What the boot ROM looks for in option 43. Early ones compare three characters more than there are, so they are given.
 */
const ROM_WORDS = '"Raspberry Pi Boot   "';

/**
 * One dnsmasq for all ports. Every port's range is here whether a board is known or not: dnsmasq does not read this file
 * again, and what comes and goes is in the hosts folder and below the TFTP root. `static`: without a line there nobody
 * gets an address. Source: dnsmasq(8).
 */
export function renderDnsmasqConf(set: Pick<BootSet, 'trunk' | 'ports'>, paths: DnsmasqPaths): string {
  const lines = [
    '# Written by the fileserver agent. Boards come and go without a change of this file.',
    'port=0',
    'bind-dynamic',
    'no-ping',
    'dhcp-authoritative',
    'log-dhcp',
    `log-facility=${paths.log}`,
    `dhcp-leasefile=${paths.leases}`,
    `pid-file=${paths.pid}`,
    `dhcp-hostsfile=${paths.hosts}`,
    `dhcp-reply-delay=${REPLY_DELAY_S}`,
    'enable-tftp',
    `tftp-root=${paths.tftp}`,
    // A folder per address, always there: a board reaches its own files and nobody else's.
    'tftp-unique-root=ip',
    'tftp-no-fail',
    'tftp-mtu=1500',
    `pxe-service=0,${ROM_WORDS}`,
    ...set.ports.flatMap((port) => portLines(set.trunk, port)),
  ];
  return `${lines.join('\n')}\n`;
}

function portLines(trunk: string, { vlan, server }: BootPort): readonly string[] {
  const subnet = subnetOfServer(server);
  if (subnet === undefined) return []; // no boot set has such a port: parseBootSet refuses it
  const tag = `p${vlan}`;
  return [
    `interface=${vlanInterface(trunk, vlan)}`,
    `dhcp-range=set:${tag},${subnet.board},static,${PORT_NETMASK},${LEASE}`,
    `dhcp-option=tag:${tag},option:router,${subnet.server}`,
    `dhcp-option=tag:${tag},option:ntp-server,${subnet.server}`,
    `dhcp-option=tag:${tag},option:tftp-server,${subnet.server}`,
  ];
}

/** Who may have the port's address. */
export type PortLease =
  | { readonly kind: 'board'; readonly board: Pick<BootBoard, 'mac' | 'hostname'> }
  | { readonly kind: 'anybody' }
  | { readonly kind: 'nobody' };

/**
 * The line of a port in the hosts folder. The answer depends on the interface that was asked on: a board that calls itself
 * by somebody else's MAC address gets the address of the port that it is plugged into, or none.
 */
export function renderPortHosts(trunk: string, port: Pick<BootPort, 'vlan' | 'server'>, lease: PortLease): string {
  const address = subnetOfServer(port.server)?.board ?? '';
  const anyOnPort = `*:*:*:*:*:*,tag:${vlanInterface(trunk, port.vlan)}`;
  switch (lease.kind) {
    case 'nobody':
      return `${anyOnPort},ignore\n`;
    case 'anybody':
      return `${anyOnPort},${address},${LEASE}\n`;
    case 'board': {
      const { mac, hostname } = lease.board;
      const who = mac === undefined ? anyOnPort : `${mac},tag:${vlanInterface(trunk, port.vlan)}`;
      return `${who},${address},${hostname},${LEASE}\n`;
    }
  }
}
