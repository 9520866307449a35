import { expect, test } from 'vitest';
import type { CollectorHost } from '../../agent/kit/collect/collector.js';
import type { Traffic } from '../../agent/kit/host/traffic.js';
import { collectOn, values } from '../../agent/kit/testing/collect-on.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { makeTrafficCollector, watchedInterfaces } from './traffic.js';

const TRAFFIC: Traffic = {
  clients: [
    {
      address: '10.46.189.2',
      asked: { packets: 512, bytes: 90_000, idleS: 0 },
      answered: { packets: 500, bytes: 4_000_000, idleS: 0 },
    },
    { address: '10.46.189.6', asked: { packets: 3, bytes: 600, idleS: 240 } },
  ],
  bpdus: [
    { interfaceName: 'eth0', seen: { packets: 30, bytes: 1_140, idleS: 1 } },
    { interfaceName: 'eth0.11', seen: { packets: 7, bytes: 266, idleS: 2 } },
  ],
  neighbours: [
    { interfaceName: 'eth0', mac: '02:00:00:00:00:01', seen: { packets: 900, bytes: 90_000, idleS: 86_400 } },
    { interfaceName: 'eth0', mac: '02:00:00:00:00:02', seen: { packets: 4, bytes: 400, idleS: 12 } },
  ],
  blind: '',
};

const NOW_S = 1_800_000_000;

function setUp(answer: () => Promise<Traffic>) {
  const asked: (readonly string[])[] = [];
  const traffic: CollectorHost['machine']['traffic'] = (interfaces) => {
    asked.push(interfaces);
    return answer();
  };
  const files = Object.fromEntries(
    ['eth0', 'eth0.10', 'eth0.11', 'eth1', 'lo', 'wlan0'].map((name) => [`/sys/class/net/${name}/ifindex`, '2\n']),
  );
  const collected = collectOn(makeTrafficCollector(), files, (host) => ({
    ...host,
    clock: { ...host.clock, nowMs: () => NOW_S * 1_000 + 200 },
    machine: { ...host.machine, traffic },
  }));
  return { ...collected, asked };
}

test('each client shows what it asked, what it was answered and when it asked last', async () => {
  const { run, asked } = setUp(async () => TRAFFIC);
  expect(values(await run())).toEqual({
    'nfs_client_asked_count 10.46.189.2': 512,
    'nfs_client_asked_bytes 10.46.189.2': 90_000,
    'nfs_client_asked_unix_s 10.46.189.2': NOW_S,
    'nfs_client_answered_count 10.46.189.2': 500,
    'nfs_client_answered_bytes 10.46.189.2': 4_000_000,
    'nfs_client_asked_count 10.46.189.6': 3,
    'nfs_client_asked_bytes 10.46.189.6': 600,
    'nfs_client_asked_unix_s 10.46.189.6': NOW_S - 240,
    'stp_bpdus_count eth0': 30,
    'trunk_flag eth0': 1,
    'stp_bpdus_count eth0.11': 7,
    'trunk_flag eth0.11': 0,
    // The switch that was there yesterday is not the neighbour.
    'lldp_neighbour_text eth0': '02:00:00:00:00:02',
    'lldp_seen_unix_s eth0': NOW_S - 12,
  });
  expect(asked).toEqual([['eth0', 'eth0.10', 'eth0.11']]);
});

test('a helper that may not count says so, and one that fails is a failure', async () => {
  const refused = setUp(() => Promise.reject(new BrambleError('permission-denied', 'not on this machine’s list')));
  expect(await refused.run()).toEqual({ kind: 'no-data', why: 'not on this machine’s list' });
  const failing = setUp(() => Promise.reject(new BrambleError('unavailable', 'nobody listens')));
  await expect(failing.run()).rejects.toMatchObject({ code: 'unavailable' });
});

test('no more interfaces are looked at than the helper takes', () => {
  const names = ['eth0', ...Array.from({ length: 300 }, (_, at) => `eth0.${at + 1}`)];
  expect(watchedInterfaces({ list: () => names })).toHaveLength(192);
});
