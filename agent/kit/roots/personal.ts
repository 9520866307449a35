import { type BootBoard, vlanInterface } from '../../../proto/contract/netboot/boot-set.js';
import { exportPath, renderRootCommandLine, volumePath } from '../../../proto/contract/netboot/cmdline.js';
import { renderConfigTxt } from '../../../proto/contract/netboot/config-txt.js';
import type { PortSubnet } from '../../../proto/contract/netboot/subnet.js';
import type { OwnFile } from './confined-tree.js';
import type { HostKey } from './openssh-key.js';

/** What makes a root one board's own. */
export interface Personal {
  readonly board: BootBoard;
  readonly subnet: PortSubnet;
  readonly hostKeys: readonly HostKey[];
  /** 32 lower-case hexadecimal digits. Source: machine-id(5). */
  readonly machineId: string;
}

/** Where the state of the agent is kept on a board: it outlives the root, and with it the board's identity. */
export const STATE_MOUNT = '/var/lib/bramble-agent';
export const DATA_MOUNT = '/data';

/** The interface that a board boots by, on every class of them: udev's names are off while the root is mounted by it. */
const BOARD_INTERFACE = 'eth0';
const MOUNT_OPTIONS = 'rw,vers=3,proto=tcp,nolock,noatime';

/** Files of the root tree. Links in the way are refused, so that none of these ever lands outside of it. */
export function renderRootFiles({ board, subnet, hostKeys, machineId }: Personal): readonly OwnFile[] {
  const { hostname, authorizedKeys, ipv6 } = board;
  const open = (path: string, text: string): OwnFile => ({ path, text, mode: 0o644 });
  return [
    open('etc/hostname', `${hostname}\n`),
    open('etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`),
    { path: 'etc/machine-id', text: `${machineId}\n`, mode: 0o444 },
    open('etc/fstab', renderFstab(subnet)),
    // The kernel gave the interface its address; whoever took it away would take the root away.
    open('etc/network/interfaces.d/bramble', renderIfupdown(ipv6)),
    open('etc/systemd/network/05-bramble-storage.network', renderStorageNetwork(ipv6)),
    ...publicNetworkFiles(ipv6),
    open(
      'etc/NetworkManager/conf.d/90-bramble.conf',
      `[keyfile]\nunmanaged-devices=interface-name:${BOARD_INTERFACE}*\n`,
    ),
    open('etc/systemd/timesyncd.conf.d/10-bramble-boot.conf', `[Time]\nNTP=${subnet.server}\n`),
    ...(authorizedKeys.length === 0
      ? []
      : [{ path: 'root/.ssh/authorized_keys', text: `${authorizedKeys.join('\n')}\n`, mode: 0o600 }]),
    ...hostKeys.flatMap(({ type, privateText, publicLine }): OwnFile[] => {
      const path = `etc/ssh/ssh_host_${type === 'ssh-ed25519' ? 'ed25519' : 'ecdsa'}_key`;
      return [{ path, text: privateText, mode: 0o600 }, open(`${path}.pub`, `${publicLine} root@${hostname}\n`)];
    }),
  ];
}

/** Files of the boot tree: the boot firmware fetches them by TFTP, and so can everybody on the board's VLAN. */
export function renderBootFiles({ board, subnet }: Pick<Personal, 'board' | 'subnet'>): readonly OwnFile[] {
  return [
    { path: 'config.txt', text: renderConfigTxt(board), mode: 0o644 },
    { path: 'cmdline.txt', text: `${renderRootCommandLine(board, subnet)}\n`, mode: 0o644 },
  ];
}

/** Source: fstab(5), nfs(5). A volume that does not answer delays nothing but itself. */
function renderFstab({ server, board }: PortSubnet): string {
  const volume = (name: 'state' | 'data', mount: string): string =>
    `${server}:${volumePath(board, name)} ${mount} nfs ${MOUNT_OPTIONS},nofail 0 0`;
  return [
    `${server}:${exportPath(board)} / nfs ${MOUNT_OPTIONS} 0 0`,
    volume('state', STATE_MOUNT),
    volume('data', DATA_MOUNT),
    'tmpfs /tmp tmpfs nosuid,nodev 0 0',
    '',
  ].join('\n');
}

function publicInterface(vlan: number): string {
  return vlan === 0 ? BOARD_INTERFACE : vlanInterface(BOARD_INTERFACE, vlan);
}

/** Source: interfaces(5). */
function renderIfupdown(ipv6: BootBoard['ipv6']): string {
  const storage = `auto ${BOARD_INTERFACE}\niface ${BOARD_INTERFACE} inet manual\n`;
  if (ipv6 === undefined) return storage;
  const name = publicInterface(ipv6.vlan);
  const auto = ipv6.vlan === 0 ? '' : `auto ${name}\n`;
  return `${storage}${auto}iface ${name} inet6 static\n    address ${ipv6.address}/${ipv6.prefixLength}\n    gateway ${ipv6.gateway}\n`;
}

/** Source: systemd.network(5). */
function renderStorageNetwork(ipv6: BootBoard['ipv6']): string {
  const own = ipv6?.vlan === 0 ? addressLines(ipv6) : ['LinkLocalAddressing=no'];
  const vlan = ipv6 === undefined || ipv6.vlan === 0 ? [] : [`VLAN=${publicInterface(ipv6.vlan)}`];
  return ['[Match]', `Name=${BOARD_INTERFACE}`, '[Network]', 'KeepConfiguration=yes', ...own, ...vlan, ''].join('\n');
}

function publicNetworkFiles(ipv6: BootBoard['ipv6']): readonly OwnFile[] {
  if (ipv6 === undefined || ipv6.vlan === 0) return [];
  const name = publicInterface(ipv6.vlan);
  const path = 'etc/systemd/network/06-bramble-public';
  return [
    { path: `${path}.netdev`, text: `[NetDev]\nName=${name}\nKind=vlan\n[VLAN]\nId=${ipv6.vlan}\n`, mode: 0o644 },
    {
      path: `${path}.network`,
      text: ['[Match]', `Name=${name}`, '[Network]', ...addressLines(ipv6), ''].join('\n'),
      mode: 0o644,
    },
  ];
}

function addressLines(ipv6: NonNullable<BootBoard['ipv6']>): readonly string[] {
  return [`Address=${ipv6.address}/${ipv6.prefixLength}`, `Gateway=${ipv6.gateway}`, 'IPv6AcceptRA=no'];
}
