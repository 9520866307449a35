import type { CredentialRecord, Node } from './node.js';

export interface RenewalFacts {
  readonly lifecycle: Node['lifecycle'];
  /** Newest first: the one that counts, and the one before. */
  readonly credentials: readonly Pick<CredentialRecord, 'spkiSha256' | 'renewalCounter'>[];
  /** Key that the request came in with. */
  readonly presentedKey: string;
  readonly newKey: string;
  /** Renewal counter that the request names. */
  readonly counter: number;
  /** The new key is known already, as anybody’s. */
  readonly isNewKeyTaken: boolean;
}

export type RenewalVerdict =
  | { readonly kind: 'issue'; readonly renewalCounter: number }
  /** Two boards hold credentials of this node. */
  | { readonly kind: 'clone'; readonly evidence: string }
  | { readonly kind: 'refuse'; readonly why: string };

/**
 * Every renewal counts one up and changes the key, so of two copies of a disk only the first to renew stays current;
 * the other betrays itself by an older counter. One old request is innocent: the very same one again, because the
 * answer to it was lost.
 */
export function decideRenewal(facts: RenewalFacts): RenewalVerdict {
  const [newest, before] = facts.credentials;
  if (facts.lifecycle === 'revoked' || newest === undefined) return refuse('the node was revoked');
  if (facts.lifecycle === 'frozen') return refuse('the node is frozen: its credential was seen on two boards');
  if (facts.presentedKey === newest.spkiSha256) return renewNewest(newest, facts);
  if (facts.presentedKey !== before?.spkiSha256) return refuse('the credential is not one of this node');
  const isSameAgain = facts.newKey === newest.spkiSha256 && facts.counter === before.renewalCounter;
  if (isSameAgain) return { kind: 'issue', renewalCounter: newest.renewalCounter };
  return {
    kind: 'clone',
    evidence: 'its credential was renewed by one board, and then another one asked with the old one',
  };
}

function renewNewest(newest: RenewalFacts['credentials'][number], facts: RenewalFacts): RenewalVerdict {
  if (facts.counter < newest.renewalCounter) {
    const evidence = `a board has its newest key but renewal counter ${facts.counter} instead of ${newest.renewalCounter}`;
    return { kind: 'clone', evidence };
  }
  if (facts.counter > newest.renewalCounter) return refuse('the renewal counter is ahead of the controller’s');
  if (facts.isNewKeyTaken) return refuse('a renewal needs a key that was never certified');
  return { kind: 'issue', renewalCounter: newest.renewalCounter + 1 };
}

function refuse(why: string): RenewalVerdict {
  return { kind: 'refuse', why };
}
