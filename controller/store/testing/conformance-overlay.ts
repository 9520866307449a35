/** Prefixes, tunnels and their certificates, and bytes per site and month. */

import { expect, test } from 'vitest';
import { siteId } from '../../../proto/contract/ids.js';
import type { TunnelCertificate, TunnelRecord } from '../../domain/overlay/book.js';
import type { Allocation } from '../../domain/topology/allocate.js';
import type { Store, StoreWriter } from '../../usecases/ports.js';
import { nodeIdOf, sampleNode, T0_MS } from './samples.js';

const HOME = siteId('home');
const allocation = (index: number, over: Partial<Allocation> = {}): Allocation => {
  return { pool: 'overlay sites', index, owner: 'site home', takenAtMs: T0_MS, freedAtMs: undefined, ...over };
};
const tunnel = (n: number, over: Partial<TunnelRecord> = {}): TunnelRecord => ({
  ...{ nodeId: nodeIdOf(n), site: HOME, mode: 'standalone', spkiDer: new Uint8Array([0, 255, n]) },
  ...{ certificateSerial: `aa${n}`, issuedAtMs: T0_MS, expiresAtMs: T0_MS + 9 },
  ...over,
});
const certificate = (serial: string, n: number, expiresAtMs = T0_MS + 9): TunnelCertificate => {
  return { certificateSerial: serial, nodeId: nodeIdOf(n), expiresAtMs, revokedAtMs: undefined };
};

export function describeOverlay(current: () => Store): void {
  const write = <T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> => current().transact(work);

  test('a prefix that was given back rests beside the one who has it next, and is forgotten later', async () => {
    const freed = allocation(1, { freedAtMs: T0_MS + 5 });
    const next = allocation(1, { owner: 'site barn', takenAtMs: T0_MS + 6 });
    await write(async ({ overlay }) => {
      await overlay.putAllocation(allocation(1));
      await overlay.putAllocation(freed);
      await overlay.putAllocation(next);
    });
    const { overlay } = current().reader;
    expect(await overlay.allocations()).toEqual([freed, next]);
    await write((writer) => writer.overlay.removeAllocations(T0_MS + 6));
    expect(await overlay.allocations()).toEqual([next]);
  });

  test('a prefix in use belongs to one alone', async () => {
    await write(({ overlay }) => overlay.putAllocation(allocation(1)));
    const another = allocation(1, { owner: 'site barn', takenAtMs: T0_MS + 1 });
    await expect(write(({ overlay }) => overlay.putAllocation(another))).rejects.toThrow();
  });

  test('a tunnel is replaced by node, keys with any bytes included, and removed', async () => {
    await write(async (writer) => {
      for (const n of [1, 2]) {
        await writer.putNode(sampleNode(n));
        await writer.overlay.putTunnel(tunnel(n));
      }
      await writer.overlay.putTunnel(tunnel(1, { mode: 'gateway', certificateSerial: 'bb' }));
      await writer.overlay.removeTunnel(nodeIdOf(2));
    });
    const [kept, ...others] = await current().reader.overlay.tunnels();
    expect(others).toEqual([]);
    expect({ ...kept, spkiDer: [...(kept?.spkiDer ?? [])] }).toEqual({
      ...tunnel(1, { mode: 'gateway', certificateSerial: 'bb' }),
      spkiDer: [0, 255, 1],
    });
  });

  test('revoking a node revokes all of its certificates once, until they have expired', async () => {
    await write(async ({ overlay }) => {
      for (const [serial, n] of [
        ['a1', 1],
        ['a2', 1],
        ['b1', 2],
      ] as const) {
        await overlay.addTunnelCertificate(certificate(serial, n, T0_MS + (serial === 'a1' ? 5 : 9)));
      }
      await overlay.revokeTunnelCertificates(nodeIdOf(1), T0_MS + 1);
      await overlay.revokeTunnelCertificates(nodeIdOf(1), T0_MS + 2);
    });
    const { overlay } = current().reader;
    const told = async () => (await overlay.revokedTunnels()).map((each) => [each.certificateSerial, each.revokedAtMs]);
    expect(await told()).toEqual([
      ['a1', T0_MS + 1],
      ['a2', T0_MS + 1],
    ]);
    await write((writer) => writer.overlay.removeTunnelCertificates(T0_MS + 6));
    expect(await told()).toEqual([['a2', T0_MS + 1]]);
  });

  test('bytes add up by site and month', async () => {
    const usage = { site: HOME, month: '2026-11', receivedBytes: 2 ** 40, sentBytes: 1 };
    await write(async ({ overlay }) => {
      await overlay.chargeUplink(usage);
      await overlay.chargeUplink({ ...usage, receivedBytes: 5 });
      await overlay.chargeUplink({ ...usage, month: '2026-12' });
    });
    expect(await current().reader.overlay.uplinkUsage('2026-11')).toEqual([
      { ...usage, receivedBytes: 2 ** 40 + 5, sentBytes: 2 },
    ]);
  });
}
