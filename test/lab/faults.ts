import path from 'node:path';
import { exec } from './build/exec.js';
import { FILESERVER_DISKS } from './host/qemu.js';
import type { Rack } from './rack.js';

/** Something that goes wrong in a rack, or is put right again. */
export interface Fault {
  readonly usage: string;
  readonly what: string;
  /** Returns what there is to say. @throws Error when it could not be done */
  act(rack: Rack, words: readonly string[]): Promise<string>;
}

const PLACES: Readonly<Record<string, number>> = Object.fromEntries(
  FILESERVER_DISKS.map((disk, place) => [disk, place]),
);
const DISK_SIZE = '1G';
const ARRAY = '/dev/md0';

/** In a script of the fileserver: the device in a place. */
const device = (place: number): string => `/dev/$(ls /sys/class/scsi_disk/*:0:${place}:0/device/block)`;

function diskNamed(name = ''): { readonly disk: string; readonly place: number } {
  const place = PLACES[name];
  if (place === undefined) throw new Error(`no disk ${name}: there are ${FILESERVER_DISKS.join(', ')}`);
  return { disk: name, place };
}

const inGuest =
  (script: string, guest = 'fileserver') =>
  (rack: Rack): Promise<string> =>
    rack.run(guest, script);

const inNamed =
  (script: string) =>
  (rack: Rack, [name = '']: readonly string[]): Promise<string> =>
    rack.run(name, script);

export const FAULTS: Readonly<Record<string, Fault>> = {
  'disk-fail': {
    usage: 'DISK',
    what: 'the array finds a member faulty',
    act: (rack, [name]) => rack.run('fileserver', `mdadm -q ${ARRAY} --fail ${device(diskNamed(name).place)}`),
  },
  'disk-pull': {
    usage: 'DISK',
    what: 'somebody pulls a disk out',
    async act(rack, [name]) {
      await rack.hardware('fileserver', 'device_del', { id: diskNamed(name).disk });
      return '';
    },
  },
  'disk-insert': {
    usage: 'DISK',
    what: 'a new, empty disk where one was pulled',
    act: (rack, [name]) => insertDisk(rack, diskNamed(name)),
  },
  'disk-slow': {
    usage: 'DISK [OPERATIONS]',
    what: 'a disk does so many operations a second (20; 0 = as many as it can)',
    async act(rack, [name, operations = '20']) {
      const limits = { bps: 0, bps_rd: 0, bps_wr: 0, iops: Number(operations), iops_rd: 0, iops_wr: 0 };
      await rack.hardware('fileserver', 'block_set_io_throttle', { id: diskNamed(name).disk, ...limits });
      return '';
    },
  },
  'rebuild-slow': {
    usage: '[KIB]',
    what: 'a rebuild runs at this many KiB/s (2000; 200000 = as fast as it can)',
    act: (rack, [speed = '2000']) =>
      rack.run(
        'fileserver',
        `echo ${Number(speed)} >/sys/block/md0/md/sync_speed_max; echo 1 >/sys/block/md0/md/sync_speed_min`,
      ),
  },
  'cable-cut': {
    usage: 'PI|trunk|uplink|mgmt',
    what: 'a cable is unplugged',
    act: (rack, [name = '']) => plug(rack, name, false),
  },
  'cable-mend': {
    usage: 'PI|trunk|uplink|mgmt',
    what: 'and plugged in',
    act: (rack, [name = '']) => plug(rack, name, true),
  },
  'export-fill': {
    usage: '',
    what: 'the file system of the exports is full',
    // What a btrfs says is free is an estimate: the last of it is found by trying.
    act: inGuest(
      'mkdir -p /srv/ballast; n=0; for mib in 512 128 32 8 2 1; do while fallocate -l "$mib"M /srv/ballast/$n 2>/dev/null; do n=$((n+1)); done; done; sync; df /srv',
    ),
  },
  'export-empty': { usage: '', what: 'and has room again', act: inGuest('rm -rf /srv/ballast; sync') },
  'nfsd-stop': { usage: '', what: 'the NFS server has no threads', act: inGuest('rpc.nfsd 0') },
  'nfsd-start': { usage: '', what: 'and has them again', act: inGuest('rpc.nfsd -V 3 8') },
  'dnsmasq-stop': {
    usage: '',
    what: 'nobody answers DHCP and TFTP',
    act: inGuest('kill "$(cat /run/lab/dnsmasq.pid)"'),
  },
  'dnsmasq-start': { usage: '', what: 'and somebody does', act: inGuest('sh /run/lab/dnsmasq-start') },
  'uplink-slow': {
    usage: '',
    what: 'the way to the controller is slow and loses packets',
    act: inGuest('tc qdisc replace dev eth1 root netem delay 300ms 100ms loss 5%'),
  },
  'uplink-good': { usage: '', what: 'and is good again', act: inGuest('tc qdisc del dev eth1 root') },
  'card-read-only': { usage: 'PI', what: 'a card accepts no writes', act: inNamed('mount -o remount,ro /card') },
  'card-flaky': {
    usage: 'PI',
    what: 'a card fails for 5 of every 10 seconds (dm-flakey)',
    act: inNamed(
      'modprobe dm-flakey; umount /card; dmsetup create flaky --table "0 $(cat /sys/block/mmcblk0/size) flakey /dev/mmcblk0 0 5 5"; dmsetup mknodes; mount /dev/mapper/flaky /card',
    ),
  },
  'card-slow': {
    usage: 'PI',
    what: 'every read and write of a card takes half a second longer (dm-delay)',
    act: inNamed(
      'modprobe dm-delay; umount /card; dmsetup create slow --table "0 $(cat /sys/block/mmcblk0/size) delay /dev/mmcblk0 0 500"; dmsetup mknodes; mount /dev/mapper/slow /card',
    ),
  },
  'card-dies': {
    usage: 'PI',
    what: 'a card that is in use answers with nothing but errors from now on (dm error)',
    act: inNamed(
      `modprobe dm-mod; umount /card
sectors=$(cat /sys/block/mmcblk0/size)
dmsetup create dying --table "0 $sectors linear /dev/mmcblk0 0"; dmsetup mknodes
mount -o errors=remount-ro /dev/mapper/dying /card
dd if=/dev/zero of=/card/written bs=64k count=16 conv=fsync 2>/dev/null
dmsetup suspend dying; dmsetup load dying --table "0 $sectors error"; dmsetup resume dying`,
    ),
  },
  'card-good': {
    usage: 'PI',
    what: 'and is as it was',
    act: inNamed(
      'umount /card; for each in flaky slow dying; do dmsetup remove "$each" 2>/dev/null; done; mount -o noatime /dev/mmcblk0 /card',
    ),
  },
  'disk-bad-sector': {
    usage: '',
    what: 'a disk with a sector that cannot be read (scsi_debug), which somebody reads',
    act: inGuest(
      'modprobe scsi_debug dev_size_mb=32 opts=2; sleep 1; dd if=/dev/$(lsblk -ndo NAME,MODEL | sed -n "s/ *scsi_debug.*//p") of=/dev/null skip=4656 count=16 2>&1; true',
    ),
  },
  'clock-1970': {
    usage: 'NAME',
    what: 'power is cycled, and the clock of the board starts in 1970 (power NAME cycle: it knows the time again)',
    async act(rack, [name = '']) {
      await rack.powerOff(name);
      await rack.powerOn(name, '1970-01-01T00:01:00');
      return '';
    },
  },
  'watchdog-unfed': {
    usage: 'PI',
    what: 'nobody feeds the watchdog: it resets the board after half a minute',
    act: inNamed('(exec 9>/dev/watchdog0; sleep 600) >/dev/null 2>&1 &'),
  },
  'kernel-hang': {
    usage: 'NAME',
    what: 'a kernel panics and stays as it is',
    // Nothing can answer, so nothing is waited for.
    act: inNamed('echo 0 >/proc/sys/kernel/panic; (sleep 0.3; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &'),
  },
  freeze: { usage: 'NAME', what: 'a processor stands still', act: (rack, [name = '']) => hardware(rack, name, 'stop') },
  thaw: { usage: 'NAME', what: 'and goes on', act: (rack, [name = '']) => hardware(rack, name, 'cont') },
  'agent-stop': {
    usage: 'NAME',
    what: 'only the agent ends',
    act: inNamed('rm -f /run/lab/agent-wanted; kill "$(cat /run/lab/agent.pid)"'),
  },
  'agent-start': { usage: 'NAME', what: 'and runs again', act: inNamed('touch /run/lab/agent-wanted') },
};

