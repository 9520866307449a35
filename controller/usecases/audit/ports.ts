import type { SiteId } from '../../../proto/contract/ids.js';
import type { AuditEntry, AuditHead, AuditRecord } from '../../domain/audit/record.js';

export interface AuditReader {
  /** The newest record's place; sequence 0 when there is none. */
  head(): Promise<AuditHead>;
  record(sequence: number): Promise<AuditRecord | undefined>;
  /** Ascending, from the record after `sequence`. */
  after(sequence: number, limit: number): Promise<readonly AuditRecord[]>;
  /** Newest first. */
  newest(query: AuditQuery): Promise<readonly AuditRecord[]>;
}

export interface AuditQuery {
  readonly limit: number;
  /** Records older than the one with this sequence. */
  readonly beforeSequence?: number | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** Records of these sites alone; what belongs to the whole fleet is not among them. */
  readonly sites?: readonly SiteId[] | undefined;
}

/** Appends; there is no way to change or to remove a record. */
export interface AuditWriter extends AuditReader {
  add(entry: AuditEntry): Promise<AuditRecord>;
}
