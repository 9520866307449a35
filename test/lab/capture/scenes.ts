/** Everything that is recorded from a rack, and what is done to it before. The order matters: each scene goes on from the last. */

import { exec } from '../build/exec.js';
import { breaks } from '../faults.js';
import type { Rack } from '../rack.js';

export interface Scene {
  /** A kind of CAPTURE_SOURCES. */
  readonly kind: string;
  readonly name: string;
  readonly guest: string;
  /** For SOURCE.md: what was done. */
  readonly how: string;
  /** Run in the guest before it is recorded. */
  readonly script?: string;
  /** What a script inside could not do. */
  act?(rack: Rack): Promise<unknown>;
  /** Puts right what the next scene does not want: a script, or what a script inside could not do. */
  readonly after?: string;
  restore?(rack: Rack): Promise<unknown>;
}

const EXTRA_DISKS = [8, 9, 10, 11] as const;
const EXTRA_SIZE = '96M';

/** Puts four more disks into the fileserver, in places of their own. */
async function addDisks(rack: Rack): Promise<void> {
  for (const place of EXTRA_DISKS) {
    const id = `extra${place}`;
    const filename = `${rack.dir}/${id}.qcow2`;
    await exec('qemu-img', ['create', '-q', '-f', 'qcow2', filename, EXTRA_SIZE]);
    const file = { driver: 'file', filename };
    await rack.hardware('fileserver', 'blockdev-add', { driver: 'qcow2', 'node-name': id, file });
    const device = { driver: 'scsi-hd', bus: 'scsi.0', 'scsi-id': place, drive: id, id };
    await rack.hardware('fileserver', 'device_add', { ...device, serial: `BRAMBLE-EXTRA-${place}` });
  }
  await rack.run('fileserver', `until [ -b ${extra(11)} ]; do sleep 0.2; done`);
}

/** In a script: the device in a place. */
const extra = (place: number): string => `/dev/$(ls /sys/class/scsi_disk/*:0:${place}:0/device/block)`;
const [first, second, third, fourth] = EXTRA_DISKS.map(extra);
const SLOW = 'echo 1000 >/sys/block/md1/md/sync_speed_min; echo 1000 >/sys/block/md1/md/sync_speed_max';
const FAST =
  'echo max >/sys/block/md1/md/sync_max; echo 500000 >/sys/block/md1/md/sync_speed_max; mdadm --wait -q /dev/md1';
const CREATE = 'mdadm --create -q --run --metadata=1.2';

const md = (name: string, how: string, script: string): Scene => ({
  kind: 'md-array',
  name,
  guest: 'fileserver',
  how,
  script,
});

