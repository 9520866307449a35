/** What a rack's guests are made from, in its folder: disks, cards, boards, and what they are lent. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Artifacts } from './build/artifacts.js';
import { writeBoardTree } from './build/device-tree.js';
import { exec } from './build/exec.js';
import { FILESERVER_DISKS, guestFile } from './host/qemu.js';
import { interfacesFile, outletsFile, pisFile, type RackSpec, switchPolicyFile } from './spec.js';

const CARD_SIZE = '64M';
/** Of the third disk, for the thin pool. */
const BLANK_DISK_SIZE = '1G';

const TO_BOOT = ['machine.sh', 'control.sh', 'switch.sh', 'fileserver.sh', 'thin-pool.sh', 'begin.sh'] as const;
const TO_BEGIN = ['agent.sh', 'personalise.sh', 'outlet.sh'] as const;

/** New disks of the switch and the fileserver, over those that no rack changes. */
export async function makeMachineDisks(dir: string, files: Artifacts): Promise<void> {
  const create = (...words: readonly string[]): Promise<string> =>
    exec('qemu-img', ['create', '-q', '-f', 'qcow2', ...words]);
  const overlay = (backing: string, name: string): Promise<string> =>
    create('-F', 'raw', '-b', backing, path.join(dir, name));
  const [first, second, blank] = FILESERVER_DISKS;
  for (const name of ['switch', 'fileserver']) await overlay(files.machine.image, `${name}.root.qcow2`);
  for (const disk of [first, second]) await overlay(files.goldenDisk, `${disk}.qcow2`);
  await create(path.join(dir, `${blank}.qcow2`), BLANK_DISK_SIZE);
}

/** Boards of the Pis with their cards. */
export async function makeBoards(dir: string, { pis }: RackSpec, files: Artifacts): Promise<void> {
  for (const pi of pis) {
    await writeBoardTree(files.pi.deviceTree, pi, guestFile(dir, pi.name, 'dtb'));
    const card = guestFile(dir, pi.name, 'card.img');
    await exec('truncate', ['-s', CARD_SIZE, card]);
    await exec('mke2fs', ['-q', '-t', 'ext4', card]);
  }
}

type Lent = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Everything that the switch and the fileserver read until they have booted, by guest and file name. */
export function lentToBoot(spec: RackSpec, scriptsDir: string): Lent {
  const scripts = textsOf(scriptsDir, TO_BOOT);
  return {
    switch: { ...scripts, hostname: 'switch\n', interfaces: interfacesFile(spec) },
    fileserver: { ...scripts, hostname: 'fileserver\n', pis: pisFile(spec) },
  };
}

/** What they read afterwards. */
export function lentToBegin(spec: RackSpec, scriptsDir: string): Lent {
  const scripts = textsOf(scriptsDir, TO_BEGIN);
  const power = { outlets: outletsFile(spec), 'switch-policy.json': switchPolicyFile(spec) };
  return { switch: { ...scripts, ...power }, fileserver: scripts };
}

function textsOf(dir: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(dir, name), 'utf8')]));
}

export function lend(dir: string, lent: Lent): void {
  for (const [guest, texts] of Object.entries(lent)) {
    const share = guestFile(dir, guest, 'share');
    mkdirSync(share, { recursive: true });
    for (const [file, text] of Object.entries(texts)) writeFileSync(path.join(share, file), text);
  }
}
