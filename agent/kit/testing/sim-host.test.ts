import { expect, test } from 'vitest';
import { describeHost } from './host-conformance.js';
import { makeSimHost } from './sim-host.js';
import { SimWorld } from './sim-world.js';

const UNIT = 'sleeper.service';

describeHost('the simulated host', async () => {
  const world = new SimWorld(7);
  const host = makeSimHost(world, 'a', { units: [UNIT] });
  host.board.kernel.setFilesystem('/', {
    blockSizeBytes: 4096,
    blocks: 1000,
    blocksAvailable: 900,
    inodes: 100,
    inodesFree: 90,
  });
  return {
    host,
    directory: '/state',
    unit: UNIT,
    settle: (promise) => world.settle(promise),
    close: async () => {},
  };
});

const never = (): AbortSignal => new AbortController().signal;

test('a killed process waits for ever, and nothing that it calls has an effect', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  let woke = false;
  void host.clock.sleep(1000, never()).then(() => {
    woke = true;
  });
  host.crash();
  void host.files.writeAtomic('/state/file', 'x').then(() => {
    woke = true;
  });
  await world.runFor(10_000);
  expect(woke).toBe(false);
  expect(host.board.disk.paths).toEqual([]);
});

test('a killed process leaves boot id, uptime and unsynced files; a power cut none of them', async () => {
  const world = new SimWorld(1);
  let host = makeSimHost(world, 'a', { units: [UNIT] });
  const log = await host.files.openLog('/state/log');
  await log.append(new Uint8Array(1000));
  const boot = host.kernel.readText('/proc/sys/kernel/random/boot_id');
  const { invocationId } = await host.services.state(UNIT, never());
  await world.runFor(5000);
  host = host.restart();
  expect(host.kernel.readText('/proc/sys/kernel/random/boot_id')).toBe(boot);
  expect(host.clock.monotonicMs()).toBe(5000);
  expect(host.board.disk.read('/state/log')).toHaveLength(1000);
  host.crash('power');
  host = host.restart();
  expect(host.kernel.readText('/proc/sys/kernel/random/boot_id')).not.toBe(boot);
  expect(host.clock.monotonicMs()).toBe(0);
  expect(host.board.disk.read('/state/log')?.length).toBeLessThan(1000);
  expect((await host.services.state(UNIT, never())).invocationId).not.toBe(invocationId);
});

test('the wall clock starts where it is told, jumps, and drifts; the monotonic clock only drifts', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a', { clock: { wallClockMs: 0, driftPpm: 100 } });
  expect(host.clock.nowMs()).toBe(0);
  await world.runFor(1_000_000);
  expect(host.clock.nowMs()).toBe(1_000_100);
  host.board.clock.jump(-2_000_000);
  expect(host.clock.nowMs()).toBe(-999_900);
  host.board.clock.setWall(Date.UTC(2026, 0, 1));
  expect(host.clock.nowMs()).toBe(Date.UTC(2026, 0, 1));
  expect(host.clock.monotonicMs()).toBeCloseTo(1_000_100);
});

test('a restart of a unit happens even when the agent dies while it waits', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a', { units: [UNIT] });
  void host.services.restart(UNIT, never());
  host.crash();
  await world.runFor(1000);
  expect(host.board.units.restarts(UNIT)).toBe(1);
});

test('a reboot is the board’s affair', async () => {
  const world = new SimWorld(1);
  const rebooted: string[] = [];
  const host = makeSimHost(world, 'a', {
    onReboot: ({ board }) => {
      rebooted.push(board.name);
    },
  });
  await host.services.reboot(never());
  expect(rebooted).toEqual(['a']);
});

test('storage that is slow is slow only where it was made so', async () => {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'a');
  host.board.disk.latencyMs = (path) => (path.startsWith('/slow/') ? 100 : 0);
  await world.settle(host.files.writeAtomic('/fast/file', 'x'));
  expect(world.nowMs).toBe(0);
  await world.settle(host.files.writeAtomic('/slow/file', 'x'));
  expect(world.nowMs).toBe(400); // write, sync, rename, sync of the directory
});