const MD_SCENES: readonly Scene[] = [
  md('clean', 'RAID 1 with a bitmap, as it is.', 'true'),
  {
    ...md('resync', 'A second array was made of two new disks and is synchronised for the first time.', ''),
    act: addDisks,
    script: `${CREATE} /dev/md1 --level=1 --raid-devices=2 --bitmap=internal ${first} ${second} && ${SLOW} && sleep 3`,
  },
  md('two-arrays', 'Both arrays are whole.', FAST),
  md(
    'check',
    '`echo check >sync_action` on md1, slowed.',
    `${SLOW}; echo check >/sys/block/md1/md/sync_action; sleep 3`,
  ),
  md(
    'spare',
    'A third disk was added to md1.',
    `echo idle >/sys/block/md1/md/sync_action; ${FAST}; mdadm -q /dev/md1 --add ${third}`,
  ),
  md(
    'recovering',
    'A member of md1 was failed: the spare takes its place, slowed.',
    `${SLOW}; mdadm -q /dev/md1 --fail ${first}; sleep 4`,
  ),
  md('recovered-failed-member', 'The spare has taken its place; the failed member was not removed.', FAST),
  md(
    'degraded',
    'Failed member and one more removed: one of two is left.',
    `mdadm -q /dev/md1 --remove failed; mdadm -q /dev/md1 --fail ${third}; mdadm -q /dev/md1 --remove failed`,
  ),
  md(
    'failed-member',
    'A member of md1 is failed and still there.',
    `mdadm -q /dev/md1 --add ${third}; mdadm --wait -q /dev/md1; mdadm -q /dev/md1 --fail ${third}`,
  ),
  md(
    'no-bitmap',
    'md1 anew without a bitmap, whole.',
    `mdadm -q --stop /dev/md1; mdadm -q --zero-superblock ${first} ${second} ${third}; ${CREATE} /dev/md1 --level=1 --raid-devices=2 --bitmap=none --assume-clean ${first} ${second}`,
  ),
  md('read-only', 'md1 is read-only.', 'mdadm --readonly /dev/md1'),
  md(
    'inactive',
    'md1 was stopped; one of its members was found, and its array not started.',
    `mdadm -q --stop /dev/md1; mdadm --incremental --no-degraded ${first}; true`,
  ),
  md(
    'raid5-degraded',
    'md1 anew: RAID 5 of three, one failed and removed.',
    `mdadm -q --stop /dev/md1; mdadm -q --stop /dev/md127; mdadm -q --zero-superblock ${first} ${second}; modprobe raid456; ${CREATE} /dev/md1 --level=5 --raid-devices=3 --assume-clean ${first} ${second} ${third} && mdadm -q /dev/md1 --fail ${second} && mdadm -q /dev/md1 --remove failed`,
  ),
  md(
    'raid5-reshape',
    'A fourth disk is taken in, slowed.',
    `mdadm -q /dev/md1 --add ${second}; mdadm --wait -q /dev/md1; mdadm -q /dev/md1 --add ${fourth}; mdadm -q --grow /dev/md1 --raid-devices=4; ${SLOW}; sleep 3`,
  ),
  md(
    'raid10-four',
    'md1 anew: RAID 10 of four.',
    `${FAST}; mdadm -q --stop /dev/md1; mdadm -q --zero-superblock ${first} ${second} ${third} ${fourth}; modprobe raid10; ${CREATE} /dev/md1 --level=10 --raid-devices=4 --assume-clean ${first} ${second} ${third} ${fourth}`,
  ),
  md(
    'raid10-two-failed',
    'Two members that hold different halves are failed.',
    `mdadm -q /dev/md1 --fail ${first}; mdadm -q /dev/md1 --fail ${third}`,
  ),
  md(
    'main-degraded-bitmap',
    'md1 is gone; the array with the exports lost a member, and the bitmap remembers what was written since.',
    `mdadm -q --stop /dev/md1; mdadm -q --zero-superblock ${first} ${second} ${third} ${fourth}; mdadm -q /dev/md0 --fail /dev/$(ls /sys/class/scsi_disk/*:0:1:0/device/block); dd if=/dev/urandom of=/srv/x bs=1M count=8 conv=fsync; rm /srv/x`,
  ),
  {
    ...md('main-recovering-bitmap', 'It was added again: only what the bitmap names is copied, slowed.', ''),
    script:
      'echo 100 >/sys/block/md0/md/sync_speed_min; echo 100 >/sys/block/md0/md/sync_speed_max; member=/dev/$(ls /sys/class/scsi_disk/*:0:1:0/device/block); mdadm -q /dev/md0 --remove failed; mdadm -q /dev/md0 --re-add $member; sleep 1',
    after:
      'echo system >/sys/block/md0/md/sync_speed_max; echo system >/sys/block/md0/md/sync_speed_min; mdadm --wait -q /dev/md0',
  },
];

const BUSY =
  '(while [ ! -e /run/lab/enough ]; do dd if=/dev/zero of=/root/busy bs=64k count=64 conv=fsync; cat /usr/bin/* ; rm -f /root/busy; done) >/dev/null 2>&1 &';

