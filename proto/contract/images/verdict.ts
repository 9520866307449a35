/** Why an image must not be used. Each is told to people and programs under this name. */
export type Unusable =
  | 'unsigned'
  | 'untrusted-key'
  | 'revoked-key'
  | 'too-few-signatures'
  | 'bad-signature'
  | 'wrong-class'
  | 'expired'
  | 'below-floor'
  | 'no-freshness'
  | 'stale-freshness'
  | 'freshness-of-another';

export type Verdict =
  | { readonly kind: 'usable' }
  | { readonly kind: 'unusable'; readonly reason: Unusable; readonly detail: string };
