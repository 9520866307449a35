/** Boards are reimaged by the product itself: its images, its roots, its boot path; the rack's own are put away first. */

import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import { NOTHING_REPAIRED } from '../../proto/contract/netboot/repair.js';
import { DRIVER_CASES } from '../system/driver-conformance.js';
import { piRoot } from './build/roots.js';
import { Rack } from './rack.js';
import { fileserverId } from './raid-transitions.js';
import type { PiSpec } from './spec.js';
import { until } from './testing.js';

const run = promisify(execFile);
const found = inject('rack');
const why = 'missing' in found ? ` (skipped: ${found.missing})` : '';

// Emulated machines on a busy host: generous, but for what is measured.
const BOOT_LIMIT_MS = 240_000;
const FACT_LIMIT_MS = 60_000;
/** From cutting its power until its agent reports again. */
const REIMAGE_GOAL_MS = 30_000;
const NEW_ROOT_GOAL_MS = 1_000;
/** Of machines whose every instruction is translated: a fileserver's work, and a boot, of which much is waiting. */
const EMULATED_FACTOR = { root: 10, boot: 2 };

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
const POLICY = { trunk: 'eth0', network: '10.46.189.0/24', stateDir: '/var/lib/bramble-agent', services: 'programs' };

/** Says a line for each case. */
const CONFORMANCE = `
import { DRIVER_CASES } from './test/system/driver-conformance.js';
import { nodeDriver } from './test/system/roots-rig.js';
const [pool, folder, group, thinPool] = process.argv.slice(2);
const driver = await nodeDriver('lvm-thin', pool, { group, thinPool });
for (const [name, holds] of DRIVER_CASES) {
  const outcome = await holds({ driver, pool, folder }).then(() => 'ok ' + name, (error) => name + ': ' + error.stack);
  process.stdout.write(outcome + '\\n');
}
`;

interface Root {
  readonly serial: string;
  readonly generation: number;
  readonly hostKeys: readonly string[];
}

