import { expect, test } from 'vitest';
import { TunnelMode, type TunnelProfile } from '../../../proto/gen/bramble/agent/v1/tunnel.js';
import { collectedLog } from '../testing/collected-log.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { TunnelKeeper } from './keeper.js';
import { makeLocalTunnel } from './local-tunnel.js';
import { parseTunnelOrder, type TunnelOrder } from './order.js';

const PATH = '/state/tunnel.json';
const DAY_MS = 86_400_000;
const NOW_MS = 1_795_000_000_000;
const pem = (name: string): string => `-----BEGIN ${name}-----\nQUJD\n-----END ${name}-----\n`;
const { signal: NEVER } = new AbortController();

const PROFILE: TunnelProfile = {
  mode: TunnelMode.STANDALONE,
  remotes: [
    { host: 'vpn.example.org', port: 1194, tcp: false },
    { host: '2001:db8::7', port: 443, tcp: true },
  ],
  tlsCryptKeysPem: [pem('OpenVPN tls-crypt-v2 client key')],
  authorityPem: pem('CERTIFICATE'),
  certificatePem: pem('CERTIFICATE') + pem('CERTIFICATE'),
  ownPrefix: 'fd42:b:1:201::/64',
  opsPrefixes: ['fd42:b:1:ff::/64', 'fd42:b:1::/64'],
  nodePorts: [22],
  renewAfterMs: 18 * DAY_MS,
  digest: 'd1',
  refusal: '',
};
const ORDER = {
  privateKeyPem: pem('PRIVATE KEY'),
  profile: {
    ...PROFILE,
    mode: 'standalone',
    remotes: [{ host: 'vpn.example.org', port: 1194, protocol: 'udp' }],
  },
};

function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node');
  const applied: TunnelOrder[] = [];
  const failures: Error[] = [];
  const log = collectedLog();
  const actuator = {
    apply: async (order: TunnelOrder) => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      applied.push(order);
    },
  };
  const load = (on = host) => {
    const { files, keys } = on;
    return world.settle(TunnelKeeper.load({ files, keys, path: PATH, mode: 'standalone', actuator, log }));
  };
  const take = (keeper: TunnelKeeper, profile: TunnelProfile) => world.settle(keeper.take(profile, NOW_MS, NEVER));
  return { host, applied, failures, load, take, log };
}

test('the key is made here, stays over a restart, and never leaves', async () => {
  const { host, load } = setUp();
  const first = (await load()).greeting(NOW_MS);
  expect(first.haveDigest).toBe('');
  host.crash('power');
  const again = (await load(host.restart())).greeting(NOW_MS);
  expect(again.spkiDer).toEqual(first.spkiDer);
  expect(Object.keys(first).sort()).toEqual(['haveDigest', 'mode', 'spkiDer']);
});

test('a profile is put in place with the key, told back, and remembered', async () => {
  const { host, load, take, applied } = setUp();
  const keeper = await load();
  expect(await take(keeper, PROFILE)).toMatchObject({ haveDigest: 'd1' });
  expect(applied[0]?.profile).toMatchObject({
    ownPrefix: PROFILE.ownPrefix,
    remotes: [{ protocol: 'udp' }, { protocol: 'tcp' }],
  });
  host.crash('power');
  expect((await load(host.restart())).greeting(NOW_MS)).toMatchObject({ haveDigest: 'd1' });
});

test('the next certificate is asked for when it is due, and once an hour from then on', async () => {
  const { load, take } = setUp();
  const keeper = await load();
  keeper.greeting(NOW_MS);
  await take(keeper, PROFILE);
  const dueMs = NOW_MS + 18 * DAY_MS;
  expect(keeper.due(dueMs - 1)).toBeUndefined();
  expect(keeper.due(dueMs)).toMatchObject({ haveDigest: '' });
  expect(keeper.due(dueMs + 3_599_999)).toBeUndefined();
  expect(keeper.due(dueMs + 3_600_000)).toMatchObject({ haveDigest: '' });
});

test('what could not be put in place counts as not there, and is asked for again soon', async () => {
  const { load, take, failures } = setUp();
  const keeper = await load();
  await take(keeper, PROFILE);
  keeper.greeting(NOW_MS);
  failures.push(new Error('no such unit'));
  expect(await take(keeper, { ...PROFILE, digest: 'd2' })).toBeUndefined();
  expect(keeper.due(NOW_MS + 59_999)).toBeUndefined();
  expect(keeper.due(NOW_MS + 60_000)).toMatchObject({ haveDigest: '' });
});

test.for<[string, Partial<TunnelProfile>]>([
  ['a refusal', { refusal: 'this controller has no overlay' }],
  ['a profile of another mode', { mode: TunnelMode.GATEWAY, ownPrefix: 'fd42:b:1:200::/56' }],
  ['a mode of a newer controller', { mode: TunnelMode.UNSPECIFIED }],
])('%s changes nothing', async ([, over]) => {
  const { load, take, applied } = setUp();
  expect(await take(await load(), { ...PROFILE, ...over })).toBeUndefined();
  expect(applied).toEqual([]);
});

const withProfile = (over: Readonly<Record<string, unknown>>) => ({ ...ORDER, profile: { ...ORDER.profile, ...over } });
test.for<[string, unknown]>([
  ['no object', 'order'],
  [
    'a host with an option behind it',
    withProfile({ remotes: [{ host: 'a\nscript-security 2', port: 1, protocol: 'udp' }] }),
  ],
  ['a host that is an option', withProfile({ remotes: [{ host: '--up', port: 1, protocol: 'udp' }] })],
  ['a port that is none', withProfile({ remotes: [{ host: 'a', port: 0, protocol: 'udp' }] })],
  ['an unknown protocol', withProfile({ remotes: [{ host: 'a', port: 1, protocol: 'sctp' }] })],
  ['no way at all', withProfile({ remotes: [] })],
  ['a key with a line of its own', withProfile({ tlsCryptKeysPem: [`${pem('KEY')}up /bin/sh\n`] })],
  [
    'a certificate that ends early',
    withProfile({ certificatePem: '-----BEGIN CERTIFICATE-----\nQUJD\n</cert>\nup x\n' }),
  ],
  ['an authority whose end is another’s', withProfile({ authorityPem: '-----BEGIN A-----\nQUJD\n-----END B-----\n' })],
  ['a prefix of a site for one node', withProfile({ ownPrefix: 'fd42:b:1:200::/56' })],
  ['a prefix with a rule behind it', withProfile({ opsPrefixes: ['::/0 accept; ip6 saddr ::/0'] })],
  ['nobody who may come in', withProfile({ opsPrefixes: [] })],
  ['a key that is none', { ...ORDER, privateKeyPem: 'secret' }],
])('an order with %s is refused', ([, order]) => {
  expect(() => parseTunnelOrder(order)).toThrow();
});

test('files are for root alone, the configuration comes last, and then the unit starts anew', async () => {
  const done: string[] = [];
  const files = {
    writeAtomic: async (path: string, _content: string | Uint8Array, mode = 0o600) => {
      done.push(`${path} ${mode.toString(8)}`);
    },
  };
  const services = { restart: async (unit: string) => void done.push(unit) };
  const tunnel = makeLocalTunnel({ files, services, dir: '/t', unit: 'tunnel.service' });
  await tunnel.apply(parseTunnelOrder(ORDER), NEVER);
  const names = ['tunnel.key', 'policy.nft', 'sysctl.conf', 'client.conf'];
  expect(done).toEqual([...names.map((name) => `/t/${name} 600`), 'tunnel.service']);
});
