import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectOn, values } from '../../agent/kit/testing/collect-on.js';
import { type FillPoint, fullInS } from './export-forecast.js';
import { makeExportsCollector } from './exports.js';
import { makeNfsServerCollector } from './nfs-server.js';
import { makeVlanPeersCollector } from './vlan-peers.js';

const nfsd = (calls: number): string =>
  `rc 0 12 3400\nfh 0 0 0 0 0\nio 1048576 2097152\nth 8 0 0.000 0.000\nra 32 0 0\nnet ${calls} 0 ${calls} 4\nrpc ${calls} 2 2 0 0\nproc3 22 0 5\n`;
const pools = (enqueued: number, woken = 8): string =>
  `# pool packets-arrived sockets-enqueued threads-woken threads-timedout\n0 ${enqueued} ${enqueued} ${woken} 0\n`;

test('the NFS server tells what it did; a cut file tells nothing', async () => {
  const files = {
    '/proc/net/rpc/nfsd': nfsd(3_412),
    '/proc/fs/nfsd/pool_stats': pools(10),
    '/proc/fs/nfsd/v4_end_grace': 'N\n',
  };
  expect(values(await collectOn(makeNfsServerCollector(), files).run())).toEqual({
    nfsd_threads_count: 8,
    nfsd_calls_count: 3_412,
    nfsd_bad_calls_count: 2,
    nfsd_read_bytes: 1_048_576,
    nfsd_written_bytes: 2_097_152,
    nfsd_stalled_ms: 0,
    nfsd_grace_flag: 1,
  });
  const cut = collectOn(makeNfsServerCollector(), { '/proc/net/rpc/nfsd': 'rc 0 12 3400\nth' });
  await expect(cut.run()).rejects.toMatchObject({ code: 'data-loss' });
});

/** Looks every half minute. */
function stalls() {
  const collected = collectOn(makeNfsServerCollector(), {});
  return async (calls: number, enqueued: number, woken?: number): Promise<unknown> => {
    collected.kernel.set('/proc/net/rpc/nfsd', nfsd(calls));
    collected.kernel.set('/proc/fs/nfsd/pool_stats', pools(enqueued, woken));
    const found = values(await collected.run())['nfsd_stalled_ms'];
    await collected.world.runFor(30_000);
    return found;
  };
}

test('requests that wait and are not taken up are a stall; an idle server is none', async () => {
  const look = stalls();
  expect(await look(100, 10)).toBe(0);
  expect(await look(100, 10)).toBe(0);
  expect(await look(100, 10)).toBe(0);
  expect(await look(100, 12)).toBe(0);
  expect(await look(100, 12)).toBe(30_000);
  expect(await look(101, 12)).toBe(0);
});

// As the kernel of a rack's fileserver counted when the cable to all its clients had been out for minutes.
test('transports of clients that have gone, which threads close, are none', async () => {
  const look = stalls();
  expect(await look(1_358, 2_681, 2_679)).toBe(0);
  expect(await look(1_358, 2_682, 2_680)).toBe(0);
  expect(await look(1_358, 2_683, 2_681)).toBe(0);
});

test('exports show their room once each, with the clients that may mount them', async () => {
  const etab =
    '/export/10.46.189.2\t10.46.189.2(rw,sync)\n/export/a\\040b\t10.46.189.6(rw)\n/export/a\\040b\t10.46.189.10(rw)\n';
  const collected = collectOn(makeExportsCollector(), { '/var/lib/nfs/etab': etab });
  collected.kernel.setFilesystem('/export/10.46.189.2', {
    blockSizeBytes: 4_096,
    blocks: 100,
    blocksAvailable: 25,
    inodes: 50,
    inodesFree: 5,
  });
  expect(values(await collected.run())).toEqual({
    'export_clients_count /export/10.46.189.2': 1,
    'export_size_bytes /export/10.46.189.2': 409_600,
    'export_available_bytes /export/10.46.189.2': 102_400,
    'export_inodes_count /export/10.46.189.2': 50,
    'export_inodes_free_count /export/10.46.189.2': 5,
    'export_clients_count /export/a b': 2,
  });
});

test('a VLAN has a peer when somebody on it answers', async () => {
  const arp =
    'IP address       HW type     Flags       HW address            Mask     Device\n' +
    '10.46.189.2      0x1         0x2         b8:27:eb:aa:00:03     *        eth0.10\n' +
    '10.46.189.6      0x1         0x0         00:00:00:00:00:00     *        eth0.11\n' +
    '192.0.2.1        0x1         0x2         02:00:00:00:00:01     *        eth1\n';
  const found = values(await collectOn(makeVlanPeersCollector(), { '/proc/net/arp': arp }).run());
  expect(found).toEqual({
    'vlan_peer_mac_text 10.46.189.2': 'b8:27:eb:aa:00:03',
    'vlan_peer_state eth0.10': 1,
    'vlan_peer_state eth0.11': 2,
  });
});

const HOUR_MS = 3_600_000;
const filling = (hours: number, perHour: number, available: number): readonly FillPoint[] =>
  Array.from({ length: hours * 2 + 1 }, (_, half) => ({
    atMs: (half * HOUR_MS) / 2,
    availableBytes: available - (half * perHour) / 2,
  }));

test('an export that fills evenly is full when its room divided by the pace says so', () => {
  expect(fullInS(filling(10, 1_000, 100_000))).toBe(90 * 3_600);
  expect(fullInS(filling(10, -1_000, 100_000))).toBeUndefined();
  expect(fullInS(filling(10, 0, 100_000))).toBeUndefined();
  expect(fullInS(filling(1, 1_000, 100_000).slice(0, 2))).toBeUndefined();
});

test('a forecast is never negative, never beyond a year, and the same history gives the same', () => {
  const points = fc.array(fc.tuple(fc.integer({ min: 1, max: HOUR_MS }), fc.nat(1e12)), {
    minLength: 2,
    maxLength: 50,
  });
  fc.assert(
    fc.property(points, (steps) => {
      let atMs = 0;
      const history = steps.map(([stepMs, availableBytes]) => {
        atMs += stepMs;
        return { atMs, availableBytes };
      });
      const seconds = fullInS(history);
      expect(fullInS(history)).toBe(seconds);
      if (seconds === undefined) return;
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(seconds).toBeLessThanOrEqual(365 * 86_400);
    }),
  );
});
