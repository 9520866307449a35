/** Rows of accounts, sessions and the audit log; as in rows.ts, only this folder writes the tables. */

import type { Grant } from '../../proto/contract/access.js';
import type { SiteId } from '../../proto/contract/ids.js';
import type { ApiToken, User, WebSession } from '../domain/access/account.js';
import type { AuditOutcome, AuditRecord } from '../domain/audit/record.js';

export interface UserRow {
  name: string;
  /** JSON: array of Grant. */
  grants: string;
  password_hash: string;
  disabled: number;
  created_at_ms: number;
  created_by: string;
  password_set_at_ms: number;
}

export interface ApiTokenRow {
  id: string;
  secret_hmac: string;
  label: string;
  /** JSON: array of Grant. */
  grants: string;
  created_at_ms: number;
  created_by: string;
  expires_at_ms: number;
  last_used_at_ms: number | null;
  revoked_at_ms: number | null;
}

export interface SessionRow {
  id_hmac: string;
  account: string;
  created_at_ms: number;
  last_used_at_ms: number;
  expires_at_ms: number;
  address: string;
}

export interface AuditRow {
  sequence: number;
  at_ms: number;
  actor: string;
  role: string;
  source: string;
  request_id: string;
  action: string;
  target: string;
  site: string | null;
  outcome: string;
  /** JSON: a flat object. */
  details: string;
  previous_hash: string;
  hash: string;
}

function grantsOf(json: string): readonly Grant[] {
  return JSON.parse(json) as readonly Grant[]; // written by the functions below
}

export function userOf(row: UserRow): User {
  return {
    name: row.name,
    grants: grantsOf(row.grants),
    passwordHash: row.password_hash,
    disabled: row.disabled === 1,
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    passwordSetAtMs: row.password_set_at_ms,
  };
}

export function userRow(user: User): UserRow {
  return {
    name: user.name,
    grants: JSON.stringify(user.grants),
    password_hash: user.passwordHash,
    disabled: user.disabled ? 1 : 0,
    created_at_ms: user.createdAtMs,
    created_by: user.createdBy,
    password_set_at_ms: user.passwordSetAtMs,
  };
}

export function apiTokenOf(row: ApiTokenRow): ApiToken {
  return {
    id: row.id,
    secretHmac: row.secret_hmac,
    label: row.label,
    grants: grantsOf(row.grants),
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    expiresAtMs: row.expires_at_ms,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
    revokedAtMs: row.revoked_at_ms ?? undefined,
  };
}

export function apiTokenRow(token: ApiToken): ApiTokenRow {
  return {
    id: token.id,
    secret_hmac: token.secretHmac,
    label: token.label,
    grants: JSON.stringify(token.grants),
    created_at_ms: token.createdAtMs,
    created_by: token.createdBy,
    expires_at_ms: token.expiresAtMs,
    last_used_at_ms: token.lastUsedAtMs ?? null,
    revoked_at_ms: token.revokedAtMs ?? null,
  };
}

export function sessionOf(row: SessionRow): WebSession {
  return {
    idHmac: row.id_hmac,
    account: row.account,
    createdAtMs: row.created_at_ms,
    lastUsedAtMs: row.last_used_at_ms,
    expiresAtMs: row.expires_at_ms,
    address: row.address,
  };
}

export function sessionRow(session: WebSession): SessionRow {
  return {
    id_hmac: session.idHmac,
    account: session.account,
    created_at_ms: session.createdAtMs,
    last_used_at_ms: session.lastUsedAtMs,
    expires_at_ms: session.expiresAtMs,
    address: session.address,
  };
}

export function auditOf(row: AuditRow): AuditRecord {
  return {
    sequence: row.sequence,
    atMs: row.at_ms,
    actor: { name: row.actor, role: row.role, source: row.source, requestId: row.request_id },
    action: row.action,
    target: row.target,
    site: row.site === null ? undefined : (row.site as SiteId), // written below from a SiteId
    outcome: row.outcome as AuditOutcome, // written below; an edit of the file shows in the hash
    details: JSON.parse(row.details) as AuditRecord['details'], // written below
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

export function auditRow(record: AuditRecord): AuditRow {
  return {
    sequence: record.sequence,
    at_ms: record.atMs,
    actor: record.actor.name,
    role: record.actor.role,
    source: record.actor.source,
    request_id: record.actor.requestId,
    action: record.action,
    target: record.target,
    site: record.site ?? null,
    outcome: record.outcome,
    details: JSON.stringify(record.details),
    previous_hash: record.previousHash,
    hash: record.hash,
  };
}
