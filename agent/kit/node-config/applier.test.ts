import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { anyNodeConfig, KEY_ED25519, KEY_RSA } from '../../../test/fixtures/node-configs.js';
import {
  configSnapshot,
  makeSimApplier,
  plantConfigFiles,
  SIM_ALLOWANCE,
  SimConfigState,
} from '../testing/sim-config-machine.js';
import { failOnce } from '../testing/sim-disk.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import type { ConfigAllowance } from './machine.js';

const CONFIG: NodeConfig = {
  hostname: 'pi-7',
  authorizedKeys: { pi: [KEY_ED25519] },
  ntpServers: ['ntp.lab'],
  sysctls: { 'vm.swappiness': '10' },
  units: { 'cups.service': 'disabled', 'fstrim.timer': 'enabled' },
};

function setUp(seed = 1) {
  const world = new SimWorld(seed);
  const host = makeSimHost(world, 'node');
  const state = new SimConfigState();
  const { disk } = host.board;
  plantConfigFiles(disk, `${KEY_RSA} kim`);
  const applierOn = (on: SimHost, allowance?: ConfigAllowance) => makeSimApplier(on, state, allowance);
  return { world, host, state, disk, applierOn };
}

type Bench = ReturnType<typeof setUp>;

const snapshot = ({ disk, state }: Bench): string => configSnapshot(disk, state);

describe('a config', () => {
  test('is put in place, is then what the machine is, and is told in words', async () => {
    const bench = setUp();
    const applier = bench.applierOn(bench.host);
    const words = await bench.world.settle(applier.apply(1, CONFIG));
    expect(words).toEqual([
      'hostname file: changed',
      'hosts file: changed',
      'hostname: pi-0 -> pi-7',
      expect.stringMatching(/^authorized keys of pi: \+ ssh-ed25519/),
      'ntp servers (systemd-timesyncd): made',
      'sysctls for the next boot: made',
      'sysctl vm.swappiness: 60 -> 10',
      'unit cups.service: enabled and running -> disabled and stopped',
      'unit fstrim.timer: disabled and stopped -> enabled and running',
    ]);
    expect(bench.state.timeServiceRestarts).toBe(1);
    expect(await bench.world.settle(applier.check(CONFIG))).toEqual([]);
    const keys = new TextDecoder().decode(bench.disk.read('/srv/pi/.ssh/authorized_keys'));
    expect(keys.startsWith(`${KEY_RSA} kim\n`)).toBe(true);
  });

  test('that is undone leaves everything as it was, and the time service runs with its old file', async () => {
    const bench = setUp();
    const before = snapshot(bench);
    const applier = bench.applierOn(bench.host);
    await bench.world.settle(applier.apply(1, CONFIG));
    expect(snapshot(bench)).not.toBe(before);
    expect(await bench.world.settle(applier.undo())).toContain('hostname: pi-7 -> pi-0');
    expect(snapshot(bench)).toBe(before);
    expect(bench.state.timeServiceRestarts).toBe(2);
    expect(await bench.world.settle(applier.undo())).toEqual([]);
  });

  test('that was confirmed is not undone any more, not even after a power cut', async () => {
    const bench = setUp();
    const applier = bench.applierOn(bench.host);
    await bench.world.settle(applier.apply(4, CONFIG));
    await expect(bench.world.settle(applier.confirm(3))).rejects.toMatchObject({ code: 'failed-precondition' });
    await bench.world.settle(applier.confirm(4));
    bench.host.crash('power');
    const next = bench.applierOn(bench.host.restart());
    const after = snapshot(bench);
    expect(await bench.world.settle(next.undo())).toEqual([]);
    expect(snapshot(bench)).toBe(after);
  });

  test('that nobody confirmed is taken back before the next one', async () => {
    const bench = setUp();
    const applier = bench.applierOn(bench.host);
    await bench.world.settle(applier.apply(1, { hostname: 'pi-7' }));
    await bench.world.settle(applier.apply(2, { sysctls: { 'vm.swappiness': '1' } }));
    expect([bench.state.hostname, bench.state.sysctls.get('vm.swappiness')]).toEqual(['pi-0', '1']);
  });

  test('beyond the list of this machine is refused whole', async () => {
    const bench = setUp();
    const before = snapshot(bench);
    const narrow = bench.applierOn(bench.host, {
      ...SIM_ALLOWANCE,
      hostname: false,
      users: [],
      units: ['fstrim.timer'],
    });
    await expect(bench.world.settle(narrow.apply(1, CONFIG))).rejects.toMatchObject({
      code: 'permission-denied',
      message: "not on this machine's list: hostname, authorized keys of pi, unit cups.service",
    });
    expect(snapshot(bench)).toBe(before);
  });

  test('that this machine cannot be is refused with every reason', async () => {
    const bench = setUp();
    bench.state.units.delete('cups.service');
    bench.state.sysctls.delete('vm.swappiness');
    const impossible = { ...CONFIG, authorizedKeys: { 'nobody-here': [] } };
    await expect(bench.world.settle(bench.applierOn(bench.host).apply(1, impossible))).rejects.toThrow(
      'it has no user nobody-here; its kernel has no sysctl vm.swappiness; unit cups.service: no such unit',
    );
  });

  test('takes the keys of a user away who is allowed and no longer named', async () => {
    const bench = setUp();
    const applier = bench.applierOn(bench.host);
    await bench.world.settle(applier.apply(1, CONFIG));
    await bench.world.settle(applier.confirm(1));
    await bench.world.settle(applier.apply(2, { authorizedKeys: {} }));
    expect(new TextDecoder().decode(bench.disk.read('/srv/pi/.ssh/authorized_keys'))).toBe(`${KEY_RSA} kim\n`);
  });
});

