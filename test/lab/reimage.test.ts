/** Boards are reimaged by the product itself: its images, its roots, its boot path; the rack's own are put away first. */

import path from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { NOTHING_REPAIRED } from '../../proto/contract/netboot/repair.js';
import { DRIVER_CASES } from '../system/driver-conformance.js';
import { BOOT_LIMIT_MS, CONFIRMED, FACT_LIMIT_MS, ProductBoards, ROOTS_POLICY, serialOf } from './product-boards.js';
import { Rack } from './rack.js';
import type { PiSpec } from './spec.js';
import { until } from './testing.js';

const found = inject('rack');
const why = 'missing' in found ? ` (skipped: ${found.missing})` : '';

/** From cutting its power until its agent reports again. */
const REIMAGE_GOAL_MS = 30_000;
const NEW_ROOT_GOAL_MS = 1_000;
/** Of machines whose every instruction is translated: a fileserver's work, and a boot, of which much is waiting. */
const EMULATED_FACTOR = { root: 10, boot: 2 };

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

describe.skipIf(why !== '')(`boards that the product reimages${why}`, () => {
  let rack: Rack;
  let boards: ProductBoards;
  let node: string;
  let good: string;
  let broken: string;
  const bramble = (...words: readonly string[]) => boards.bramble(...words);

  /** Prepared while it runs; then off, and seen to be off; then it gets its new root, and power. */
  async function reimage(pi: PiSpec, image: string) {
    const { generation, ms: prepareMs } = await boards.prepare(pi, image);
    const [startedMs, offAtMs] = [performance.now(), Date.now()];
    await rack.powerOff(pi.name);
    expect(rack.isOn(pi.name)).toBe(false);
    const activateMs = await boards.activate(pi, generation);
    await rack.powerOn(pi.name);
    return { generation, startedMs, offAtMs, prepareMs, activateMs };
  }

  const isBack = (pi: PiSpec): Promise<void> => boards.areBack([pi]);

  const first = (): PiSpec => rack.spec.pis[0] ?? expect.unreachable('a rack has a Pi');
  const second = (): PiSpec => rack.spec.pis[1] ?? expect.unreachable('two Pis are needed');

  beforeAll(async () => {
    if ('missing' in found) return;
    rack = Rack.open(found.id);
    boards = await ProductBoards.serve(rack);
    ({ node } = boards);
    ({ good, broken } = boards.images);
  }, 1_800_000);

  test('a board is soon back with a new root, a new host key and the node that it was', async ({ annotate }) => {
    const pi = first();
    const before = {
      node: (await boards.nodeOf(pi))?.id,
      bootId: await boards.bootIdOf(pi),
      key: await boards.hostKeyOf(pi),
    };
    await rack.run(pi.name, 'echo kept >/data/diary; echo lost >/etc/scratch');
    const { startedMs, offAtMs, prepareMs, activateMs } = await reimage(pi, good);
    await isBack(pi);
    const upMs = Math.round(performance.now() - startedMs);
    await until('its agent reports from its new root', BOOT_LIMIT_MS, async () => {
      return ((await boards.nodeOf(pi))?.connectedSinceMs ?? 0) > offAtMs;
    });
    const tookMs = performance.now() - startedMs;
    const root = `prepared in ${prepareMs} ms, activated in ${activateMs} ms`;
    await annotate(`${root}, up after ${upMs} ms, reports after ${Math.round(tookMs)} ms`);
    expect((await boards.nodeOf(pi))?.id).toBe(before.node);
    expect(await boards.bootIdOf(pi)).not.toBe(before.bootId);
    expect(await rack.run(pi.name, 'cat /data/diary')).toContain('kept');
    expect(await rack.run(pi.name, 'cat /etc/scratch 2>&1 || true')).toContain('No such file');
    const key = await boards.hostKeyOf(pi);
    expect(key).not.toBe(before.key);
    await until('its new key is published', FACT_LIMIT_MS, async () => {
      return (await boards.rootOf(pi))?.hostKeys.includes(key.trim()) === true;
    });
    const slow = rack.accelerator === 'kvm' ? { root: 1, boot: 1 } : EMULATED_FACTOR;
    expect(tookMs).toBeLessThanOrEqual(REIMAGE_GOAL_MS * slow.boot);
    expect(prepareMs + activateMs).toBeLessThanOrEqual(NEW_ROOT_GOAL_MS * slow.root);
  });

  test('a board whose new image does not boot gets the generation before it back', async () => {
    const pi = second();
    const key = await boards.hostKeyOf(pi);
    const { generation } = await reimage(pi, broken);
    await rack.says(pi.name, 'root is mounted', BOOT_LIMIT_MS);
    expect(rack.console(pi.name)).not.toContain(`${pi.name} is ready`);
    await rack.powerOff(pi.name);
    await until(
      'it is known what is served',
      FACT_LIMIT_MS,
      async () => (await boards.rootOf(pi))?.generation === generation,
    );
    await bramble('roots', 'rollback', node, serialOf(pi), ...CONFIRMED);
    await rack.powerOn(pi.name);
    await isBack(pi);
    expect(await boards.hostKeyOf(pi)).toBe(key);
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
    const thin = { pool: '/srv/thin', driver: 'lvm-thin', thinPool: 'thin/pool', ...ROOTS_POLICY };
    const pi = first();
    await rack.powerOff(pi.name);
    try {
      await boards.putPolicy('roots.json', JSON.stringify(thin));
      await boards.setPorts([pi], { intakeImage: undefined });
      const before = await boards.nodeOf(pi);
      const { generation } = await boards.prepare(pi, good, '--data', '1');
      const stateOf = (pool: string): string => `${pool}/roots/${serialOf(pi)}/state`;
      await rack.run('fileserver', `cp -a ${stateOf('/srv/bramble')}/. ${stateOf('/srv/thin')}/`);
      await boards.activate(pi, generation);
      await rack.powerOn(pi.name);
      await isBack(pi);
      expect((await boards.nodeOf(pi))?.id).toBe(before?.id);
      const mounts = await rack.run(
        'fileserver',
        `grep /srv/thin/roots/${serialOf(pi)}/gen-${generation} /proc/mounts`,
      );
      expect(mounts).toMatch(/ ext4 rw,nosuid,nodev,/);
      expect(await rack.run('fileserver', 'exportfs -s')).toMatch(
        new RegExp(`/srv/thin/roots/${serialOf(pi)}/gen-${generation}/root\\s+${pi.address}\\(`),
      );
      await rack.powerOff(pi.name);
      await bramble('roots', 'remove', node, serialOf(pi), '--wipe-data', ...CONFIRMED);
      expect(await rack.run('fileserver', 'lvs --noheadings -o lv_name thin')).not.toContain(serialOf(pi));
    } finally {
      await rack.powerOff(pi.name);
      await boards.putPolicy('roots.json', kept.trim());
      await boards.setPorts(rack.spec.pis);
      await rack.powerOn(pi.name);
    }
  });

  test('a board that nobody knows comes up read-only, and is seen', async () => {
    const pi = second();
    await rack.powerOff(pi.name);
    await boards.setPorts([first()], { intakeImage: good });
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
    await boards.setPorts(rack.spec.pis);
    await rack.powerOn(pi.name);
  });
});
