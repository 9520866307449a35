import type { SiteId } from '../../proto/contract/ids.js';

/** What a site's uplink may be used for. */
export interface UplinkBudget {
  readonly downBitsPerS: number;
  readonly upBitsPerS: number;
  /** Both directions together; `undefined` = no monthly limit. */
  readonly monthlyBytes: number | undefined;
}

/** A place with nodes: where they are, who may act on them, and what its uplink bears. */
export interface Site {
  /** Its name, for ever. */
  readonly id: SiteId;
  /** What people call it; may be empty. */
  readonly label: string;
  /** Where it is, in people's words; may be empty. */
  readonly location: string;
  /** `undefined` = nobody said what the uplink bears. */
  readonly uplink: UplinkBudget | undefined;
  readonly createdAtMs: number;
  /** Counts changes, from 1. */
  readonly revision: number;
}

/** What keeps a site from being deleted, as counts. */
export interface SiteContents {
  /** Nodes that are not revoked. */
  readonly nodesCount: number;
  /** Requests to join that nobody decided. */
  readonly enrollmentsPendingCount: number;
  /** Tokens that could still let somebody in. */
  readonly tokensUsableCount: number;
}

/** The sentence that says why a site may not go; `undefined` = it is empty. */
export function whyNotEmpty({
  nodesCount,
  enrollmentsPendingCount,
  tokensUsableCount,
}: SiteContents): string | undefined {
  const kept = [
    [nodesCount, 'node in service', 'nodes in service'],
    [enrollmentsPendingCount, 'request to join', 'requests to join'],
    [tokensUsableCount, 'usable join token', 'usable join tokens'],
  ] as const;
  const words = kept.flatMap(([count, one, many]) => (count === 0 ? [] : [`${count} ${count === 1 ? one : many}`]));
  return words.length === 0 ? undefined : `it has ${words.join(', ')}`;
}
