/** What is recorded of each kind of thing, as data. */

export interface CaptureSource {
  readonly what: string;
  /** Files of the kernel or of a daemon, as patterns of a shell. Absent and unreadable ones are left out. */
  readonly files: readonly string[];
  /** File name of what a command prints -> the command. One that is not installed is left out; any status is kept. */
  readonly commands: Readonly<Record<string, string>>;
  /** False: recorded from memory where a machine can do that, because its root may be what fails. */
  readonly needsRoot?: boolean;
  /** Packages whose versions decide what the text looks like. */
  readonly packages: readonly string[];
}

const below = (folder: string, names: readonly string[]): readonly string[] => names.map((name) => `${folder}/${name}`);

export const CAPTURE_SOURCES: Readonly<Record<string, CaptureSource>> = {
  'md-array': {
    what: 'arrays of md and their members',
    files: ['/proc/mdstat', '/sys/block/md*/md/*', '/sys/block/md*/md/dev-*/*', '/sys/block/md*/size'],
    commands: {
      'detail.txt': 'for md in /dev/md[0-9]*; do mdadm --detail "$md"; done',
      'detail-export.txt': 'for md in /dev/md[0-9]*; do mdadm --detail --export "$md"; done',
      'examine.txt':
        'for member in /sys/block/md*/slaves/*; do mdadm --examine "/dev/$(basename "$member")"; done; mdadm --examine --scan',
    },
    packages: ['mdadm'],
  },
  'nfs-client': {
    what: 'mounts over NFS, and how their calls fare',
    // Of the first process, whose mounts are the machine's.
    files: ['/proc/1/mountstats', '/proc/1/mountinfo', '/proc/net/rpc/nfs'],
    commands: {},
    needsRoot: false,
    packages: [],
  },
  'nfs-server': {
    what: 'the NFS server of the kernel',
    files: [
      ...['/proc/net/rpc/nfsd', '/proc/fs/nfsd/threads', '/proc/fs/nfsd/pool_stats', '/proc/fs/nfsd/exports'],
      ...['/proc/fs/nfsd/reply_cache_stats', '/proc/fs/nfsd/versions', '/proc/fs/nfsd/clients/*/info'],
      ...['/proc/fs/nfs/exports', '/etc/exports', '/var/lib/nfs/etab', '/var/lib/nfs/rmtab'],
    ],
    commands: { 'exportfs.txt': 'exportfs -v', 'sockets.txt': 'ss -tin sport = :2049' },
    packages: ['nfs-kernel-server', 'iproute2'],
  },
  bridge: {
    what: 'ports, VLANs and learnt addresses of a switch',
    files: [
      ...['/etc/network/interfaces', '/proc/net/dev'],
      ...below('/sys/class/net/*', ['operstate', 'carrier', 'carrier_changes', 'speed', 'duplex']),
    ],
    commands: {
      'vlan.json': 'bridge -j vlan show',
      'fdb.json': 'bridge -j fdb show',
      'link.json': 'bridge -j -d link show',
      'ip-link.json': 'ip -j -s -d link show',
      'ip-address.json': 'ip -j addr show',
      'ip-neighbour.json': 'ip -j neigh show',
      'ifquery.txt': 'ifquery -a -r',
      'ifquery-check.txt': 'ifquery -a -c',
    },
    packages: ['iproute2', 'ifupdown2'],
  },
  lldp: {
    what: 'neighbours that speak LLDP',
    files: [],
    commands: {
      'neighbours.json': 'lldpcli -f json show neighbors details',
      'neighbours-json0.json': 'lldpcli -f json0 show neighbors',
      'interfaces.json': 'lldpcli -f json show interfaces',
      'chassis.json': 'lldpcli -f json show chassis',
      'statistics.json': 'lldpcli -f json show statistics',
    },
    packages: ['lldpd'],
  },
  'sd-card': {
    what: 'an SD card or eMMC',
    files: [
      '/sys/block/mmcblk*/device/*',
      ...below('/sys/block/mmcblk*', ['size', 'ro', 'removable', 'stat']),
      '/sys/class/mmc_host/*/*/uevent',
    ],
    commands: {},
    packages: [],
  },
  'kernel-log': {
    what: 'the log of the kernel, as /dev/kmsg gives it',
    files: [],
    commands: { 'input.txt': 'dd if=/dev/kmsg iflag=nonblock bs=8192 2>/dev/null', 'dmesg.txt': 'dmesg' },
    packages: [],
  },
  'boot-log': {
    what: 'who asked for an address and for files over the network',
    files: [],
    commands: { 'input.txt': 'cat /var/log/bramble-dnsmasq.log' },
    packages: ['dnsmasq-base'],
  },
  volumes: {
    what: 'volumes of LVM, and thin pools',
    files: [],
    commands: {
      'pvs.json': 'pvs --reportformat json --units b --nosuffix -o +pv_uuid,pv_missing',
      'vgs.json': 'vgs --reportformat json --units b --nosuffix -o +vg_missing_pv_count',
      'lvs.json':
        'lvs -a --reportformat json --units b --nosuffix -o lv_name,vg_name,lv_attr,lv_size,pool_lv,origin,data_percent,metadata_percent,lv_health_status,lv_when_full,lv_time',
      'dmsetup-status.txt': 'dmsetup status',
    },
    packages: ['lvm2', 'thin-provisioning-tools'],
  },
  smart: {
    what: 'what disks say of their own health',
    files: [
      ...below('/sys/block/sd*', ['size', 'ro', 'stat']),
      ...below('/sys/block/sd*/device', ['vendor', 'model', 'rev', 'state', 'ioerr_cnt', 'iodone_cnt', 'timeout']),
    ],
    commands: {
      'scan.json': 'smartctl --scan --json',
      'all.json': 'for disk in /dev/sd?; do smartctl --json=c --all "$disk"; done',
    },
    packages: ['smartmontools'],
  },
  btrfs: {
    what: 'a btrfs, how full it is and what its devices failed at',
    files: ['/sys/fs/btrfs/*/allocation/*/*', '/sys/fs/btrfs/*/devinfo/*/*', '/proc/self/mountinfo'],
    commands: { 'usage.txt': 'btrfs filesystem usage -b /srv', 'stats.json': 'btrfs --format json device stats /srv' },
    packages: ['btrfs-progs'],
  },
};
