import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import type { Exec, KernelFiles } from '../../agent/kit/host/ports.js';
import type { Traffic } from '../../agent/kit/host/traffic.js';
import { readTraffic } from '../../agent/kit/machine/traffic.js';

/** The real nft and the kernel's real counters, in a network namespace; requests are TCP, frames are a real bridge's. */

const run = promisify(execFile);
const LIMIT_MS = 20_000;
const SPACE = `bt${process.pid}`;
const { signal } = new AbortController();

async function whyNot(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root may count packets';
  try {
    await run('ip', ['netns', 'add', SPACE]);
    await inside('nft', 'add', 'table', 'netdev', 'probe');
    return undefined;
  } catch {
    return 'this machine gives no network namespace with nftables';
  }
}

const inside = (...argv: readonly string[]): Promise<{ stdout: string }> =>
  run('ip', ['netns', 'exec', SPACE, ...argv], { timeout: LIMIT_MS });

const missing = await whyNot();
if (missing !== undefined) console.log(`skipped: traffic: ${missing}`);

describe.skipIf(missing !== undefined)('what the kernel counts', () => {
  const exec: Exec = {
    run: ([program, ...args], limits) => makeNodeExec().run(['ip', 'netns', 'exec', SPACE, program, ...args], limits),
  };
  const noSystemd: KernelFiles = { readText: () => undefined, list: () => undefined, statFilesystem: () => undefined };
  const look = (...interfaces: readonly string[]): Promise<Traffic> =>
    readTraffic({ exec, kernel: noSystemd }, interfaces, signal);

  beforeAll(async () => {
    await inside('ip', 'link', 'set', 'lo', 'up');
    // The board's end of a VLAN is on a bridge that speaks spanning tree; nobody does on the other.
    for (const vlan of ['10', '11']) {
      await inside('ip', 'link', 'add', `eth0.${vlan}`, 'type', 'veth', 'peer', 'name', `pi${vlan}`);
      for (const name of [`eth0.${vlan}`, `pi${vlan}`]) await inside('ip', 'link', 'set', name, 'up');
    }
    await inside('nft', 'add table inet filter { chain input { type filter hook input priority 0; policy accept; }; }');
  });
  afterAll(async () => {
    await run('ip', ['netns', 'del', SPACE]);
  });

  /** So many calls from that address, each with its answer. */
  const calls = (address: string, count: number, sizeBytes = 200): Promise<unknown> =>
    inside(process.execPath, '-e', CALLS, address, String(count), String(sizeBytes));
  const clientOf = ({ clients }: Traffic, address: string) => clients.find((client) => client.address === address);

  test('a client that asks is counted with its answers, one that only holds its connection open is not', async () => {
    expect((await look()).clients).toEqual([]);
    await calls('127.0.0.2', 5);
    await calls('127.0.0.6', 0);
    const before = await look();
    expect(clientOf(before, '127.0.0.2')).toMatchObject({ asked: { packets: 5 }, answered: { packets: 5 } });
    expect(clientOf(before, '127.0.0.6')).toBeUndefined();
    await calls('127.0.0.2', 3);
    expect(clientOf(await look(), '127.0.0.2')).toMatchObject({ asked: { packets: 8, bytes: 8 * 252 } });
  });

  test('what was asked last is known to the second', async () => {
    await calls('127.0.0.10', 1);
    await calls('127.0.0.14', 1);
    await untilHolds(async () => (clientOf(await look(), '127.0.0.10')?.asked.idleS ?? 0) >= 2);
    await calls('127.0.0.14', 1);
    const idleS = await look().then((seen) => (client: string) => clientOf(seen, client)?.asked.idleS ?? NaN);
    expect(idleS('127.0.0.10')).toBeGreaterThanOrEqual(2);
    expect(idleS('127.0.0.10') - idleS('127.0.0.14')).toBeGreaterThanOrEqual(1); // however long a look takes
  });

  test('spanning tree and a switch that announces itself show on their interface, and stay when interfaces change', async () => {
    expect(await look('eth0.10', 'eth0.11')).toMatchObject({ bpdus: [], neighbours: [], blind: '' });
    await inside('ip', 'link', 'add', 'br0', 'type', 'bridge', 'stp_state', '1');
    await inside('ip', 'link', 'set', 'pi10', 'master', 'br0');
    await inside('ip', 'link', 'set', 'br0', 'up');
    await inside('perl', '-e', ANNOUNCE, 'pi11');
    await untilHolds(async () => (await look('eth0.10', 'eth0.11')).bpdus.length > 0);
    const { bpdus, neighbours } = await look('eth0.11');
    expect(bpdus.map(({ interfaceName }) => interfaceName)).toEqual(['eth0.10']);
    expect(neighbours).toMatchObject([{ interfaceName: 'eth0.11', mac: '02:11:22:33:44:55', seen: { packets: 1 } }]);
  });

  test('an interface that is gone blinds nobody for the clients', async () => {
    await calls('127.0.0.2', 1);
    const traffic = await look('eth0.99');
    // Kernels before 6.16 refuse it; newer ones wait for it to come back.
    expect(traffic).toMatchObject({ blind: expect.stringMatching(/^$|^nft: /) });
    expect(clientOf(traffic, '127.0.0.2')).toBeDefined();
    expect((await look('eth0.10')).blind).toBe('');
  });

  test('tables of others stay as they are, and ours comes back after somebody flushed all of them', async () => {
    const { stdout: before } = await inside('nft', 'list', 'table', 'inet', 'filter');
    await look('eth0.10');
    expect((await inside('nft', 'list', 'table', 'inet', 'filter')).stdout).toBe(before);
    await inside('nft', 'flush', 'ruleset');
    expect((await look()).clients).toEqual([]);
    await calls('127.0.0.2', 1);
    expect(clientOf(await look(), '127.0.0.2')).toMatchObject({ asked: { packets: 1 } });
    // Half of a table, as an older version or a hand may have left it.
    await inside('nft', 'delete', 'chain', 'ip', 'bramble_nfs', 'requests');
    await look();
    await calls('127.0.0.2', 1);
    expect(clientOf(await look(), '127.0.0.2')).toMatchObject({ asked: { packets: 1 } });
    expect((await inside('nft', 'list', 'tables')).stdout).not.toContain('filter');
  });
});

async function untilHolds(holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds, { timeout: LIMIT_MS, interval: 200 }).toBe(true);
}

/** A server and one client that waits for each answer. */
const CALLS = `
const [, address, count, size] = process.argv;
const net = require('node:net');
const server = net.createServer((socket) => socket.on('data', () => socket.write(Buffer.alloc(900))));
server.listen(2049, '127.0.0.1', () => {
  let left = Number(count);
  const client = net.connect({ port: 2049, host: '127.0.0.1', localAddress: address });
  const next = () => { if (left-- > 0) client.write(Buffer.alloc(Number(size))); else { client.destroy(); server.close(); process.exit(); } };
  client.on('connect', next);
  client.on('data', next);
});
`;

/** One frame of LLDP from 02:11:22:33:44:55. Sources: IEEE 802.1AB; packet(7). */
const ANNOUNCE = `
use Socket;
my $index = do { open(my $f, '<', "/sys/class/net/$ARGV[0]/ifindex") or die $!; <$f> };
socket(my $s, 17, 3, 0) or die $!;
my $to = pack('H12', '0180c200000e');
send($s, $to . pack('H12', '021122334455') . pack('H4', '88cc') . ("\\0" x 46), 0, pack('S n i S C C a8', 17, 0x88cc, $index, 0, 0, 6, $to)) or die $!;
`;
