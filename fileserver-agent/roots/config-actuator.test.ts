import { expect, test } from 'vitest';
import type { ConfigActuator } from '../../agent/kit/node-config/machine.js';
import { carryOutRoots } from '../../agent/kit/roots/carry-out.js';
import { BOARD, BOOT_SET, RootRig } from '../../agent/kit/testing/root-rig.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimPool } from '../../agent/kit/testing/sim-pool.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeConfig } from '../../proto/contract/node-config/config.js';
import { makeBootSetActuator } from './config-actuator.js';
import { parseRootsOrder } from './parse-order.js';

const never = new AbortController().signal;
const CLOSED = {
  ...BOOT_SET,
  ports: [{ vlan: 10, server: '10.46.189.1', board: { ...BOARD, mode: 'closed' } }],
} as const;

/** A fileserver in memory; what is not about ports is only written down. */
function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'fs');
  const rig = new RootRig(new SimPool(), 1);
  host.board.machine.onOwn = async (text) =>
    JSON.stringify(await carryOutRoots(rig.start(), parseRootsOrder(text), never));
  const asked: NodeConfig[] = [];
  const base: ConfigActuator = {
    apply: async (_, config) => {
      asked.push(config);
      if (config.hostname === 'bad') throw new BrambleError('permission-denied', 'not on the list');
      return [];
    },
    check: async () => [],
    confirm: async () => undefined,
    undo: async () => [],
  };
  const actuator = makeBootSetActuator(host, base);
  const hosts = () => rig.pool.text('/srv/bramble/boot/hosts/p10');
  return { host, rig, actuator, asked, hosts };
}

test('ports of a config are in place with it, and every one after the first is taken back unless it is confirmed', async () => {
  const { actuator, hosts, asked } = setUp();
  expect(await actuator.apply(1, { bootSet: BOOT_SET, hostname: 'fs1' }, never)).not.toEqual([]);
  expect(asked).toEqual([{ hostname: 'fs1' }]);
  expect(await actuator.check({ bootSet: BOOT_SET }, never)).toEqual([]);
  await actuator.confirm(1, never);
  const before = hosts();

  await actuator.apply(2, { bootSet: { ...BOOT_SET, ports: [] } }, never);
  expect(hosts()).toBeUndefined();
  expect(await actuator.check({ bootSet: BOOT_SET }, never)).toEqual(['the boot ports']);
  expect(await actuator.undo(never)).not.toEqual([]);
  expect(hosts()).toBe(before);
  expect(await actuator.undo(never)).toEqual([]);
});

test('the first ports of all are taken back to none', async () => {
  const { actuator, hosts, rig } = setUp();
  await actuator.apply(1, { bootSet: BOOT_SET }, never);
  await actuator.undo(never);
  expect(hosts()).toBeUndefined();
  expect(rig.exported.size).toBe(0);
});

test('ports do not stay when another part of their config is refused', async () => {
  const { actuator, hosts } = setUp();
  await actuator.apply(1, { bootSet: BOOT_SET }, never);
  await actuator.confirm(1, never);
  const before = hosts();
  const wish = { bootSet: { ...BOOT_SET, ports: [] }, hostname: 'bad' };
  await expect(actuator.apply(2, wish, never)).rejects.toMatchObject({ code: 'permission-denied' });
  expect(hosts()).toBe(before);
});

test('closing a board reads the hosts again and restarts nothing', async () => {
  const { actuator, rig } = setUp();
  await actuator.apply(1, { bootSet: BOOT_SET }, never);
  rig.calls.length = 0;
  await actuator.apply(2, { bootSet: CLOSED }, never);
  expect(rig.calls).not.toContain('restart dnsmasq');
});

test('a machine that keeps no roots refuses ports, and takes everything else', async () => {
  const { host, actuator, asked } = setUp();
  host.board.machine.onOwn = () => {
    throw new BrambleError('unsupported', 'no roots are kept here');
  };
  await expect(actuator.apply(1, { bootSet: BOOT_SET }, never)).rejects.toMatchObject({ code: 'unsupported' });
  await actuator.apply(2, { hostname: 'fs1' }, never);
  await actuator.confirm(2, never);
  expect(asked).toEqual([{ hostname: 'fs1' }]);
  const alone = makeBootSetActuator(host, undefined);
  await expect(alone.apply(3, { hostname: 'fs1' }, never)).rejects.toMatchObject({ code: 'unsupported' });
});