const NFS_SCENES: readonly Scene[] = [
  { kind: 'nfs-client', name: 'idle', guest: 'pi1', how: 'A Pi that runs from NFS, at rest.' },
  {
    kind: 'nfs-client',
    name: 'busy',
    guest: 'pi1',
    how: 'It writes with fsync, and reads.',
    script: `rm -f /run/lab/enough; ${BUSY}\nsleep 12`,
  },
  { kind: 'nfs-server', name: 'busy', guest: 'fileserver', how: 'One of two Pis writes with fsync, and reads.' },
  {
    kind: 'nfs-server',
    name: 'stopped',
    guest: 'fileserver',
    how: '`rpc.nfsd 0` some seconds ago, while a Pi writes.',
    script: 'rpc.nfsd 0; sleep 15',
  },
  { kind: 'nfs-client', name: 'stalled', guest: 'pi1', how: 'Its server has had no threads for a while: calls wait.' },
  {
    kind: 'nfs-client',
    name: 'answered-again',
    guest: 'pi1',
    how: 'The server is back.',
    act: (rack) => rack.run('fileserver', 'rpc.nfsd -V 3 8'),
    script: 'touch /run/lab/enough; sleep 15; sync; ls /usr/bin >/dev/null',
  },
  { kind: 'nfs-server', name: 'idle', guest: 'fileserver', how: 'Two Pis run from it, at rest.' },
];

const LLDP = 'modprobe -q af_packet; mkdir -p /run/lldpd; pgrep -x lldpd >/dev/null || lldpd';
/** Each end announces itself every 30 s. */
const HEARD = 'for i in $(seq 180); do lldpcli -f keyvalue show neighbors | grep -q name= && break; sleep 1; done';
const NETWORK_SCENES: readonly Scene[] = [
  { kind: 'bridge', name: 'two-pis', guest: 'switch', how: 'One VLAN for each Pi, both tagged on the trunk.' },
  {
    kind: 'bridge',
    name: 'port-down',
    guest: 'switch',
    how: '`ip link set swp1 down`, and the cable of swp2 pulled at its other end.',
    script: 'ip link set swp1 down; sleep 2',
    after: 'ip link set swp1 up',
  },
  {
    kind: 'bridge',
    name: 'drifted',
    guest: 'switch',
    how: 'Somebody moved swp2 to VLAN 20 by hand and learnt an address for good.',
    script:
      'bridge vlan del dev swp2 vid 11; bridge vlan add dev swp2 vid 20 pvid untagged; bridge fdb add 02:00:00:00:00:99 dev swp2 master static vlan 20',
    after:
      'bridge fdb del 02:00:00:00:00:99 dev swp2 master vlan 20; bridge vlan del dev swp2 vid 20; bridge vlan add dev swp2 vid 11 pvid untagged',
  },
  {
    kind: 'lldp',
    name: 'switch-alone',
    guest: 'switch',
    how: 'lldpd began a moment ago and has heard nobody.',
    script: `${LLDP}; until lldpcli show chassis >/dev/null 2>&1; do sleep 0.5; done`,
  },
  {
    kind: 'lldp',
    name: 'fileserver-on-trunk',
    guest: 'switch',
    how: 'lldpd runs on the fileserver too.',
    act: (rack) => rack.run('fileserver', LLDP),
    script: HEARD,
  },
  {
    kind: 'lldp',
    name: 'seen-from-fileserver',
    guest: 'fileserver',
    how: 'The same cable from its other end.',
    script: HEARD,
    after: 'pkill -x lldpd; true',
  },
];

const STORAGE_SCENES: readonly Scene[] = [
  { kind: 'volumes', name: 'thin-pool', guest: 'fileserver', how: 'A thin pool with one volume, empty.' },
  {
    kind: 'volumes',
    name: 'thin-pool-filling',
    guest: 'fileserver',
    how: 'A snapshot of the volume was taken and the volume filled.',
    script:
      'no_udev=\'activation{udev_sync=0 udev_rules=0}\'; lvcreate -q --config "$no_udev" -s -n root1-before thin/root1; dd if=/dev/urandom of=/dev/mapper/thin-root1 bs=1M count=100 conv=fsync 2>/dev/null',
  },
  {
    kind: 'volumes',
    name: 'thin-pool-full',
    guest: 'fileserver',
    how: 'More was written than the pool holds.',
    script:
      'no_udev=\'activation{udev_sync=0 udev_rules=0}\'; lvchange -q --errorwhenfull y thin/pool; lvcreate -q --config "$no_udev" -V 400M --thin -n greedy thin/pool; dd if=/dev/urandom of=/dev/mapper/thin-greedy bs=1M count=300 oflag=direct 2>/dev/null; true',
  },
  {
    kind: 'smart',
    name: 'emulated-scsi',
    guest: 'fileserver',
    how: 'Emulated SCSI disks: they know no SMART, and say so.',
  },
  { kind: 'btrfs', name: 'roots-and-snapshots', guest: 'fileserver', how: 'Roots of two Pis, snapshots of one base.' },
  {
    kind: 'sd-card',
    name: 'emulated-sd',
    guest: 'pi1',
    how: 'The SD card that QEMU emulates; every one has the same identity.',
  },
];

