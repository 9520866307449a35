/** Boards that boot what the product serves: its images, its roots, its boot path. */

import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import { piRoot } from './build/roots.js';
import { brambleIn } from './healing.js';
import type { Rack } from './rack.js';
import { fileserverId } from './raid-transitions.js';
import type { PiSpec } from './spec.js';
import { twoPis } from './testing.js';

const run = promisify(execFile);

// Emulated machines on a busy host: generous.
export const BOOT_LIMIT_MS = 240_000;
export const FACT_LIMIT_MS = 60_000;

/**
 * The rack's own boot path ends: the boards are the product's from now on. Its pool is as on a fileserver, where nothing that a
 * board has written is a device or gains rights. Done once.
 */
const PUT_AWAY = `set -e
[ ! -f /etc/bramble/roots.json ] || exit 0
kill "$(cat /run/lab/dnsmasq.pid)"
: >/etc/exports
exportfs -ra; exportfs -f
for each in /export/*; do umount "$each"; rmdir "$each"; done
mkdir -p /run/network # ifupdown2 says "another instance is running" when it is missing
mkdir -p /etc/exports.d /etc/bramble /etc/network/interfaces.d /etc/chrony/conf.d /srv/bramble
echo 'source /etc/network/interfaces.d/*' >/etc/network/interfaces
btrfs -q subvolume create /srv/pool
mount -t btrfs -o subvol=/pool,noatime,nosuid,nodev /dev/md0 /srv/bramble
`;
/** Ports of boards forward nothing, but here there is no other way to the controller. */
const FORWARD = 'for each in /proc/sys/net/ipv4/conf/*/forwarding; do echo 1 >"$each"; done';
const ARM64 = 'aarch64-linux-gnu';
/**
 * What an agent needs whose program the rack lends, with busybox: a few megabytes. A fileserver whose every instruction is
 * translated brings half of one a second here.
 */
const LIBRARIES =
  /^(?:ld-linux|libc\.|libm\.|libdl\.|libpthread\.|librt\.|libcap-ng\.|libgcc_s\.|libatomic\.|libstdc\+\+\.)/;
/** A system mounts and writes there, or an image is refused without them. */
const FOLDERS = ['boot/firmware', 'card', 'dev', 'etc/ssh', 'lab', 'proc', 'root', 'run', 'sys', 'tmp', 'var/lib'];
const SYSTEM = ['etc', 'lib/ld-linux-aarch64.so.1', 'usr/bin/setpriv'];
export const ROOTS_POLICY = {
  trunk: 'eth0',
  network: '10.46.189.0/24',
  stateDir: '/var/lib/bramble-agent',
  services: 'programs',
};

/** One that joins, and one that has boot files and nothing else: its boards start over and over again. */
interface Images {
  readonly good: string;
  readonly broken: string;
}

interface Root {
  readonly serial: string;
  readonly generation: number;
  /** That it can be given back; 0 = none. */
  readonly previous: number;
  readonly hostKeys: readonly string[];
}

/** As boot ROMs ask for it. */
export const serialOf = ({ serial }: Pick<PiSpec, 'serial'>): string => serial.slice(-8);
/** For verbs that ask for the name of the fileserver once more. */
export const CONFIRMED = ['--confirm', 'fileserver'] as const;

/** Stands in the folder of its rack, so that every suite finds what the first one has made. */
export class ProductBoards {
  readonly rack: Rack;
  /** Of images and keys; commands run in it. */
  readonly dir: string;
  /** Id of the fileserver. */
  readonly node: string;
  readonly images: Images;

  private constructor(rack: Rack, dir: string, node: string, images: Images) {
    this.rack = rack;
    this.dir = dir;
    this.node = node;
    this.images = images;
  }

