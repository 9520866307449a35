import { expect, test } from 'vitest';
import { recordedTrees, type Tree } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { hasIpv4, type Ipv4Route, parseIfInet6, parseLocalAddresses, parseRoutes } from './interface-address.js';
import { makeNetworkCollector } from './network.js';
import { ProcessView } from './process-view.js';

const makeCollector = () => makeNetworkCollector(new ProcessView(false));
const GUEST = recordedTrees<Record<string, number>>('tunnels')[0];
const tree: Tree = GUEST?.input ?? {};
const file = (name: string): string => tree[`/proc/self/net/${name}`] ?? '';

const tunnels = (facts: Record<string, number | string>) =>
  Object.fromEntries(Object.entries(facts).filter(([fact]) => fact.startsWith('network_tunnel_state')));

test('tunnels of a real machine are up, down, or of an address that nobody knows', async () => {
  expect(tunnels(values(await collectOn(makeCollector(), tree).run()))).toEqual(GUEST?.expected);
});

test('addresses are read from what the kernel shows of them', () => {
  expect([...parseIfInet6(file('if_inet6'))]).toEqual(['lo', 'wg0']);
  expect(parseRoutes(file('route'))).toEqual([
    { interfaceName: 'tun0', destination: 0x0a080000, mask: 0xffffff00, isDirect: false },
    { interfaceName: 'tun0', destination: 0x0a080005, mask: 0xffffffff, isDirect: true },
    { interfaceName: 'vs', destination: 0x0a2ebd00, mask: 0xfffffffc, isDirect: true },
  ]);
  expect([...parseLocalAddresses(file('fib_trie'))]).toEqual([0x0a080006, 0x0a090002, 0x0a2ebd01]);
});

test('a cut file is refused, or what it shows is there', () => {
  expectNoInvention(parseIfInet6, file('if_inet6'), (cut, all) =>
    expect([...all]).toEqual(expect.arrayContaining([...cut])),
  );
  expectNoInvention(parseRoutes, file('route'), (cut, all) => expect(cut).toEqual(all.slice(0, cut.length)));
  expectNoInvention(parseLocalAddresses, file('fib_trie'), (cut, all) =>
    expect([...all]).toEqual(expect.arrayContaining([...cut])),
  );
  for (const [parse, name] of [
    [parseIfInet6, 'if_inet6'],
    [parseRoutes, 'route'],
    [parseLocalAddresses, 'fib_trie'],
  ] as const) {
    expectRefusalOfGarbage(parse, file(name));
  }
});

const direct = (interfaceName: string, destination: number, mask: number): Ipv4Route => ({
  interfaceName,
  destination,
  mask,
  isDirect: true,
});
const LAN = direct('eth0', 0x0a000000, 0xff000000);
const VPN = direct('tun0', 0x0a080000, 0xffffff00);

test.for<[string, readonly Ipv4Route[], readonly number[], boolean | undefined]>([
  ['an address in its own network', [LAN, VPN], [0x0a080001], true],
  ['an address in a wider network of another interface', [LAN], [0x0a080001], false],
  ['no address at all', [VPN], [], false],
  ['one end of a line between two', [direct('tun0', 0x0a080005, 0xffffffff)], [0x0a080006], true],
  ['an address that could be anybody’s', [LAN], [0xc0a80001], undefined],
])('%s', ([, routes, addresses, want]) => {
  expect(hasIpv4('tun0', routes, new Set(addresses))).toBe(want);
});

test('a tunnel that loses its address is down within a minute, and up as soon as its link says that something changed', async () => {
  const { run, kernel, world } = collectOn(makeCollector(), tree);
  const state = async () => values(await run())['network_tunnel_state wg0'];
  const addresses = file('if_inet6');
  expect(await state()).toBe(1);
  kernel.set('/proc/self/net/if_inet6', addresses.replace(/^.*wg0\n/m, ''));
  kernel.set('/proc/self/net/fib_trie', '');
  await world.runFor(59_000);
  expect(await state()).toBe(1);
  await world.runFor(1_000);
  expect(await state()).toBe(2);
  kernel.set('/proc/self/net/if_inet6', addresses);
  kernel.set('/sys/class/net/wg0/carrier_changes', '1\n');
  expect(await state()).toBe(1);
});
