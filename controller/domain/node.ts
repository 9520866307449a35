import type { NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';

/** The hardware as it describes itself: a label and a cross-check, never an identity. */
export interface Board {
  readonly model: string;
  readonly serial: string;
  readonly macAddresses: readonly string[];
}

/** `frozen`: a clone was seen with this credential; only a person thaws or revokes it. */
export type NodeLifecycle = 'enrolled' | 'frozen' | 'revoked';

/** The logical node: what keeps its id, site and name while boards and credentials come and go. */
export interface Node {
  readonly id: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
  /** For people; unique within the fleet. */
  readonly name: string;
  readonly lifecycle: NodeLifecycle;
  readonly board: Board;
  readonly enrolledAtMs: number;
  /** Revision of the desired state that the controller wants; 0 = none. */
  readonly desiredRevision: number;
}

/** One certified key of a node. At most one is current. */
export interface CredentialRecord {
  readonly nodeId: NodeId;
  /** Lower-case hex SHA-256 of the DER SubjectPublicKeyInfo. */
  readonly spkiSha256: string;
  readonly renewalCounter: number;
  /** Lower-case hex of the certificate's serial number. */
  readonly certificateSerial: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}
