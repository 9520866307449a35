import type { BootBoard } from '../../../proto/contract/netboot/boot-set.js';
import type { PortSubnet } from '../../../proto/contract/netboot/subnet.js';
import { encodeHostKey } from './openssh-key.js';
import { DATA_MOUNT, type Personal, renderBootFiles, renderRootFiles, STATE_MOUNT } from './personal.js';
import type { PoolFiles, Uniqueness } from './ports.js';

const SSH_FOLDER = 'etc/ssh';
/** Keys that came with the image: whoever has the image has them. */
const HOST_KEY = /^ssh_host_.*_key(?:\.pub)?$/;

export function makePersonal(board: BootBoard, subnet: PortSubnet, unique: Uniqueness): Personal {
  const comment = `root@${board.hostname}`;
  return {
    board,
    subnet,
    hostKeys: [
      encodeHostKey('ssh-ed25519', unique.ed25519(), unique.bytes(4), comment),
      encodeHostKey('ecdsa-sha2-nistp256', unique.p256(), unique.bytes(4), comment),
    ],
    machineId: hex(unique.bytes(16)),
  };
}

/** UUID version 4. Source: RFC 9562, 5.4. */
export function newFsid(unique: Pick<Uniqueness, 'bytes'>): string {
  const bytes = unique.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @throws BrambleError `failed-precondition` for a tree in which a link is in the way */
export async function writePersonal(
  files: Pick<PoolFiles, 'openTree'>,
  trees: { readonly root: string; readonly boot: string },
  personal: Personal,
): Promise<void> {
  const root = await files.openTree(trees.root);
  try {
    for (const name of await root.list(SSH_FOLDER)) {
      if (HOST_KEY.test(name)) await root.remove(`${SSH_FOLDER}/${name}`);
    }
    for (const file of renderRootFiles(personal)) await root.write(file);
    for (const mount of [STATE_MOUNT, DATA_MOUNT]) await root.makeFolder(mount.slice(1), 0o755);
  } finally {
    await root.close();
  }
  const boot = await files.openTree(trees.boot);
  try {
    for (const file of renderBootFiles(personal)) await boot.write(file);
  } finally {
    await boot.close();
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
