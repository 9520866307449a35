/**
 * Rows to records and back. Closed words and ids come back as the type that wrote them: only this folder writes the
 * tables, through typed records.
 */

import type { CommandId, NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import type { Progress } from '../../proto/contract/progress.js';
import type { CommandAction, CommandRecord, CommandState, RejectionReason } from '../domain/command.js';
import type { Condition, ConditionStatus } from '../domain/condition.js';
import type { EnrollmentRecord, EnrollmentState } from '../domain/enrollment.js';
import type { FleetEvent, Severity } from '../domain/event.js';
import type { Board, CredentialRecord, Node, NodeLifecycle } from '../domain/node.js';
import type { NodeConfigRecord } from '../domain/node-config.js';
import type { JoinToken } from '../domain/token.js';
import type { HistorySegment } from '../usecases/ports.js';
import type {
  CommandRow,
  ConditionRow,
  CredentialRow,
  EnrollmentRow,
  FleetEventRow,
  HistoryRow,
  NodeConfigRow,
  NodeRow,
  TokenRow,
} from './schema.js';

/** What we wrote comes back as what it was. */
export function written<T extends string>(text: string): T {
  return text as T; // see the head of this file
}

export function parsed<T>(json: string): T {
  return JSON.parse(json) as T; // see the head of this file
}

/** SQLite hands out bytes as a Buffer in the same thread and as a Uint8Array across threads. */
function bytes(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

interface BoardColumns {
  readonly board_model: string;
  readonly board_serial: string;
  readonly board_mac_addresses: string;
}

function boardOf(row: BoardColumns): Board {
  return { model: row.board_model, serial: row.board_serial, macAddresses: parsed(row.board_mac_addresses) };
}

function boardColumns({ model, serial, macAddresses }: Board): BoardColumns {
  return { board_model: model, board_serial: serial, board_mac_addresses: JSON.stringify(macAddresses) };
}

export function tokenOf(row: TokenRow): JoinToken {
  return {
    keyId: row.key_id,
    secretHmac: row.secret_hmac,
    site: written<SiteId>(row.site),
    kind: written<NodeKind>(row.kind),
    expiresAtMs: row.expires_at_ms,
    uses: row.uses,
    boundTo: parsed(row.bound_to),
    preApproved: row.pre_approved === 1,
    expectSerial: row.expect_serial ?? undefined,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    revoked: row.revoked === 1,
  };
}

export function tokenRow(token: JoinToken): TokenRow {
  return {
    key_id: token.keyId,
    secret_hmac: token.secretHmac,
    site: token.site,
    kind: token.kind,
    expires_at_ms: token.expiresAtMs,
    uses: token.uses,
    bound_to: JSON.stringify(token.boundTo),
    pre_approved: token.preApproved ? 1 : 0,
    expect_serial: token.expectSerial ?? null,
    created_at_ms: token.createdAtMs,
    created_by: token.createdBy,
    revoked: token.revoked ? 1 : 0,
  };
}

export function nodeOf(row: NodeRow): Node {
  return {
    id: written<NodeId>(row.id),
    site: written<SiteId>(row.site),
    kind: written<NodeKind>(row.kind),
    name: row.name,
    lifecycle: written<NodeLifecycle>(row.lifecycle),
    board: boardOf(row),
    enrolledAtMs: row.enrolled_at_ms,
    desiredRevision: row.desired_revision,
  };
}

export function nodeRow(node: Node): NodeRow {
  return {
    id: node.id,
    site: node.site,
    kind: node.kind,
    name: node.name,
    lifecycle: node.lifecycle,
    ...boardColumns(node.board),
    enrolled_at_ms: node.enrolledAtMs,
    desired_revision: node.desiredRevision,
  };
}

export function enrollmentOf(row: EnrollmentRow): EnrollmentRecord {
  return {
    spkiSha256: row.spki_sha256,
    tokenKeyId: row.token_key_id,
    site: written<SiteId>(row.site),
    kind: written<NodeKind>(row.kind),
    board: boardOf(row),
    hostname: row.hostname,
    state: written<EnrollmentState>(row.state),
    why: row.why,
    nodeId: row.node_id === null ? undefined : written<NodeId>(row.node_id),
    firstAskedAtMs: row.first_asked_at_ms,
    lastAskedAtMs: row.last_asked_at_ms,
  };
}

export function enrollmentRow(record: EnrollmentRecord): EnrollmentRow {
  return {
    spki_sha256: record.spkiSha256,
    token_key_id: record.tokenKeyId,
    site: record.site,
    kind: record.kind,
    ...boardColumns(record.board),
    hostname: record.hostname,
    state: record.state,
    why: record.why,
    node_id: record.nodeId ?? null,
    first_asked_at_ms: record.firstAskedAtMs,
    last_asked_at_ms: record.lastAskedAtMs,
  };
}

export function credentialOf(row: CredentialRow): CredentialRecord {
  return {
    nodeId: written<NodeId>(row.node_id),
    spkiSha256: row.spki_sha256,
    renewalCounter: row.renewal_counter,
    certificateSerial: row.certificate_serial,
    issuedAtMs: row.issued_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

export function credentialRow(record: CredentialRecord): CredentialRow {
  return {
    node_id: record.nodeId,
    renewal_counter: record.renewalCounter,
    spki_sha256: record.spkiSha256,
    certificate_serial: record.certificateSerial,
    issued_at_ms: record.issuedAtMs,
    expires_at_ms: record.expiresAtMs,
  };
}

export function nodeConfigOf(row: NodeConfigRow): NodeConfigRecord {
  return {
    nodeId: written<NodeId>(row.node_id),
    revision: row.revision,
    previousRevision: row.previous_revision,
    config: parsed(row.config),
    atMs: row.at_ms,
    actor: row.actor,
    reason: row.reason,
  };
}

export function nodeConfigRow(record: NodeConfigRecord): NodeConfigRow {
  return {
    node_id: record.nodeId,
    revision: record.revision,
    previous_revision: record.previousRevision,
    config: JSON.stringify(record.config),
    at_ms: record.atMs,
    actor: record.actor,
    reason: record.reason,
  };
}

export function commandOf(row: CommandRow): CommandRecord {
  return {
    id: written<CommandId>(row.id),
    nodeId: written<NodeId>(row.node_id),
    action: parsed<CommandAction>(row.action),
    state: written<CommandState>(row.state),
    rejection: row.rejection === null ? undefined : written<RejectionReason>(row.rejection),
    detail: row.detail,
    epoch: row.epoch,
    issuedAtMs: row.issued_at_ms,
    validForMs: row.valid_for_ms,
    bootId: row.boot_id,
    reason: row.reason,
    actor: row.actor,
    updatedAtMs: row.updated_at_ms,
    progress: row.progress === null ? undefined : parsed<Progress>(row.progress),
  };
}

export function commandRow(record: CommandRecord): CommandRow {
  return {
    id: record.id,
    node_id: record.nodeId,
    action: JSON.stringify(record.action),
    state: record.state,
    rejection: record.rejection ?? null,
    detail: record.detail,
    epoch: record.epoch,
    issued_at_ms: record.issuedAtMs,
    valid_for_ms: record.validForMs,
    boot_id: record.bootId,
    reason: record.reason,
    actor: record.actor,
    updated_at_ms: record.updatedAtMs,
    progress: record.progress === undefined ? null : JSON.stringify(record.progress),
  };
}

export function conditionOf(row: ConditionRow): Condition {
  return {
    nodeId: written<NodeId>(row.node_id),
    type: row.type,
    instance: row.instance,
    status: written<ConditionStatus>(row.status),
    severity: written<Severity>(row.severity),
    reason: row.reason,
    message: row.message,
    sinceMs: row.since_ms,
  };
}

export function conditionRow(condition: Condition): ConditionRow {
  return {
    node_id: condition.nodeId,
    type: condition.type,
    instance: condition.instance,
    status: condition.status,
    severity: condition.severity,
    reason: condition.reason,
    message: condition.message,
    since_ms: condition.sinceMs,
  };
}

export function fleetEventOf(row: FleetEventRow): FleetEvent {
  return {
    id: row.id,
    atMs: row.at_ms,
    nodeId: row.node_id === null ? undefined : written<NodeId>(row.node_id),
    severity: written<Severity>(row.severity),
    reason: row.reason,
    message: row.message,
  };
}

export function segmentOf(row: HistoryRow): HistorySegment {
  return { nodeId: written<NodeId>(row.node_id), fromMs: row.from_ms, toMs: row.to_ms, packed: bytes(row.packed) };
}

export function signedOf(row: { payload: Uint8Array; key_id: string; signature: Uint8Array }) {
  return { payload: bytes(row.payload), keyId: row.key_id, signature: bytes(row.signature) };
}

/** JSON has no `undefined`, and a record has every field: null stands for it in the text alone. */
export function noUndefined(_key: string, value: unknown): unknown {
  return value === undefined ? null : value;
}

/** null of the text is `undefined` again. */
export function revived<Written extends object>(text: string): Written {
  const fields = Object.entries<unknown>(parsed<Record<string, unknown>>(text)).map(
    ([key, value]) => [key, value ?? undefined] as const,
  );
  return Object.fromEntries(fields) as Written; // the fields of what was written, null being undefined again
}