  /** Resolves when every board reports from a root of the product's. */
  static async serve(rack: Rack): Promise<ProductBoards> {
    const dir = path.join(rack.dir, 'images');
    await rack.controller.connected(['fileserver'], BOOT_LIMIT_MS);
    const node = await fileserverId(rack);
    const made = path.join(dir, 'made.json');
    if (existsSync(made)) {
      // written below, into a folder that its owner alone may write to
      const boards = new ProductBoards(rack, dir, node, JSON.parse(readFileSync(made, 'utf8')) as Images);
      await boards.areBack(rack.spec.pis);
      return boards;
    }
    mkdirSync(dir);
    for (const { name } of rack.spec.pis) await rack.powerOff(name);
    const images = await makeImages(rack, dir);
    const boards = new ProductBoards(rack, dir, node, images);
    await boards.setPorts(rack.spec.pis);
    for (const pi of rack.spec.pis) await boards.#serveFirst(pi);
    await boards.areBack(rack.spec.pis);
    writeFileSync(made, JSON.stringify(images));
    return boards;
  }

  async #serveFirst(pi: PiSpec): Promise<void> {
    const { generation } = await this.prepare(pi, this.images.good);
    await this.rack.run('fileserver', staysItself(pi));
    await this.activate(pi, generation);
    await this.rack.powerOn(pi.name);
  }

  bramble(...words: readonly string[]): Promise<string> {
    return brambleIn(this.rack, this.dir, ...words);
  }

  /** Root's own file on the fileserver. */
  putPolicy(name: string, text: string): Promise<string> {
    return putPolicy(this.rack, name, text);
  }

  /** With a board on each of these ports, and nobody expected on the others. */
  async setPorts(known: readonly PiSpec[], more: object = {}): Promise<void> {
    const ports = this.rack.spec.pis.map((pi) => {
      const board = {
        serial: serialOf(pi),
        mac: pi.mac,
        hostname: pi.name,
        boardClass: pi.model.includes('Pi 3') ? 'pi3' : 'pi4',
        bits: 64,
      };
      const whole = { ...board, hasBootCard: false, mode: 'root', authorizedKeys: [] };
      return { vlan: pi.vlan, server: pi.serverAddress, ...(known.includes(pi) && { board: whole }) };
    });
    writeFileSync(path.join(this.dir, 'config.json'), JSON.stringify({ bootSet: { trunk: 'eth0', ports, ...more } }));
    await this.bramble('node', 'config', 'set', this.node, '-f', 'config.json');
    await this.rack.run('fileserver', FORWARD);
  }

  async rootOf(pi: PiSpec): Promise<Root | undefined> {
    const told = await this.bramble('roots', 'list', this.node, '-o', 'json');
    const { roots } = JSON.parse(told) as { roots: readonly Root[] }; // as the command line prints it
    return roots.find(({ serial }) => serial === serialOf(pi));
  }

  async nodeOf(pi: PiSpec) {
    return (await this.rack.controller.api.nodes()).find(({ name }) => name === pi.name);
  }

  bootIdOf(pi: PiSpec): Promise<string> {
    return this.rack.run(pi.name, 'cat /proc/sys/kernel/random/boot_id');
  }

  hostKeyOf(pi: PiSpec): Promise<string> {
    return this.rack.run(pi.name, 'cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub');
  }

  async prepare(pi: PiSpec, image: string, ...options: readonly string[]) {
    const { detail, ms } = await this.#ordered('roots', 'prepare', this.node, serialOf(pi), image, ...options);
    const [, generation = expect.unreachable(detail)] = /^generation (\d+) /.exec(detail) ?? [];
    return { generation: Number(generation), ms };
  }

  async activate(pi: PiSpec, generation: number): Promise<number> {
    const words = ['roots', 'activate', this.node, serialOf(pi), String(generation), ...CONFIRMED];
    return (await this.#ordered(...words)).ms;
  }

  /** What an order came to, and what it took from being given to being told as done, by the controller's clock. */
  async #ordered(...words: readonly string[]): Promise<{ readonly detail: string; readonly ms: number }> {
    const told = JSON.parse(await this.bramble(...words, '-o', 'json')) as Pick<
      CommandView,
      'detail' | 'issuedAtMs' | 'updatedAtMs'
    >; // as the command line prints it
    return { detail: told.detail, ms: told.updatedAtMs - told.issuedAtMs };
  }

  async areBack(pis: readonly PiSpec[]): Promise<void> {
    const names = pis.map(({ name }) => name);
    await this.rack.ready(names, BOOT_LIMIT_MS);
    await this.rack.controller.connected(names, BOOT_LIMIT_MS);
  }
}

