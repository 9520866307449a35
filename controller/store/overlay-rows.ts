/** Rows of the overlay, to records and back; see the head of rows.ts for why they come back as their types. */

import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import type { ClientMode } from '../../proto/contract/overlay/network.js';
import type { TunnelCertificate, TunnelRecord } from '../domain/overlay/book.js';
import type { Allocation } from '../domain/topology/allocate.js';
import type { UplinkUsage } from '../usecases/overlay/ports.js';
import { written } from './rows.js';
import type { OverlayAllocationRow, OverlayCertificateRow, OverlayTunnelRow, UplinkUsageRow } from './schema.js';

export function allocationOf(row: OverlayAllocationRow): Allocation {
  const { pool, idx, owner, taken_at_ms: takenAtMs, freed_at_ms: freedAtMs } = row;
  return { pool, index: idx, owner, takenAtMs, freedAtMs: freedAtMs ?? undefined };
}

export function allocationRow({ pool, index, owner, takenAtMs, freedAtMs }: Allocation): OverlayAllocationRow {
  return { pool, idx: index, owner, taken_at_ms: takenAtMs, freed_at_ms: freedAtMs ?? null };
}

export function tunnelOf(row: OverlayTunnelRow): TunnelRecord {
  return {
    nodeId: written<NodeId>(row.node_id),
    site: written<SiteId>(row.site),
    mode: written<ClientMode>(row.mode),
    spkiDer: row.spki_der,
    certificateSerial: row.certificate_serial,
    issuedAtMs: row.issued_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

export function tunnelRow(tunnel: TunnelRecord): OverlayTunnelRow {
  return {
    node_id: tunnel.nodeId,
    site: tunnel.site,
    mode: tunnel.mode,
    spki_der: tunnel.spkiDer,
    certificate_serial: tunnel.certificateSerial,
    issued_at_ms: tunnel.issuedAtMs,
    expires_at_ms: tunnel.expiresAtMs,
  };
}

export function certificateOf(row: OverlayCertificateRow): TunnelCertificate {
  return {
    certificateSerial: row.certificate_serial,
    nodeId: written<NodeId>(row.node_id),
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms ?? undefined,
  };
}

export function certificateRow(certificate: TunnelCertificate): OverlayCertificateRow {
  const { certificateSerial, nodeId, expiresAtMs, revokedAtMs } = certificate;
  return {
    certificate_serial: certificateSerial,
    node_id: nodeId,
    expires_at_ms: expiresAtMs,
    revoked_at_ms: revokedAtMs ?? null,
  };
}

export function usageOf(row: UplinkUsageRow): UplinkUsage {
  const { site, month, received_bytes: receivedBytes, sent_bytes: sentBytes } = row;
  return { site: written<SiteId>(site), month, receivedBytes, sentBytes };
}
