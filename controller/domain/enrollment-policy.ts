import type { NodeKind } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { EnrollmentRecord } from './enrollment.js';
import type { Node } from './node.js';
import type { JoinToken } from './token.js';

/** Everything that the decision about one good proof depends on. */
export interface EnrollmentFacts {
  /** The token that the proof names; `undefined` = there is none. */
  readonly token: JoinToken | undefined;
  readonly secretMatches: boolean;
  readonly spkiSha256: string;
  readonly kind: NodeKind | 'unknown';
  /** As the board says; a cross-check, never an identity. */
  readonly serial: string;
  /** What this key asked before. */
  readonly earlier: EnrollmentRecord | undefined;
  /** The node that this key was approved as. */
  readonly approvedAs: Pick<Node, 'lifecycle'> | undefined;
  /** Key of the node's current credential; `undefined` = none was issued yet. */
  readonly credentialKey: string | undefined;
  /** Name of another node that is in service with the same board serial. */
  readonly boardServesAs: string | undefined;
  readonly nowMs: number;
}

/** `why` is for operators; who asks is told no reason for a refusal. */
export type EnrollmentVerdict =
  /** `again`: the same key asks anew and gets the node that it has. */
  | { readonly kind: 'issue'; readonly as: 'new' | 'again' }
  | { readonly kind: 'pending'; readonly why: string }
  | { readonly kind: 'refuse'; readonly why: string };

/** Decides, never acts. */
export function decideEnrollment(facts: EnrollmentFacts): EnrollmentVerdict {
  const { token } = facts;
  if (token === undefined || !facts.secretMatches) return refuse('no such join token');
  const why = tokenObjection(token, facts);
  if (why !== undefined) return refuse(why);
  if (facts.earlier?.state === 'rejected') return refuse('this key was rejected');
  if (facts.earlier?.state === 'approved') return decideApproved(facts);
  const reason = reasonToWait(token, facts);
  return reason === undefined ? { kind: 'issue', as: 'new' } : { kind: 'pending', why: reason };
}

/** Why a token with the right secret does not open the door for this key. */
function tokenObjection(token: JoinToken, facts: EnrollmentFacts): string | undefined {
  if (token.revoked) return 'the join token was revoked';
  if (token.kind !== facts.kind) return `the join token is for a ${token.kind}`;
  // A key that was bound while the token was good may come back later: a person may take days to approve.
  if (token.boundTo.includes(facts.spkiSha256) || facts.earlier?.state === 'approved') return undefined;
  if (facts.nowMs >= token.expiresAtMs) return 'the join token has expired';
  if (token.boundTo.length >= token.uses) return 'the join token is used up';
  return undefined;
}

function decideApproved({ approvedAs, credentialKey, spkiSha256 }: EnrollmentFacts): EnrollmentVerdict {
  if (approvedAs === undefined || approvedAs.lifecycle === 'revoked') return refuse('its node was revoked');
  if (approvedAs.lifecycle === 'frozen') return refuse('its node is frozen');
  // The answer to the first question was lost, or the board asks again before its first connection.
  if (credentialKey === undefined || credentialKey === spkiSha256) return { kind: 'issue', as: 'again' };
  return refuse('its node has renewed its credential since: this is an old copy of its key');
}

function reasonToWait(token: JoinToken, facts: EnrollmentFacts): string | undefined {
  const serial = facts.serial.toLowerCase();
  if (token.expectSerial !== undefined && token.expectSerial !== serial) {
    const found = serial === '' ? 'none' : visible(serial, 40);
    return `its board’s serial is ${found}, the join token expects ${token.expectSerial}`;
  }
  if (facts.boardServesAs !== undefined) {
    return `a board with this serial serves as ${visible(facts.boardServesAs, 63)}: a replaced card, or a clone`;
  }
  return token.preApproved ? undefined : 'it waits for a person to approve it';
}

function refuse(why: string): EnrollmentVerdict {
  return { kind: 'refuse', why };
}