test('whichever operation fails, the config is in place whole or not at all', async () => {
  const quiet = setUp();
  const before = snapshot(quiet);
  const first = quiet.disk.operations;
  await quiet.world.settle(quiet.applierOn(quiet.host).apply(1, CONFIG));
  const [after, last] = [snapshot(quiet), quiet.disk.operations];
  let refusedCount = 0;
  for (let index = first; index < last; index++) {
    const bench = setUp();
    bench.disk.fault = failOnce(index, 'EIO');
    const applier = bench.applierOn(bench.host);
    const outcome = await bench.world.settle(
      applier.apply(1, CONFIG).then(
        () => 'applied',
        () => 'refused',
      ),
    );
    if (outcome === 'refused') refusedCount += 1;
    expect(snapshot(bench), `operation ${index}`).toBe(outcome === 'applied' ? after : before);
  }
  expect(refusedCount).toBeGreaterThan(20);
});

test('wherever the power fails, the next process brings back what was before', async () => {
  const quiet = setUp();
  const first = quiet.disk.operations;
  await quiet.world.settle(quiet.applierOn(quiet.host).apply(1, CONFIG));
  const last = quiet.disk.operations;
  for (let index = first; index < last; index++) {
    for (const death of ['kill', 'power'] as const) {
      const bench = setUp(index);
      const before = snapshot(bench);
      bench.disk.fault = (operation) => {
        if (operation.index === index) bench.host.crash(death);
        return undefined;
      };
      void bench.applierOn(bench.host).apply(1, CONFIG);
      await bench.world.runFor(1_000);
      bench.disk.fault = () => undefined;
      const next = bench.applierOn(bench.host.restart());
      await bench.world.settle(next.undo());
      expect(snapshot(bench), `${death} at operation ${index}`).toBe(before);
    }
  }
});

test('wherever the undo is cut off, the next one finishes it', async () => {
  const quiet = setUp();
  await quiet.world.settle(quiet.applierOn(quiet.host).apply(1, CONFIG));
  const first = quiet.disk.operations;
  await quiet.world.settle(quiet.applierOn(quiet.host).undo());
  const last = quiet.disk.operations;
  for (let index = first; index < last; index++) {
    const bench = setUp(index);
    const before = snapshot(bench);
    await bench.world.settle(bench.applierOn(bench.host).apply(1, CONFIG));
    bench.disk.fault = (operation) => {
      if (operation.index === index) bench.host.crash('power');
      return undefined;
    };
    void bench.applierOn(bench.host).undo();
    await bench.world.runFor(1_000);
    bench.disk.fault = () => undefined;
    await bench.world.settle(bench.applierOn(bench.host.restart()).undo());
    expect(snapshot(bench), `operation ${index}`).toBe(before);
  }
});

test('property: any config is reached, needs nothing more, and is undone to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(anyNodeConfig, anyNodeConfig, async (one, two) => {
      const bench = setUp();
      const applier = bench.applierOn(bench.host);
      await bench.world.settle(applier.apply(1, one));
      await bench.world.settle(applier.confirm(1));
      const before = snapshot(bench);
      await bench.world.settle(applier.apply(2, two));
      expect(await bench.world.settle(applier.check(two))).toEqual([]);
      await bench.world.settle(applier.undo());
      expect(snapshot(bench)).toBe(before);
    }),
    { numRuns: 50 },
  );
});
