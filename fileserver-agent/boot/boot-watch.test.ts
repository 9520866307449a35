import { expect, test } from 'vitest';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { parseBootRecord, renderBootRecord } from '../../proto/contract/boot/record-text.js';
import { BootWatch } from './boot-watch.js';

const LINES = [
  'Nov 21 11:53:02 dnsmasq-dhcp[1]: 7 vendor class: PXEClient:Arch:00000:UNDI:002001',
  'Nov 21 11:53:02 dnsmasq-dhcp[1]: 7 DHCPDISCOVER(eth0.10) b8:27:eb:00:00:01 ',
  'Nov 21 11:53:02 dnsmasq-dhcp[1]: 7 DHCPACK(eth0.10) 10.46.189.2 b8:27:eb:00:00:01',
];

/** A log that is read once, on a machine whose clock counts in fractions of a millisecond, as real ones do. */
function setUp() {
  const host = makeSimHost(new SimWorld(1), 'fs');
  const clock = { ...host.clock, nowMs: () => host.clock.nowMs(), monotonicMs: () => 81_234.5678 };
  let reads = 0;
  const tail = {
    read: async () => {
      reads += 1;
      const lines = reads === 1 ? LINES : [];
      return { lines, position: { fileId: '1:1', offsetBytes: 140 }, skippedBytes: 0, more: false };
    },
  };
  const options = {
    sources: { tail, localTime: () => host.clock.nowMs() },
    paths: { logs: ['/log'], leases: '/leases', mounts: '/mounts', state: '/state/boots.json' },
    probe: { bootId: 'b', happened: () => undefined },
  };
  return { host: { ...host, clock }, makeWatch: () => new BootWatch(options) };
}

test('a record is told in a form that whoever reads it takes, whatever the clock counts in', async () => {
  const { host, makeWatch } = setUp();
  const watch = makeWatch();
  await watch.look(host);
  const [record] = watch.table.records();
  expect(record?.stagesMs).toEqual({ 'dhcp-seen': 81_235 });
  expect(record === undefined ? undefined : parseBootRecord(renderBootRecord(record))).toEqual(record);
});

test.for<[string, readonly string[]]>([
  ['before the first look', ['10.46.189.2:/export/10.46.189.2:0x00000001\n']],
  ['after it', ['', '10.46.189.2:/export/10.46.189.2:0x00000001\n']],
  ['again', ['10.46.189.2:/export/10.46.189.2:0x00000001\n', '10.46.189.2:/export/10.46.189.2:0x00000002\n']],
])('a root that was mounted %s belongs to the boot of its board', async ([, tables]) => {
  const { host, makeWatch } = setUp();
  const watch = makeWatch();
  for (const table of tables) {
    host.board.kernel.set('/mounts', table);
    await watch.look(host);
  }
  expect(Object.keys(watch.table.records()[0]?.stagesMs ?? {})).toEqual(['dhcp-seen', 'nfs-mounted']);
});

test('the next process of the same boot knows the boards of the one before', async () => {
  const { host, makeWatch } = setUp();
  const runOnce = async (watch: BootWatch): Promise<void> => {
    const clock = { ...host.clock, sleep: () => Promise.reject(new Error('enough')) };
    await expect(watch.run({ ...host, clock }, new AbortController().signal)).rejects.toThrow('enough');
  };
  const first = makeWatch();
  await runOnce(first);
  expect(first.table.records()).toHaveLength(1);
  const second = makeWatch();
  await runOnce(second);
  expect(second.table.records()).toEqual(first.table.records());
});