describe.skipIf(why !== '')(`boards that the product reimages${why}`, () => {
  let rack: Rack;
  let dir: string;
  let node: string;
  let good: string;
  let broken: string;
  const at = (name: string): string => path.join(dir, name);
  const serialOf = ({ serial }: PiSpec): string => serial.slice(-8);
  const confirmed = ['--confirm', 'fileserver'] as const;

  async function bramble(...words: readonly string[]): Promise<string> {
    const argv = [path.resolve('dist/bramble.mjs'), '--socket', rack.controller.adminSocket, ...words];
    return (await run(process.execPath, argv, { cwd: dir, maxBuffer: 1e8 })).stdout;
  }

  async function signedImage(name: string, release: number): Promise<string> {
    const words = ['image', 'import', name, '--class', 'pi-root', '--release', String(release), '-o', 'json'];
    const { image } = JSON.parse(await bramble(...words)) as { image: string };
    await bramble('image', 'sign', image, '--key', 'key');
    await bramble('image', 'push', image);
    await bramble('image', 'pull', image, '--site', 'rack', '--timeout', '5m');
    return image;
  }

  /** Root's own file on the fileserver. */
  const putPolicy = (name: string, text: string) =>
    rack.run('fileserver', `cat >/etc/bramble/${name} <<'X'\n${text}\nX\nchmod 644 /etc/bramble/${name}`);

  /** With a board on each of these ports, and nobody expected on the others. */
  async function setPorts(known: readonly PiSpec[], more: object = {}): Promise<void> {
    const ports = rack.spec.pis.map((pi) => {
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
    writeFileSync(at('config.json'), JSON.stringify({ bootSet: { trunk: 'eth0', ports, ...more } }));
    await bramble('node', 'config', 'set', node, '-f', 'config.json');
    await rack.run('fileserver', FORWARD);
  }

  const rootOf = async (pi: PiSpec): Promise<Root | undefined> => {
    const { roots } = JSON.parse(await bramble('roots', 'list', node, '-o', 'json')) as { roots: readonly Root[] };
    return roots.find(({ serial }) => serial === serialOf(pi));
  };
  const nodeOf = async (pi: PiSpec) => (await rack.controller.api.nodes()).find(({ name }) => name === pi.name);
  const bootIdOf = (pi: PiSpec) => rack.run(pi.name, 'cat /proc/sys/kernel/random/boot_id');
  const hostKeyOf = (pi: PiSpec) => rack.run(pi.name, 'cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub');

  /** What an order came to, and what it took from being given to being told as done, by the controller's clock. */
  async function ordered(...words: readonly string[]): Promise<{ readonly detail: string; readonly ms: number }> {
    const told = JSON.parse(await bramble(...words, '-o', 'json')) as Pick<
      CommandView,
      'detail' | 'issuedAtMs' | 'updatedAtMs'
    >;
    return { detail: told.detail, ms: told.updatedAtMs - told.issuedAtMs };
  }

  async function prepare(pi: PiSpec, image: string, ...options: readonly string[]) {
    const { detail, ms } = await ordered('roots', 'prepare', node, serialOf(pi), image, ...options);
    const [, generation = expect.unreachable(detail)] = /^generation (\d+) /.exec(detail) ?? [];
    return { generation: Number(generation), ms };
  }
  async function activate(pi: PiSpec, generation: number): Promise<number> {
    return (await ordered('roots', 'activate', node, serialOf(pi), String(generation), ...confirmed)).ms;
  }

  /** Prepared while it runs; then off, and seen to be off; then it gets its new root, and power. */
  async function reimage(pi: PiSpec, image: string) {
    const { generation, ms: prepareMs } = await prepare(pi, image);
    const startedMs = performance.now();
    await rack.powerOff(pi.name);
    expect(rack.isOn(pi.name)).toBe(false);
    const activateMs = await activate(pi, generation);
    await rack.powerOn(pi.name);
    return { generation, startedMs, prepareMs, activateMs };
  }

  async function isBack(pi: PiSpec): Promise<void> {
    await rack.ready([pi.name], BOOT_LIMIT_MS);
    await rack.controller.connected([pi.name], BOOT_LIMIT_MS);
  }

  const first = (): PiSpec => rack.spec.pis[0] ?? expect.unreachable('a rack has a Pi');
  const second = (): PiSpec => rack.spec.pis[1] ?? expect.unreachable('two Pis are needed');

  /** A small system with an agent that joins, and one that has boot files and nothing else. */
  async function writeSystems(): Promise<void> {
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
    copyFileSync(path.join(rack.dir, `fileserver.share/${first().name}.yaml`), at('good/lab/agent.yaml'));
    for (const name of ['good', 'broken']) {
      for (const file of ['start.elf', 'start4.elf', 'kernel8.img', 'bootcode.bin']) {
        writeFileSync(path.join(at(name), 'boot/firmware', file), `${file} of ${name}`);
      }
    }
  }

  beforeAll(async () => {
    if ('missing' in found) return;
    rack = Rack.open(found.id);
    dir = mkdtempSync(path.join(tmpdir(), 'bramble-reimage-'));
    for (const { name } of rack.spec.pis) await rack.powerOff(name);
    await writeSystems();
    await rack.controller.connected(['fileserver'], BOOT_LIMIT_MS);
    node = await fileserverId(rack);
    await rack.run('fileserver', PUT_AWAY);
    await bramble('image', 'key', 'key');
    await putPolicy('image-policy.json', JSON.stringify({ trustedKeys: [readFileSync(at('key.pub'), 'utf8')] }));
    await putPolicy('roots.json', JSON.stringify({ pool: '/srv/bramble', driver: 'btrfs', ...POLICY }));
    good = await signedImage('good', 1);
    broken = await signedImage('broken', 2);
    await setPorts(rack.spec.pis);
    for (const pi of rack.spec.pis) {
      const { generation } = await prepare(pi, good);
      const token = `/srv/bramble/roots/${serialOf(pi)}/state/join-token`;
      await rack.run('fileserver', `install -o 990 -g 990 -m 400 /lab/${pi.name}.token ${token}`);
      await activate(pi, generation);
      await rack.powerOn(pi.name);
    }
    for (const pi of rack.spec.pis) await isBack(pi);
  }, 1_800_000);
  afterAll(() => {
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  test('a board is soon back with a new root, a new host key and the node that it was', async ({ annotate }) => {
    const pi = first();
    const before = { node: (await nodeOf(pi))?.id, bootId: await bootIdOf(pi), key: await hostKeyOf(pi) };
    await rack.run(pi.name, 'echo kept >/data/diary; echo lost >/etc/scratch');
    const { startedMs, prepareMs, activateMs } = await reimage(pi, good);
    await isBack(pi);
    const tookMs = performance.now() - startedMs;
    await annotate(`prepared in ${prepareMs} ms, activated in ${activateMs} ms, back after ${Math.round(tookMs)} ms`);
    expect((await nodeOf(pi))?.id).toBe(before.node);
    expect(await bootIdOf(pi)).not.toBe(before.bootId);
    expect(await rack.run(pi.name, 'cat /data/diary')).toContain('kept');
    expect(await rack.run(pi.name, 'cat /etc/scratch 2>&1 || true')).toContain('No such file');
    const key = await hostKeyOf(pi);
    expect(key).not.toBe(before.key);
    await until('its new key is published', FACT_LIMIT_MS, async () => {
      return (await rootOf(pi))?.hostKeys.includes(key.trim()) === true;
    });
    const slow = rack.accelerator === 'kvm' ? { root: 1, boot: 1 } : EMULATED_FACTOR;
    expect(tookMs).toBeLessThanOrEqual(REIMAGE_GOAL_MS * slow.boot);
    expect(prepareMs + activateMs).toBeLessThanOrEqual(NEW_ROOT_GOAL_MS * slow.root);
  });

  test('a board whose new image does not boot gets the generation before it back', async () => {
    const pi = second();
    const key = await hostKeyOf(pi);
    const { generation } = await reimage(pi, broken);
    await rack.says(pi.name, 'root is mounted', BOOT_LIMIT_MS);
    expect(rack.console(pi.name)).not.toContain(`${pi.name} is ready`);
    await rack.powerOff(pi.name);
    await until('it is known what is served', FACT_LIMIT_MS, async () => (await rootOf(pi))?.generation === generation);
    await bramble('roots', 'rollback', node, serialOf(pi), ...confirmed);
    await rack.powerOn(pi.name);
    await isBack(pi);
    expect(await hostKeyOf(pi)).toBe(key);
  });

  test('T-30 the root of a board is refused to every other address, and its own has no other', async () => {
    const [own, other] = [first(), second()];
    const mount = (from: PiSpec, what: PiSpec) =>
      `mkdir -p /tmp/try; /run/lab/busybox timeout -s KILL 20 /run/lab/busybox mount -t nfs -o vers=3,proto=tcp,nolock,retry=0,addr=${from.serverAddress} ` +
      `${from.serverAddress}:/export/${what.address} /tmp/try 2>&1; grep -c ' /tmp/try nfs' /proc/mounts || true; umount /tmp/try 2>/dev/null || true`;
    expect((await rack.run(other.name, mount(other, own))).trim().split('\n').at(-1)).toBe('0');
    // By the address of somebody else, on its own cable.
    const borrowed = `ip addr add ${own.address}/32 dev eth0; ip route add ${other.serverAddress}/32 dev eth0 src ${own.address}
      ${mount(other, own)}; ip route del ${other.serverAddress}/32 dev eth0; ip addr del ${own.address}/32 dev eth0`;
    expect((await rack.run(other.name, borrowed)).trim().split('\n').at(-1)).toBe('0');
    expect((await rack.run(own.name, mount(own, own))).trim().split('\n').at(-1)).toBe('1');
  });

  test('a boot path that somebody broke is put right, and tried by mounting what the board mounts', async () => {
    const pi = first();
    const repair = async () => {
      const { id } = await rack.controller.api.issueCommand(node, {
        action: { kind: 'boot-path-repair', serial: serialOf(pi) },
        reason: 'the rack tries it',
        validForMs: FACT_LIMIT_MS,
      });
      const over = ['succeeded', 'failed', 'rejected'];
      const look = () => rack.controller.api.command(id);
      return until('it is over', FACT_LIMIT_MS, look, ({ state }) => over.includes(state));
    };
    await rack.run('fileserver', 'rm /etc/exports.d/bramble.exports; exportfs -ra');
    const repaired = await repair();
    expect(repaired).toMatchObject({ state: 'succeeded', detail: expect.stringContaining('bramble.exports written') });
    expect(await rack.run('fileserver', 'exportfs -s; mount')).not.toContain('127.0.0.1');
    await rack.run('fileserver', 'pkill -x rpc.mountd');
    try {
      const detail = expect.stringContaining(`/export/${pi.address} cannot be mounted by board ${serialOf(pi)}`);
      expect(await repair()).toMatchObject({ state: 'failed', detail });
    } finally {
      await rack.run('fileserver', 'rpc.mountd');
    }
    expect(await repair()).toMatchObject({ state: 'succeeded', detail: NOTHING_REPAIRED });
  });

  test('thin volumes of a real pool do everything that a driver has to do', async () => {
    const stdin = { contents: CONFORMANCE, resolveDir: process.cwd() };
    const outfile = path.join(rack.dir, 'fileserver.share/conformance.mjs');
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm' });
    const lent = '/run/lab/lent';
    const mount = `mkdir -p ${lent} /srv/try /run/lab/try; mount -t 9p -o trans=virtio,version=9p2000.L,ro lab ${lent}`;
    const told = await rack.run(
      'fileserver',
      `${mount}; node ${lent}/conformance.mjs /srv/try /run/lab/try thin pool; umount ${lent}`,
      BOOT_LIMIT_MS,
    );
    expect(told.trim().split('\n')).toEqual(DRIVER_CASES.map(([name]) => `ok ${name}`));
    expect(await rack.run('fileserver', 'lvs --noheadings -o lv_name thin; mount')).not.toContain('bramble.');
  });

  test('a board boots from thin volumes that are mounted nosuid,nodev, and nothing of them is left when it is released', async () => {
    const kept = await rack.run('fileserver', 'cat /etc/bramble/roots.json');
    const thin = { pool: '/srv/thin', driver: 'lvm-thin', thinPool: 'thin/pool', ...POLICY };
    const pi = first();
    await rack.powerOff(pi.name);
    try {
      await putPolicy('roots.json', JSON.stringify(thin));
      await setPorts([pi], { intakeImage: undefined });
      const before = await nodeOf(pi);
      const { generation } = await prepare(pi, good, '--data', '1');
      const stateOf = (pool: string): string => `${pool}/roots/${serialOf(pi)}/state`;
      await rack.run('fileserver', `cp -a ${stateOf('/srv/bramble')}/. ${stateOf('/srv/thin')}/`);
      await activate(pi, generation);
      await rack.powerOn(pi.name);
      await isBack(pi);
      expect((await nodeOf(pi))?.id).toBe(before?.id);
      const mounts = await rack.run(
        'fileserver',
        `grep /srv/thin/roots/${serialOf(pi)}/gen-${generation} /proc/mounts`,
      );
      expect(mounts).toMatch(/ ext4 rw,nosuid,nodev,/);
      expect(await rack.run('fileserver', 'exportfs -s')).toMatch(
        new RegExp(`/srv/thin/roots/${serialOf(pi)}/gen-${generation}/root\\s+${pi.address}\\(`),
      );
      await rack.powerOff(pi.name);
      await bramble('roots', 'remove', node, serialOf(pi), '--wipe-data', ...confirmed);
      expect(await rack.run('fileserver', 'lvs --noheadings -o lv_name thin')).not.toContain(serialOf(pi));
    } finally {
      await rack.powerOff(pi.name);
      await putPolicy('roots.json', kept.trim());
      await setPorts(rack.spec.pis);
      await rack.powerOn(pi.name);
    }
  });

  test('a board that nobody knows comes up read-only, and is seen', async () => {
    const pi = second();
    await rack.powerOff(pi.name);
    await setPorts([first()], { intakeImage: good });
    await rack.powerOn(pi.name);
    await rack.says(pi.name, 'root is mounted', BOOT_LIMIT_MS);
    const write = 'touch /etc/mine 2>&1 || true';
    await rack.ready([pi.name], BOOT_LIMIT_MS);
    expect(await rack.run(pi.name, write)).toContain('Read-only');
    await until('it is seen', FACT_LIMIT_MS, async () => {
      const { boards } = JSON.parse(await bramble('get', 'boards', '-o', 'json')) as { boards: { mac: string }[] };
      return boards.some(({ mac }) => mac === pi.mac);
    });
    await rack.powerOff(pi.name);
    await setPorts(rack.spec.pis);
    await rack.powerOn(pi.name);
  });
});
