import type { NodeKind, SiteId } from '../../proto/contract/ids.js';

/** A join token as it is stored: its secret only as an HMAC. */
export interface JoinToken {
  /** Public part of the token, 8 characters of base32. */
  readonly keyId: string;
  /** Lower-case hex HMAC-SHA-256 of the secret under the controller's token key. */
  readonly secretHmac: string;
  readonly site: SiteId;
  readonly kind: NodeKind;
  readonly expiresAtMs: number;
  /** How many different keys may use it. */
  readonly uses: number;
  /** Lower-case hex SHA-256 of each SubjectPublicKeyInfo that it is bound to, in order of first use. */
  readonly boundTo: readonly string[];
  /** Approves without a person, when the serial agrees where one is expected. */
  readonly preApproved: boolean;
  /** Board serial that must appear; `undefined` = any. */
  readonly expectSerial: string | undefined;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly revoked: boolean;
}