export function faultList(): string {
  return Object.entries(FAULTS)
    .map(([name, { usage, what }]) => `    ${`${name} ${usage}`.padEnd(36)} ${what}`)
    .join('\n');
}

/** Lets something go wrong, or puts it right. @throws Error for a fault that is not in the list, and when it could not be done */
export function breaks(rack: Rack, fault: string, ...words: readonly string[]): Promise<string> {
  const verb = FAULTS[fault];
  if (verb === undefined) throw new Error(`unknown fault ${fault}; there are:\n${faultList()}`);
  return verb.act(rack, words);
}

async function hardware(rack: Rack, name: string, command: string): Promise<string> {
  await rack.hardware(name, command);
  return '';
}

async function insertDisk(rack: Rack, { disk, place }: ReturnType<typeof diskNamed>): Promise<string> {
  const filename = path.join(rack.dir, `${disk}-${Date.now()}.qcow2`);
  await exec('qemu-img', ['create', '-q', '-f', 'qcow2', filename, DISK_SIZE]);
  // The node of the disk that was pulled is in use for as long as its device is not gone.
  await rack.hardware('fileserver', 'blockdev-del', { 'node-name': disk });
  const file = { driver: 'file', filename };
  await rack.hardware('fileserver', 'blockdev-add', { driver: 'qcow2', 'node-name': disk, file });
  const serial = `BRAMBLE-NEW-${disk.toUpperCase()}`;
  await rack.hardware('fileserver', 'device_add', {
    driver: 'scsi-hd',
    bus: 'scsi.0',
    'scsi-id': place,
    drive: disk,
    id: disk,
    serial,
  });
  return '';
}

async function plug(rack: Rack, cable: string, isUp: boolean): Promise<string> {
  const ends: Readonly<Record<string, readonly [string, string]>> = {
    trunk: ['fileserver', 'nic-trunk'],
    uplink: ['fileserver', 'nic-uplink'],
    mgmt: ['switch', 'nic-mgmt'],
    ...Object.fromEntries(rack.spec.pis.map(({ name }) => [name, [name, 'nic-eth0'] as const])),
  };
  const [guest, name] = ends[cable] ?? [];
  if (guest === undefined) throw new Error(`no cable ${cable}: there are ${Object.keys(ends).join(', ')}`);
  await rack.hardware(guest, 'set_link', { name, up: isUp });
  return '';
}
