import type { NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import type { Board } from './node.js';

export type EnrollmentState = 'pending' | 'approved' | 'rejected';

/** Somebody with a good token who asked to join. One per key. */
export interface EnrollmentRecord {
  /** Lower-case hex SHA-256 of the DER SubjectPublicKeyInfo; identifies the request. */
  readonly spkiSha256: string;
  readonly tokenKeyId: string;
  readonly site: SiteId;
  readonly kind: NodeKind;
  readonly board: Board;
  readonly hostname: string;
  readonly state: EnrollmentState;
  /** Why it waits or was refused; for the operator. */
  readonly why: string;
  /** Set once approved. */
  readonly nodeId: NodeId | undefined;
  readonly firstAskedAtMs: number;
  readonly lastAskedAtMs: number;
}
