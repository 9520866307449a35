import type { X509Certificate } from 'node:crypto';
import { BrambleError } from '../../proto/contract/errors.js';
import { NODE_KINDS, type NodeId, type NodeKind, nodeId, type SiteId, siteId } from '../../proto/contract/ids.js';
import { CLIENT_AUTH, certificateSpkiDer, spkiSha256, uriName } from '../../proto/wire/chain.js';
import type { Audience, Issuers } from './issuers.js';

/** Who signs for whom. */
export const AUDIENCE_OF_KIND = {
  pi: 'agents',
  fileserver: 'actuators',
  switch: 'actuators',
} as const satisfies Record<NodeKind, Audience>;

/** What a node's certificate says; nothing else about a peer is believed. */
export interface NodeClaims {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
  /** Lower-case hex SHA-256 of the certified SubjectPublicKeyInfo. */
  readonly spkiSha256: string;
  readonly expiresAtMs: number;
}

export function renderNodeUri(fleet: string, claims: Pick<NodeClaims, 'nodeId' | 'site' | 'kind'>): string {
  return `spiffe://${fleet}/site/${claims.site}/${claims.kind}/${claims.nodeId}`;
}

/**
 * Reads a certificate whose chain TLS has verified up to our root. Asks again what TLS asks (use, authority or not) and
 * what TLS cannot know: that the authority which signed may speak for this kind.
 * @throws BrambleError `unauthenticated`, `permission-denied`
 */
export function readNodeCertificate(certificate: X509Certificate, issuers: Issuers): NodeClaims {
  if (certificate.ca || certificate.keyUsage?.length !== 1 || certificate.keyUsage[0] !== CLIENT_AUTH) {
    throw new BrambleError('permission-denied', 'this certificate is not a node’s');
  }
  const [, fleet, site, kind, id] =
    /^spiffe:\/\/([^/]+)\/site\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uriName(certificate) ?? '') ?? [];
  if (fleet !== issuers.fleet || site === undefined || id === undefined || !isKind(kind)) {
    throw new BrambleError('unauthenticated', 'this certificate names no node of this fleet');
  }
  const accepted = issuers.accepted[AUDIENCE_OF_KIND[kind]];
  if (!accepted.some((issuer) => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))) {
    throw new BrambleError('permission-denied', `the authority that signed this certificate may not name a ${kind}`);
  }
  return {
    nodeId: nodeId(id),
    site: siteId(site),
    kind,
    spkiSha256: spkiSha256(certificateSpkiDer(certificate)),
    expiresAtMs: Date.parse(certificate.validTo),
  };
}

function isKind(text: string | undefined): text is NodeKind {
  return NODE_KINDS.some((kind) => kind === text);
}