/** The board is the node that it was on the root of the rack, or joins by the token that it would have used there. */
function staysItself({ name, address, serial }: PiSpec): string {
  const [was, state] = [`/srv/roots/${address}/var/lib/bramble-agent`, `/srv/bramble/roots/${serial.slice(-8)}/state`];
  return `if [ -f ${was}/identity.json ]; then cp -a ${was}/. ${state}/
else install -o 990 -g 990 -m 400 /lab/${name}.token ${state}/join-token; fi`;
}

function putPolicy(rack: Rack, name: string, text: string): Promise<string> {
  return rack.run('fileserver', `cat >/etc/bramble/${name} <<'X'\n${text}\nX\nchmod 644 /etc/bramble/${name}`);
}

/** Signed, pushed and pulled to the site, after the boot path of the rack was put away. */
async function makeImages(rack: Rack, dir: string): Promise<Images> {
  await writeSystems(rack, dir);
  await rack.run('fileserver', PUT_AWAY);
  await brambleIn(rack, dir, 'image', 'key', 'key');
  const trustedKeys = [readFileSync(path.join(dir, 'key.pub'), 'utf8')];
  await putPolicy(rack, 'image-policy.json', JSON.stringify({ trustedKeys }));
  await putPolicy(rack, 'roots.json', JSON.stringify({ pool: '/srv/bramble', driver: 'btrfs', ...ROOTS_POLICY }));
  return { good: await signedImage(rack, dir, 'good', 1), broken: await signedImage(rack, dir, 'broken', 2) };
}

async function signedImage(rack: Rack, dir: string, name: string, release: number): Promise<string> {
  const words = ['image', 'import', name, '--class', 'pi-root', '--release', String(release), '-o', 'json'];
  // as the command line prints it
  const { image } = JSON.parse(await brambleIn(rack, dir, ...words)) as { image: string };
  await brambleIn(rack, dir, 'image', 'sign', image, '--key', 'key');
  await brambleIn(rack, dir, 'image', 'push', image);
  await brambleIn(rack, dir, 'image', 'pull', image, '--site', 'rack', '--timeout', '5m');
  return image;
}

async function writeSystems(rack: Rack, dir: string): Promise<void> {
  const at = (name: string): string => path.join(dir, name);
  const root = await piRoot(() => undefined);
  const libraries = ['lib', 'usr/lib'].flatMap((folder) => {
    const names = readdirSync(path.join(root, folder, ARM64)).filter((name) => LIBRARIES.test(name));
    return names.map((name) => path.join(folder, ARM64, name));
  });
  mkdirSync(at('good'));
  await run('cp', ['-a', '--parents', ...SYSTEM, ...libraries, at('good')], { cwd: root });
  mkdirSync(at('broken'));
  for (const folder of FOLDERS) {
    for (const name of ['good', 'broken']) mkdirSync(path.join(at(name), folder), { recursive: true });
  }
  copyFileSync('test/lab/guests/pi-init.sh', at('good/pi-init'));
  chmodSync(at('good/pi-init'), 0o755);
  copyFileSync('test/lab/guests/agent.sh', at('good/lab/agent.sh'));
  copyFileSync('dist/bramble-agent.mjs', at('good/lab/agent.mjs'));
  // Where the controller is, and whom to believe; nothing in it is one board's.
  const [first] = twoPis(rack);
  copyFileSync(path.join(rack.dir, `fileserver.share/${first.name}.yaml`), at('good/lab/agent.yaml'));
  for (const name of ['good', 'broken']) {
    for (const file of ['start.elf', 'start4.elf', 'kernel8.img', 'bootcode.bin']) {
      writeFileSync(path.join(at(name), 'boot/firmware', file), `${file} of ${name}`);
    }
  }
}