const LOG_SCENES: readonly Scene[] = [
  { kind: 'boot-log', name: 'two-boots', guest: 'fileserver', how: 'Two Pis booted, with `log-dhcp`.' },
  {
    kind: 'boot-log',
    name: 'no-cmdline',
    guest: 'fileserver',
    how: 'The files of pi2 lack cmdline.txt and it was power-cycled: its ROM gives up.',
    act: (rack) => bootFails(rack, 'mv /srv/tftp/aa000002/cmdline.txt /srv/tftp/kept', 'no aa000002/cmdline.txt'),
    script: 'mv /srv/tftp/kept /srv/tftp/aa000002/cmdline.txt',
  },
  {
    kind: 'boot-log',
    name: 'no-export',
    guest: 'fileserver',
    how: 'The export of pi2 is gone and it was power-cycled: it asks for its root for ever.',
    act: (rack) => bootFails(rack, 'exportfs -u 10.46.189.6:/export/10.46.189.6', 'root over NFS cannot be mounted'),
    script: 'exportfs -ra',
  },
  {
    kind: 'boot-log',
    name: 'unknown-board',
    guest: 'fileserver',
    how: 'No folder for the serial number of pi2, which was power-cycled.',
    act: (rack) => bootFails(rack, 'mv /srv/tftp/aa000002 /srv/tftp/kept', 'no start.elf for aa000002'),
    script: 'mv /srv/tftp/kept /srv/tftp/aa000002',
  },
  {
    kind: 'kernel-log',
    name: 'pi-boot-nfs',
    guest: 'pi1',
    how: 'A Pi that booted over NFS; its server did not answer for a while.',
  },
  {
    kind: 'kernel-log',
    name: 'card-dies',
    guest: 'pi1',
    how: 'ext4 on the card, below which dm-error took the place of the card while files were written.',
    act: (rack) => breaks(rack, 'card-dies', 'pi1'),
    script:
      'echo 3 >/proc/sys/vm/drop_caches; for i in 1 2 3; do dd if=/dev/zero of=/card/$i bs=64k count=16 conv=fsync; cat /card/written >/dev/null; sleep 1; done; sleep 6; true',
    restore: (rack) => breaks(rack, 'card-good', 'pi1'),
  },
  {
    kind: 'kernel-log',
    name: 'disk-medium-error',
    guest: 'fileserver',
    how: 'A SCSI disk with sectors that cannot be read (scsi_debug), which somebody reads; before that, arrays that failed and recovered.',
    script:
      'dmesg -C; modprobe scsi_debug dev_size_mb=32 opts=2; sleep 2; dd if=/dev/$(lsblk -ndo NAME,MODEL | sed -n "s/ *scsi_debug.*//p") of=/dev/null skip=4656 count=16; true',
    after: 'rmmod scsi_debug',
  },
];

/** Powers pi2 off and on with something missing. */
async function bootFails(rack: Rack, script: string, said: string): Promise<void> {
  await rack.run('fileserver', `: >/var/log/bramble-dnsmasq.log; ${script}`);
  await rack.powerOff('pi2');
  await rack.powerOn('pi2');
  await rack.says('pi2', said);
}

export const SCENES: readonly Scene[] = [
  ...LOG_SCENES.slice(0, 1),
  ...NFS_SCENES,
  ...NETWORK_SCENES,
  ...STORAGE_SCENES,
  ...MD_SCENES,
  ...LOG_SCENES.slice(1),
];
