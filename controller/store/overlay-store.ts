import type { NodeId } from '../../proto/contract/ids.js';
import type { TunnelCertificate, TunnelRecord } from '../domain/overlay/book.js';
import type { Allocation } from '../domain/topology/allocate.js';
import type { OverlayReader, OverlayWriter, UplinkUsage } from '../usecases/overlay/ports.js';
import {
  allocationOf,
  allocationRow,
  certificateOf,
  certificateRow,
  tunnelOf,
  tunnelRow,
  usageOf,
} from './overlay-rows.js';
import type { Query } from './query.js';

export class SqlOverlayReader implements OverlayReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async allocations(): Promise<readonly Allocation[]> {
    const rows = this.query.selectFrom('overlay_allocation').selectAll().orderBy('pool').orderBy('idx');
    return (await rows.orderBy('taken_at_ms').execute()).map(allocationOf);
  }

  async tunnels(): Promise<readonly TunnelRecord[]> {
    return (await this.query.selectFrom('overlay_tunnel').selectAll().orderBy('node_id').execute()).map(tunnelOf);
  }

  async revokedTunnels(): Promise<readonly TunnelCertificate[]> {
    const rows = this.query.selectFrom('overlay_certificate').selectAll().where('revoked_at_ms', 'is not', null);
    return (await rows.orderBy('certificate_serial').execute()).map(certificateOf);
  }

  async uplinkUsage(month: string): Promise<readonly UplinkUsage[]> {
    const rows = this.query.selectFrom('uplink_usage').selectAll().where('month', '=', month).orderBy('site');
    return (await rows.execute()).map(usageOf);
  }
}

export class SqlOverlayWriter extends SqlOverlayReader implements OverlayWriter {
  async putAllocation(allocation: Allocation): Promise<void> {
    const { owner, freed_at_ms, ...key } = allocationRow(allocation);
    const insert = this.query.insertInto('overlay_allocation').values({ ...key, owner, freed_at_ms });
    const columns = ['pool', 'idx', 'taken_at_ms'] as const;
    await insert.onConflict((conflict) => conflict.columns(columns).doUpdateSet({ owner, freed_at_ms })).execute();
  }

  async removeAllocations(freedBeforeMs: number): Promise<void> {
    await this.query.deleteFrom('overlay_allocation').where('freed_at_ms', '<', freedBeforeMs).execute();
  }

  async putTunnel(tunnel: TunnelRecord): Promise<void> {
    const { node_id, ...rest } = tunnelRow(tunnel);
    const insert = this.query.insertInto('overlay_tunnel').values({ node_id, ...rest });
    await insert.onConflict((conflict) => conflict.column('node_id').doUpdateSet(rest)).execute();
  }

  async removeTunnel(id: NodeId): Promise<void> {
    await this.query.deleteFrom('overlay_tunnel').where('node_id', '=', id).execute();
  }

  async addTunnelCertificate(certificate: TunnelCertificate): Promise<void> {
    await this.query.insertInto('overlay_certificate').values(certificateRow(certificate)).execute();
  }

  async revokeTunnelCertificates(id: NodeId, atMs: number): Promise<void> {
    const update = this.query.updateTable('overlay_certificate').set({ revoked_at_ms: atMs });
    await update.where('node_id', '=', id).where('revoked_at_ms', 'is', null).execute();
  }

  async removeTunnelCertificates(expiredBeforeMs: number): Promise<void> {
    await this.query.deleteFrom('overlay_certificate').where('expires_at_ms', '<', expiredBeforeMs).execute();
  }

  async chargeUplink({ site, month, receivedBytes, sentBytes }: UplinkUsage): Promise<void> {
    const row = { site, month, received_bytes: receivedBytes, sent_bytes: sentBytes };
    const insert = this.query.insertInto('uplink_usage').values(row);
    await insert
      .onConflict((conflict) =>
        conflict.columns(['site', 'month']).doUpdateSet(({ eb, ref }) => ({
          received_bytes: eb(ref('uplink_usage.received_bytes'), '+', receivedBytes),
          sent_bytes: eb(ref('uplink_usage.sent_bytes'), '+', sentBytes),
        })),
      )
      .execute();
  }
}
