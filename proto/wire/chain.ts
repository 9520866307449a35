import { createHash, X509Certificate } from 'node:crypto';
import { BrambleError } from '../contract/errors.js';

/**
 * Whom a certificate chain belongs to, judged by us and not by TLS: so that a board without a clock can still tell a good
 * controller from a bad one, and so that both ends apply exactly these rules.
 */

/** Extended key usages (RFC 5280, 4.2.1.12). */
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Leaf, issuing authorities and a root. */
const CERTIFICATES_MAX = 4;

export interface ChainExpectation {
  /** Whoever is not signed by one of these in the end is refused. */
  readonly roots: readonly X509Certificate[];
  /** The only extended key usage that the leaf may have. */
  readonly usage: typeof SERVER_AUTH | typeof CLIENT_AUTH;
  /** No earlier than this can it be now, ms since 1970-01-01 UTC. */
  readonly nowMs: number;
}

/** Lower-case hex SHA-256 of a DER SubjectPublicKeyInfo: how this project names a key. */
export function spkiSha256(spkiDer: Uint8Array): string {
  return createHash('sha256').update(spkiDer).digest('hex');
}

export function certificateSpkiDer(certificate: X509Certificate): Buffer {
  return certificate.publicKey.export({ type: 'spki', format: 'der' });
}

/** All certificates of a PEM text, in order. @throws BrambleError `invalid-argument` when one cannot be read, or there is none */
export function parseCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new BrambleError('invalid-argument', 'no certificate in the PEM text');
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (thrown) {
    throw new BrambleError('invalid-argument', 'a certificate cannot be read', { cause: thrown });
  }
}

/** Roots among what was presented: for a first meeting, when all we know is the pin of a key. */
export function pinnedRoots(presented: readonly X509Certificate[], pin: string): readonly X509Certificate[] {
  return presented.filter(
    (certificate) =>
      spkiSha256(certificateSpkiDer(certificate)) === pin &&
      certificate.checkIssued(certificate) &&
      certificate.verify(certificate.publicKey),
  );
}

/** The one name that a certificate of ours carries, such as "spiffe://fleet/controller"; `undefined` when it has others too. */
export function uriName(certificate: X509Certificate): string | undefined {
  return /^URI:(spiffe:\/\/[a-z0-9][a-z0-9./-]{1,253})$/.exec(certificate.subjectAltName ?? '')?.[1];
}

/**
 * Follows the signatures from the leaf (first) to a root.
 * @throws BrambleError `unauthenticated` that says which rule was broken
 */
export function verifyChain(presented: readonly X509Certificate[], expect: ChainExpectation): void {
  const leaf = presented[0];
  if (leaf === undefined) throw refused('it presented no certificate');
  if (leaf.ca) throw refused('its certificate is an authority’s');
  if (leaf.keyUsage?.length !== 1 || leaf.keyUsage[0] !== expect.usage) {
    throw refused('its certificate is for another use');
  }
  checkNotExpired(leaf, expect.nowMs);
  let current = leaf;
  for (let length = 1; length < CERTIFICATES_MAX; length++) {
    const root = expect.roots.find((candidate) => hasIssued(candidate, current, expect));
    if (root !== undefined) {
      checkNotExpired(root, expect.nowMs);
      return;
    }
    const issuer = presented.find((candidate) => candidate !== current && hasIssued(candidate, current, expect));
    if (issuer === undefined) break;
    checkNotExpired(issuer, expect.nowMs);
    current = issuer;
  }
  throw refused('no authority that we trust has signed its certificate');
}

/** checkIssued() compares names and key identifiers and asks whether the issuer may sign certificates at all. */
function hasIssued(issuer: X509Certificate, subject: X509Certificate, { usage }: ChainExpectation): boolean {
  return (
    issuer.ca &&
    (issuer.keyUsage === undefined || issuer.keyUsage.includes(usage)) &&
    subject.checkIssued(issuer) &&
    subject.verify(issuer.publicKey)
  );
}

/**
 * Only the end of a certificate's life is judged. A board without a battery wakes up in the past, often by days and not
 * only in 1970, so "not valid yet" says something about its clock and nothing about who is there.
 */
function checkNotExpired(certificate: X509Certificate, nowMs: number): void {
  // Written so that a date which cannot be read counts as past.
  if (nowMs <= Date.parse(certificate.validTo)) return;
  const name = certificate.subject.replaceAll('\n', ', ');
  throw refused(`the certificate of ${name} expired ${certificate.validTo}`, 'compare the clocks of both ends');
}

function refused(why: string, hint?: string): BrambleError {
  return new BrambleError('unauthenticated', `the other end is not who it should be: ${why}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
