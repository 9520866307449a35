import { expect, test } from 'vitest';
import { recorded, recordedTrees, type Tree } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { parseNetDev } from './interface-counters.js';
import { operationalState } from './interface-link.js';
import { INTERFACES_MAX, makeNetworkCollector } from './network.js';
import { ProcessView } from './process-view.js';

const makeCollector = () => makeNetworkCollector(new ProcessView(false));
const pi = (): Tree => recordedTrees('host').find(({ name }) => name === 'pi-3b')?.input ?? {};

test.for(recorded('net-dev'))('reads counters of $name', ({ input, expected: want }) => {
  expect(parseNetDev(input)).toEqual(want);
});

test('a cut file is refused, or its lines say the same', () => {
  for (const { input } of recorded('net-dev')) {
    expectNoInvention(parseNetDev, input, (cut, all) => expect(cut).toEqual(all.slice(0, cut.length)));
    expectRefusalOfGarbage(parseNetDev, input);
  }
});

test.for(recordedTrees<{ network: object }>('host'))(
  'reports the interfaces of $name',
  async ({ input, expected: want }) => {
    expect(values(await collectOn(makeCollector(), input).run())).toEqual(want.network);
  },
);

test.for([
  ['unknown', 0],
  ['up', 1],
  ['down', 2],
  ['lowerlayerdown', 3],
  ['dormant', 3],
] as const)('operstate %s is %i', ([name, state]) => {
  expect(operationalState(name)).toBe(state);
});

test('the hardware is asked for its speed only when the link changed, and every five minutes', async () => {
  let asked = 0;
  const speed = () => {
    asked++;
    return '1000\n';
  };
  const { run, kernel, world } = collectOn(makeCollector(), { ...pi(), '/sys/class/net/eth0/speed': speed });
  expect(values(await run())).toMatchObject({ 'network_speed_mbps eth0': 1000 });
  await run();
  expect(asked).toBe(1);
  kernel.set('/sys/class/net/eth0/carrier_changes', '4\n');
  await run();
  expect(asked).toBe(2);
  await world.runFor(300_000);
  expect(values(await run())).toMatchObject({
    'network_speed_mbps eth0': 1000,
    'network_carrier_changes_count eth0': 4,
  });
  expect(asked).toBe(3);
});

test('a link that went down keeps no stale speed', async () => {
  const { run, kernel } = collectOn(makeCollector(), pi());
  await run();
  kernel.set('/sys/class/net/eth0/operstate', 'down\n');
  kernel.set('/sys/class/net/eth0/carrier_changes', '3\n');
  kernel.delete('/sys/class/net/eth0/speed'); // EINVAL
  kernel.delete('/sys/class/net/eth0/duplex');
  const facts = values(await run());
  expect(facts).toMatchObject({ 'network_operational_state eth0': 2 });
  expect(facts).not.toHaveProperty('network_speed_mbps eth0');
  expect(facts).not.toHaveProperty('network_duplex_state eth0');
});

test('an interface that comes is reported at once, one that goes is no longer', async () => {
  const { run, kernel } = collectOn(makeCollector(), pi());
  await run();
  const table = pi()['/proc/self/net/dev'] ?? '';
  kernel.set('/proc/self/net/dev', `${table.replace(/^ *tun0.*\n/m, '')}  eth1: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n`);
  kernel.set('/sys/class/net/eth1/device/uevent', '');
  kernel.set('/sys/class/net/eth1/operstate', 'up\n');
  const facts = values(await run());
  expect(facts).toMatchObject({ 'network_received_bytes eth1': 1, 'network_transmitted_bytes eth1': 2 });
  expect(Object.keys(facts).filter((fact) => fact.endsWith('tun0'))).toEqual([]);
});

test(`no more than ${INTERFACES_MAX} interfaces are reported`, async () => {
  const names = Array.from({ length: INTERFACES_MAX + 10 }, (_, i) => `swp${i + 1}`);
  const head = (pi()['/proc/self/net/dev'] ?? '').split('\n').slice(0, 2).join('\n');
  const lines = names.map((name) => `${name}: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n`);
  const devices = names.map((name) => [`/sys/class/net/${name}/device/uevent`, ''] as const);
  const files = { '/proc/self/net/dev': `${head}\n${lines.join('')}`, ...Object.fromEntries(devices) };
  const facts = Object.keys(values(await collectOn(makeCollector(), files).run()));
  expect(facts.filter((fact) => fact.startsWith('network_received_bytes'))).toHaveLength(INTERFACES_MAX);
});

test('bridges, VLANs and container ends alone are no data', async () => {
  const head = (pi()['/proc/self/net/dev'] ?? '').split('\n').slice(0, 2).join('\n');
  const files = {
    '/proc/self/net/dev': `${head}\nbr0: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n`,
    '/sys/class/net/br0/type': '1\n',
  };
  expect(await collectOn(makeCollector(), files).run()).toMatchObject({ kind: 'no-data' });
  expect(await collectOn(makeCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});

test('another root shows the interfaces of its init, or those of a copied tree', async () => {
  const table = pi()['/proc/self/net/dev'] ?? '';
  const others = { ...pi(), '/proc/self/net/dev': table.replaceAll('eth0', 'eth9') };
  for (const path of ['/proc/1/net/dev', '/proc/net/dev']) {
    const { run, kernel } = collectOn(makeNetworkCollector(new ProcessView(true)), { ...others, [path]: table });
    if (path === '/proc/net/dev') kernel.delete('/proc/self/net/dev');
    const facts = values(await run());
    expect(facts).toMatchObject({ 'network_received_bytes eth0': 8_123_992_012 });
  }
});
