import type { SiteId } from '../../../proto/contract/ids.js';
import type { Actor } from '../access/actor.js';

/** How what was asked ended: it was done, it was not allowed, or it could not be done. */
export type AuditOutcome = 'done' | 'denied' | 'failed';

/** One thing that somebody did, tried to do, or looked at, before it has its place in the chain. */
export interface AuditEntry {
  readonly atMs: number;
  readonly actor: Actor;
  /** noun.verb: node.revoke, session.login, audit.read. */
  readonly action: string;
  /** What it was done to: a node id, a user's name; empty when there is none. */
  readonly target: string;
  /** Whose site that is; `undefined` = the whole fleet's. */
  readonly site: SiteId | undefined;
  readonly outcome: AuditOutcome;
  /** What else explains it later: the reason, what it was before. Never a secret. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** An entry in its place. */
export interface AuditRecord extends AuditEntry {
  /** 1 for the first, without gaps. */
  readonly sequence: number;
  /** Lower-case hex: hash of the record before it; 64 zeros for the first. */
  readonly previousHash: string;
  /** Lower-case hex: hash of this record and of the one before it. */
  readonly hash: string;
}

/** The newest record of a chain, as it is given to agents to remember. */
export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
}

/** Of a log without a record. */
export const EMPTY_HEAD: AuditHead = { sequence: 0, hash: '0'.repeat(64) };
