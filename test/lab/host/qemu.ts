import path from 'node:path';
import type { Artifacts } from '../build/artifacts.js';
import { PI_MACHINE } from '../build/device-tree.js';
import { MANAGEMENT_MAC, type PiSpec, portMac, type RackSpec, TRUNK_MAC, UPLINK_MAC } from '../spec.js';
import { EMULATED } from './acceleration.js';

/**
 * Nothing is gained here by waiting politely for other processors, of which there are none, nor by the audit, nor by a kernel
 * that tests its own ciphers and page tables at every boot. Source: kernel-parameters.rst
 */
const QUICK = ['rcupdate.rcu_expedited=1', 'audit=0', 'cryptomgr.notests=1', 'rodata=off'] as const;

/** Where a guest's files are while the rack is up. */
export const guestFile = (dir: string, guest: string, what: string): string => path.join(dir, `${guest}.${what}`);

/** What every guest has: a console, a way in for the rack, a way to steer its hardware; and no network but its cables. */
export function commonArgs(dir: string, name: string): readonly string[] {
  const socket = (what: string): string => `path=${guestFile(dir, name, what)},server=on,wait=off`;
  return [
    ...['-name', name, '-nic', 'none', '-display', 'none', '-monitor', 'none'],
    ...['-chardev', `socket,id=console,${socket('console')},logfile=${guestFile(dir, name, 'log')}`],
    ...['-serial', 'chardev:console', '-qmp', `unix:${socket('qmp').replace('path=', '')}`],
    ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=control,${socket('control')}`],
    ...['-device', 'virtserialport,chardev=control,name=bramble.lab', '-device', 'virtio-rng-pci'],
  ];
}

/** One end of a cable between two guests: either may be started first, and each may be started again. */
function cable(dir: string, id: string, mac: string, own: string, other: string): readonly string[] {
  const local = `local.type=unix,local.path=${path.join(dir, `${own}.cable`)}`;
  const remote = `remote.type=unix,remote.path=${path.join(dir, `${other}.cable`)}`;
  return ['-netdev', `dgram,id=${id},${local},${remote}`, '-device', nic(id, mac)];
}

/** The end of a cable that leads out of the rack. */
function tap(id: string, mac: string, device: string): readonly string[] {
  return ['-netdev', `tap,id=${id},ifname=${device},script=no,downscript=no`, '-device', nic(id, mac)];
}

const nic = (id: string, mac: string): string => `virtio-net-pci,id=nic-${id},netdev=${id},mac=${mac},romfile=`;

function machine(dir: string, name: string, memoryMib: number, { machine }: Artifacts): readonly string[] {
  const share = `local,path=${path.join(dir, `${name}.share`)},mount_tag=lab,security_model=none,readonly=on,multidevs=remap`;
  const words = [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    'mitigations=off',
    ...QUICK,
    'net.ifnames=0',
    `lab.role=${name}`,
  ];
  return [
    ...[
      '-accel',
      machine.accelerator,
      '-M',
      'q35',
      '-cpu',
      'max',
      '-device',
      'vmgenid,guid=auto',
      '-m',
      String(memoryMib),
      '-kernel',
      machine.kernel,
      '-initrd',
      machine.initramfs,
    ],
    ...['-append', words.join(' '), '-virtfs', share],
    ...['-drive', `file=${guestFile(dir, name, 'root.qcow2')},if=virtio,cache=unsafe`],
  ];
}

export const SWITCH_TAP = 'tapsw';
export const FILESERVER_TAP = 'tapfs';

export function switchArgs(dir: string, { pis, trunkPort }: RackSpec, files: Artifacts): readonly string[] {
  return [
    ...machine(dir, 'switch', 256, files),
    ...pis.flatMap(({ port, name }) => cable(dir, `p${port}`, portMac(port), `switch-${port}`, name)),
    ...cable(dir, `p${trunkPort}`, portMac(trunkPort), `switch-${trunkPort}`, 'fileserver'),
    ...tap('mgmt', MANAGEMENT_MAC, SWITCH_TAP),
  ];
}

/** Disks of the fileserver on a SCSI bus, so that they can be pulled out and put in while it runs. */
export const FILESERVER_DISKS = ['disk1', 'disk2', 'disk3'] as const;

export function fileserverArgs(dir: string, { trunkPort }: RackSpec, files: Artifacts): readonly string[] {
  const disks = FILESERVER_DISKS.flatMap((disk, place) => {
    const file = path.join(dir, `${disk}.qcow2`);
    return [
      ...['-blockdev', `driver=qcow2,node-name=${disk},file.driver=file,file.filename=${file},cache.no-flush=on`],
      ...[
        '-device',
        `scsi-hd,bus=scsi.0,scsi-id=${place},drive=${disk},id=${disk},serial=BRAMBLE-${disk.toUpperCase()}`,
      ],
    ];
  });
  return [
    ...machine(dir, 'fileserver', 768, files),
    ...['-device', 'virtio-scsi-pci,id=scsi', ...disks],
    ...cable(dir, 'trunk', TRUNK_MAC, 'fileserver', `switch-${trunkPort}`),
    ...tap('uplink', UPLINK_MAC, FILESERVER_TAP),
  ];
}

export function piArgs(dir: string, pi: PiSpec, { pi: files }: Artifacts): readonly string[] {
  const card = guestFile(dir, pi.name, 'card.img');
  return [
    ...[
      '-accel',
      EMULATED,
      ...PI_MACHINE,
      '-kernel',
      files.kernel,
      '-initrd',
      files.initramfs,
      '-dtb',
      guestFile(dir, pi.name, 'dtb'),
    ],
    ...['-append', ['console=ttyAMA0 quiet panic=1 net.ifnames=0', ...QUICK].join(' ')],
    ...['-virtfs', `local,path=${files.node},mount_tag=lab,security_model=none,readonly=on,multidevs=remap`],
    ...cable(dir, 'eth0', pi.mac, pi.name, `switch-${pi.port}`),
    ...['-device', 'i6300esb', '-action', 'watchdog=reset', '-device', 'sdhci-pci'],
    ...['-drive', `file=${card},if=none,id=card,format=raw,cache=unsafe`, '-device', 'sd-card,drive=card'],
  ];
}
