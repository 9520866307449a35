import { createHash } from 'node:crypto';
import { chainAudit } from '../domain/audit/chain.js';
import { type AuditEntry, type AuditHead, type AuditRecord, EMPTY_HEAD } from '../domain/audit/record.js';
import type { AuditQuery, AuditReader, AuditWriter } from '../usecases/audit/ports.js';
import { auditOf, auditRow } from './access-rows.js';
import type { Query } from './query.js';

const PAGE_LIMIT_MAX = 1_000;

export class SqlAuditReader implements AuditReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async head(): Promise<AuditHead> {
    const newest = this.query.selectFrom('audit').select(['sequence', 'hash']).orderBy('sequence', 'desc').limit(1);
    return (await newest.executeTakeFirst()) ?? EMPTY_HEAD;
  }

  async record(sequence: number): Promise<AuditRecord | undefined> {
    const row = await this.query.selectFrom('audit').selectAll().where('sequence', '=', sequence).executeTakeFirst();
    return row && auditOf(row);
  }

  async after(sequence: number, limit: number): Promise<readonly AuditRecord[]> {
    const rows = this.query.selectFrom('audit').selectAll().where('sequence', '>', sequence).orderBy('sequence');
    return (await rows.limit(Math.min(limit, PAGE_LIMIT_MAX)).execute()).map(auditOf);
  }

  async newest(asked: AuditQuery): Promise<readonly AuditRecord[]> {
    const { beforeSequence, actor, action, sinceMs, sites } = asked;
    if (sites?.length === 0) return [];
    let rows = this.query.selectFrom('audit').selectAll();
    if (beforeSequence !== undefined) rows = rows.where('sequence', '<', beforeSequence);
    if (actor !== undefined) rows = rows.where('actor', '=', actor);
    if (action !== undefined) rows = rows.where('action', '=', action);
    if (sinceMs !== undefined) rows = rows.where('at_ms', '>=', sinceMs);
    if (sites !== undefined) rows = rows.where('site', 'in', sites);
    const newest = rows.orderBy('sequence', 'desc').limit(Math.min(asked.limit, PAGE_LIMIT_MAX));
    return (await newest.execute()).map(auditOf);
  }
}

export class SqlAuditWriter extends SqlAuditReader implements AuditWriter {
  /** Transactions run one after the other, so that the head that is read here is still the head when this is written. */
  async add(entry: AuditEntry): Promise<AuditRecord> {
    const whole = { ...entry, atMs: Math.round(entry.atMs) }; // as it is stored, and so as it will be checked
    const record = chainAudit(whole, await this.head(), sha256);
    await this.query.insertInto('audit').values(auditRow(record)).execute();
    return record;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
