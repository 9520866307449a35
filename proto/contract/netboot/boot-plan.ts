import { type BootBoard, type BootPort, type BootSet, rootSerialOf } from './boot-set.js';
import { exportPath, renderSharedCommandLine, sharedExportPath, type VolumeName, volumePath } from './cmdline.js';
import { renderConfigTxt } from './config-txt.js';
import { type PortLease, renderPortHosts } from './dnsmasq.js';
import type { ExportLine } from './exports.js';
import { intakeFiles } from './intake.js';
import { type PortSubnet, subnetOfServer } from './subnet.js';

/** The generation that a board's `current` names, and what is kept beside it. */
export interface CurrentRoot extends ExportedTree {
  readonly volumes: readonly (ExportedTree & { readonly name: VolumeName })[];
}

/** A directory as NFS needs to know it. */
interface ExportedTree {
  readonly fsid: string;
  /** Where its filesystem is mounted; `undefined` = it is a folder of another one. */
  readonly mountPoint: string | undefined;
}

/** An image that is unpacked here, as shared systems need it. */
export interface SharedImage extends ExportedTree {
  /** Names at the top of its boot files. */
  readonly bootNames: readonly string[];
}

/** What is there to boot from. */
export interface BootStock {
  /** By serial number. */
  readonly roots: ReadonlyMap<string, CurrentRoot>;
  readonly images: ReadonlyMap<string, SharedImage>;
  /** Serial numbers of boards that the loop detector holds back. */
  readonly held: ReadonlySet<string>;
}

/** The one decision that DHCP, TFTP and NFS follow alike. */
export type Gate =
  | { readonly kind: 'root'; readonly board: BootBoard; readonly root: CurrentRoot }
  | {
      readonly kind: 'shared';
      readonly board: BootBoard | undefined;
      readonly image: string;
      readonly shared: SharedImage;
    }
  /** It gets no start from here; what it has mounted, if one of its starts came to something, stays. */
  | { readonly kind: 'held'; readonly board: BootBoard; readonly root: CurrentRoot; readonly why: string }
  | { readonly kind: 'closed'; readonly why: string };

export function gateOf(set: Pick<BootSet, 'intakeImage' | 'rescueImage'>, port: BootPort, stock: BootStock): Gate {
  const { board } = port;
  if (board === undefined) return shared(set.intakeImage, undefined, stock, 'nobody is expected here');
  if (board.mode === 'closed') return { kind: 'closed', why: 'it is told not to boot' };
  if (board.mode === 'rescue') return shared(set.rescueImage, board, stock, 'there is no rescue image');
  const serial = rootSerialOf(board);
  const root = stock.roots.get(serial);
  if (root === undefined) return { kind: 'closed', why: 'it has no root yet' };
  if (stock.held.has(serial)) return { kind: 'held', board, root, why: 'it started over and over again' };
  return { kind: 'root', board, root };
}

function shared(image: string | undefined, board: BootBoard | undefined, stock: BootStock, why: string): Gate {
  if (image === undefined) return { kind: 'closed', why };
  const found = stock.images.get(image);
  if (found === undefined) return { kind: 'closed', why: `image ${image} is not unpacked here` };
  return { kind: 'shared', board, image, shared: found };
}

/** A name below a board's TFTP folder: a text of its own, or a file or folder of an image or a root. */
export type TftpEntry =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly of: 'root'; readonly serial: string; readonly file: string }
  | { readonly path: string; readonly of: 'image'; readonly image: string; readonly file: string };

/** What becomes of one port. */
export interface PortPlan {
  readonly vlan: number;
  readonly address: string;
  readonly gate: Gate;
  /** The port's file in the hosts folder of dnsmasq. */
  readonly hosts: string;
  readonly tftp: readonly TftpEntry[];
  readonly exports: readonly ExportLine[];
}

/** Everything that changes when boards come and go. Pure: the same set and stock, the same files. */
export function planPorts(set: BootSet, stock: BootStock): readonly PortPlan[] {
  return set.ports.flatMap((port) => {
    const subnet = subnetOfServer(port.server);
    return subnet === undefined ? [] : [planPort(set, port, subnet, gateOf(set, port, stock))];
  });
}

function planPort(set: BootSet, port: BootPort, subnet: PortSubnet, gate: Gate): PortPlan {
  return {
    vlan: port.vlan,
    address: subnet.board,
    gate,
    hosts: renderPortHosts(set.trunk, port, leaseOf(gate)),
    tftp: tftpOf(gate, subnet),
    exports: exportsOf(gate, subnet.board),
  };
}

function leaseOf(gate: Gate): PortLease {
  if (gate.kind === 'closed' || gate.kind === 'held') return { kind: 'nobody' };
  return gate.board === undefined ? { kind: 'anybody' } : { kind: 'board', board: gate.board };
}

/** The ROM of the older boards asks for bootcode.bin before it says who it is. */
const FIRST_FILE = 'bootcode.bin';
const OWN_FILES = ['cmdline.txt', 'config.txt'];

function tftpOf(gate: Gate, subnet: PortSubnet): readonly TftpEntry[] {
  switch (gate.kind) {
    case 'closed':
    case 'held':
      return [];
    case 'root': {
      const serial = rootSerialOf(gate.board);
      return [
        { path: FIRST_FILE, of: 'root', serial, file: FIRST_FILE },
        { path: gate.board.serial, of: 'root', serial, file: '' },
      ];
    }
    case 'shared': {
      const { board, image, shared: found } = gate;
      const of = { of: 'image', image } as const;
      const names = found.bootNames.filter((name) => !OWN_FILES.includes(name) && !name.startsWith('cmdline'));
      if (board === undefined) {
        return [...names.map((name) => ({ path: name, file: name, ...of })), ...intakeFiles(subnet, image)];
      }
      const below = (name: string): string => `${board.serial}/${name}`;
      return [
        { path: FIRST_FILE, file: FIRST_FILE, ...of },
        ...names.map((name) => ({ path: below(name), file: name, ...of })),
        { path: below('config.txt'), text: renderConfigTxt(board) },
        { path: below('cmdline.txt'), text: `${renderSharedCommandLine(board, subnet, image)}\n` },
      ];
    }
  }
}

function exportsOf(gate: Gate, address: string): readonly ExportLine[] {
  switch (gate.kind) {
    case 'closed':
      return [];
    case 'root':
    case 'held': {
      const { fsid, mountPoint, volumes } = gate.root;
      return [
        { path: exportPath(address), address, fsid, access: 'rw', mountPoint },
        ...volumes.map((volume): ExportLine => {
          return { ...volume, path: volumePath(address, volume.name), address, access: 'rw' };
        }),
      ];
    }
    case 'shared': {
      const { fsid, mountPoint } = gate.shared;
      return [{ path: sharedExportPath(gate.image), address, fsid, access: 'ro', mountPoint }];
    }
  }
}
