import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeFiles } from '../../agent/kit/host/node/files.js';
import { makeKernelFiles } from '../../agent/kit/host/node/kernel-files.js';
import { makeNodeLogTail, nodeLocalTime } from '../../agent/kit/host/node/log-tail.js';
import { BootWatch } from '../../fileserver-agent/boot/boot-watch.js';
import { BOOT_LIMITS } from '../../proto/contract/boot/stage.js';
import { type BoardBoot, BootStage, BootTrouble } from '../../proto/gen/bramble/agent/v1/event.js';
import { BootRig, type RigBoard } from './boot-rig.js';
import { whySkipped } from './needs.js';

const why = whySkipped(['dnsmasq-base', 'busybox-static', 'iproute2']);

/** Deadlines of seconds instead of minutes: what is proven is their order, the numbers are proven elsewhere. */
const LIMITS = { ...BOOT_LIMITS, dhcpMs: 5_000, firstFileMs: 5_000, helloMs: Number.MAX_SAFE_INTEGER };
const PATIENCE = { timeout: 45_000, interval: 50 };

describe.skipIf(why !== '')(`a board boots over the network${why}`, { timeout: 60_000 }, () => {
  async function setUp(
    boards = 1,
  ): Promise<{ rig: BootRig; board: RigBoard; told: BoardBoot[]; watch: BootWatch; mounts: string }> {
    const rig = await BootRig.open(boards);
    const [board] = rig.boards;
    if (board === undefined) throw new Error('no board');
    const told: BoardBoot[] = [];
    const mounts = join(rig.directory, 'rmtab');
    const watch = new BootWatch({
      sources: { tail: makeNodeLogTail(), localTime: nodeLocalTime },
      paths: {
        logs: [rig.log],
        leases: join(rig.directory, 'leases'),
        mounts,
        state: join(rig.directory, 'boots.json'),
      },
      probe: {
        bootId: 'b',
        happened: (what) => {
          if (what.$case === 'boardBoot') told.push(what.value);
        },
      },
      limits: LIMITS,
    });
    const stop = new AbortController();
    const host = { clock: makeNodeClock(), files: makeNodeFiles(), kernel: makeKernelFiles() };
    const running = watch.run(host, stop.signal).catch(() => undefined); // it ends by being stopped
    onTestFinished(async () => {
      stop.abort();
      await running; // at its end it writes once more
      await rig.close();
    });
    return { rig, board, told, watch, mounts };
  }

  async function bootFiles(of: BootRig, { serial }: RigBoard): Promise<void> {
    await of.put('bootcode.bin');
    for (const name of ['start.elf', 'config.txt', 'cmdline.txt', 'kernel7.img']) await of.put(`${serial}/${name}`);
  }

  async function boot(of: BootRig, board: RigBoard): Promise<void> {
    await of.dhcp(board);
    for (const path of ['bootcode.bin', 'bootsig.bin']) await of.fetch(board, path);
    for (const name of ['start.elf', 'config.txt', 'recovery.elf', 'cmdline.txt', 'kernel7.img']) {
      await of.fetch(board, `${board.serial}/${name}`);
    }
  }

  const stagesOf = (boots: readonly BoardBoot[]): readonly BootStage[] =>
    (boots.at(-1)?.steps ?? []).map(({ stage }) => stage);
  const troublesOf = (boots: readonly BoardBoot[]): readonly BootTrouble[] => boots.map(({ trouble }) => trouble);

  test('a complete boot shows every stage with its time', async () => {
    const { rig, board, told, mounts } = await setUp();
    await bootFiles(rig, board);
    await writeFile(mounts, '');
    await rig.startDnsmasq();
    await boot(rig, board);
    await expect.poll(() => stagesOf(told), PATIENCE).toContain(BootStage.KERNEL_SERVED);
    // No NFS server runs in this kernel: what rpc.mountd would write of the mount is written here.
    await writeFile(mounts, `${board.address}:/export/${board.address}:0x00000001\n`);
    await expect
      .poll(() => stagesOf(told), PATIENCE)
      .toEqual([
        BootStage.DHCP_SEEN,
        BootStage.BOOTCODE_SERVED,
        BootStage.SERIAL_DIR_HIT,
        BootStage.KERNEL_SERVED,
        BootStage.CMDLINE_SERVED,
        BootStage.NFS_MOUNTED,
      ]);
    const last = told.at(-1);
    expect(last).toMatchObject({
      mac: board.mac,
      serial: board.serial,
      address: board.address,
      interfaceName: board.interfaceName,
    });
    for (const { atMs } of last?.steps ?? []) expect(atMs).toBeGreaterThanOrEqual(last?.startedMs ?? Infinity);
    expect(new Set(troublesOf(told))).toEqual(new Set([BootTrouble.UNSPECIFIED]));
    // A system that runs and asks for its address again begins no boot.
    const before = told.length;
    await rig.dhcp(board, 'Linux ipconfig');
    await rig.fetch(board, 'no-such-file');
    expect(told).toHaveLength(before);
  });

  test('a wrong directory shows as itself, while another board boots', async () => {
    const { rig, told } = await setUp(2);
    const [wrong, right] = rig.boards;
    if (wrong === undefined || right === undefined) throw new Error('no boards');
    await bootFiles(rig, right);
    await rig.startDnsmasq();
    await Promise.all([boot(rig, wrong), boot(rig, right)]);
    const of = (mac: string): readonly BoardBoot[] => told.filter((each) => each.mac === mac);
    await expect.poll(() => of(wrong.mac).at(-1)?.trouble, PATIENCE).toBe(BootTrouble.SERIAL_DIR_MISS);
    await expect.poll(() => stagesOf(of(right.mac)), PATIENCE).toContain(BootStage.KERNEL_SERVED);
    expect(new Set(troublesOf(of(right.mac)))).toEqual(new Set([BootTrouble.UNSPECIFIED]));
  });

  test('a board that asks for no file shows as itself', async () => {
    const { rig, board, told } = await setUp();
    await rig.startDnsmasq();
    await rig.dhcp(board);
    await expect.poll(() => told.at(-1)?.trouble, PATIENCE).toBe(BootTrouble.NO_TFTP_AFTER_DHCP);
  });

  test('a dnsmasq that is stopped shows as a board that never asks', async () => {
    const { rig, board, told, watch } = await setUp();
    await bootFiles(rig, board);
    await rig.startDnsmasq();
    await boot(rig, board);
    await expect.poll(() => stagesOf(told), PATIENCE).toContain(BootStage.KERNEL_SERVED);
    await rig.stopDnsmasq();
    watch.table.powerOn({ mac: board.mac }, makeNodeClock().monotonicMs());
    expect(await rig.dhcp(board)).toBe(false);
    await expect.poll(() => told.at(-1)?.trouble, PATIENCE).toBe(BootTrouble.NO_DHCP);
  });

  test('T-32: what a board may not have over TFTP it does not get, and its asking is counted on its VLAN', async () => {
    const { rig, watch } = await setUp(2);
    const [one, other] = rig.boards;
    if (one === undefined || other === undefined) throw new Error('no boards');
    // Each board has a root of its own, by its address.
    for (const each of rig.boards) await rig.put(`${each.address}/${each.serial}/cmdline.txt`);
    await rig.startDnsmasq('--tftp-unique-root');
    for (const each of rig.boards) expect(await rig.dhcp(each)).toBe(true);
    for (const each of rig.boards) expect(await rig.fetch(each, `${each.serial}/cmdline.txt`)).toBe(true);
    const foreign = `${other.serial}/cmdline.txt`;
    for (const path of [foreign, `../${other.address}/${foreign}`, '../../../../etc/passwd', '/etc/passwd']) {
      expect(await rig.fetch(one, path), path).toBe(false);
    }
    expect(await rig.send(one, `${one.serial}/cmdline.txt`)).toBe(false);
    const counts = () => watch.table.counts().get(one.interfaceName);
    await expect.poll(() => (counts()?.foreignFiles ?? 0) + (counts()?.refusals ?? 0), PATIENCE).toBeGreaterThan(0);
    expect(watch.table.counts().get(other.interfaceName)).toBeUndefined();
  });

  test('a loop shows as itself', async () => {
    const { rig, board, told } = await setUp();
    await bootFiles(rig, board);
    await rig.startDnsmasq();
    for (let start = 0; start < 4; start++) await boot(rig, board);
    await expect.poll(() => told.at(-1)?.trouble, PATIENCE).toBe(BootTrouble.BOOT_LOOP);
    expect(told.at(-1)?.startsMs).toHaveLength(4);
  });
});
