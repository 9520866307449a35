/** Rows of what people say, to records and back; see the head of rows.ts for why they come back as their types. */

import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import type { Maintenance, MaintenanceScope } from '../domain/maintenance.js';
import type { NodeSettings } from '../domain/node-settings.js';
import type { Site } from '../domain/site.js';
import type { IdempotencyRecord } from '../usecases/ports.js';
import { parsed, written } from './rows.js';
import type { IdempotencyRow, MaintenanceRow, NodeSettingRow, SiteRow } from './schema.js';

export function siteOf(row: SiteRow): Site {
  const { uplink_down_bits_per_s: down, uplink_up_bits_per_s: up, uplink_monthly_bytes: monthly } = row;
  const uplink =
    down === null || up === null
      ? undefined
      : { downBitsPerS: down, upBitsPerS: up, monthlyBytes: monthly ?? undefined };
  return {
    id: written<SiteId>(row.id),
    label: row.label,
    location: row.location,
    uplink,
    createdAtMs: row.created_at_ms,
    revision: row.revision,
  };
}

export function siteRow({ id, label, location, uplink, createdAtMs, revision }: Site): SiteRow {
  return {
    id,
    label,
    location,
    uplink_down_bits_per_s: uplink?.downBitsPerS ?? null,
    uplink_up_bits_per_s: uplink?.upBitsPerS ?? null,
    uplink_monthly_bytes: uplink?.monthlyBytes ?? null,
    created_at_ms: createdAtMs,
    revision,
  };
}

export function nodeSettingsOf(row: NodeSettingRow): NodeSettings {
  return {
    nodeId: written<NodeId>(row.node_id),
    labels: parsed(row.labels),
    capabilities: parsed(row.capabilities),
    revision: row.revision,
  };
}

export function nodeSettingRow({ nodeId, labels, capabilities, revision }: NodeSettings): NodeSettingRow {
  return { node_id: nodeId, labels: JSON.stringify(labels), capabilities: JSON.stringify(capabilities), revision };
}

export function scopeColumns(scope: MaintenanceScope): { readonly scope: string; readonly scope_id: string } {
  return { scope: scope.kind, scope_id: scope.kind === 'node' ? scope.nodeId : scope.site };
}

export function maintenanceOf(row: MaintenanceRow): Maintenance {
  const scope: MaintenanceScope =
    row.scope === 'node'
      ? { kind: 'node', nodeId: written<NodeId>(row.scope_id) }
      : { kind: 'site', site: written<SiteId>(row.scope_id) };
  return { scope, owner: row.owner, reason: row.reason, sinceMs: row.since_ms, untilMs: row.until_ms };
}

export function maintenanceRow({ scope, owner, reason, sinceMs, untilMs }: Maintenance): MaintenanceRow {
  return { ...scopeColumns(scope), owner, reason, since_ms: sinceMs, until_ms: untilMs };
}

export function idempotencyOf(row: IdempotencyRow): IdempotencyRecord {
  return {
    keySha256: row.key_sha256,
    requestSha256: row.request_sha256,
    atMs: row.at_ms,
    answer: row.status === null ? undefined : { status: row.status, text: row.answer ?? '' },
  };
}

export function idempotencyRow({ keySha256, requestSha256, atMs, answer }: IdempotencyRecord): IdempotencyRow {
  return {
    key_sha256: keySha256,
    request_sha256: requestSha256,
    at_ms: atMs,
    status: answer?.status ?? null,
    answer: answer?.text ?? null,
  };
}
