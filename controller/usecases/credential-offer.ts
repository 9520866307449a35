import type { NodeId } from '../../proto/contract/ids.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import type { Authority, IssuedCertificate, Trust, World } from './ports.js';

/** Everything that a node needs to connect. */
export interface CredentialOffer {
  readonly nodeId: NodeId;
  readonly certificateChainPem: string;
  readonly trustRootsPem: string;
  readonly commandKeys: Trust['commandKeys'];
  /** "host:port", in order of preference. */
  readonly endpoints: readonly string[];
  readonly renewalCounter: number;
  /** From now. */
  readonly renewAfterMs: number;
}

export interface OfferDeps {
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly authority: Authority;
  readonly trust: Pick<Trust, 'commandKeys'>;
  /** Where Link and Renew listen; asked at every offer, because ports may be known only once they are bound. */
  readonly endpoints: () => readonly string[];
}

/** Share of a certificate's life after which it is renewed: a third is left for outages, and not all come at once. */
const RENEW_AFTER_SHARE = 0.6;
const RENEW_AFTER_SHARE_SPREAD = 0.07;

export async function issueFor(deps: OfferDeps, node: Node, spkiDer: Uint8Array): Promise<IssuedCertificate> {
  return await deps.authority.issueNodeCertificate({ nodeId: node.id, site: node.site, kind: node.kind, spkiDer });
}

export function offerOf(deps: OfferDeps, issued: IssuedCertificate, credential: CredentialRecord): CredentialOffer {
  const { world, authority, trust, endpoints } = deps;
  const share = RENEW_AFTER_SHARE + world.random.unit() * RENEW_AFTER_SHARE_SPREAD;
  return {
    nodeId: credential.nodeId,
    certificateChainPem: issued.chainPem,
    trustRootsPem: authority.trustRootsPem,
    commandKeys: trust.commandKeys,
    endpoints: endpoints(),
    renewalCounter: credential.renewalCounter,
    renewAfterMs: Math.max(0, Math.round((issued.expiresAtMs - world.clock.nowMs()) * share)),
  };
}
