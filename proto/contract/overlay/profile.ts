import type { TunnelRemote } from './client-config.js';
import type { ClientMode } from './network.js';

/** Everything that a node needs for its tunnel, beside its own key. Comes over a stream that is authenticated. */
export interface TunnelProfile {
  readonly mode: ClientMode;
  /** In order of preference. */
  readonly remotes: readonly TunnelRemote[];
  readonly tlsCryptKeysPem: readonly string[];
  readonly authorityPem: string;
  /** The tunnel's certificate, then its issuer's. */
  readonly certificatePem: string;
  /** What is routed to this node: "fd42:b:1:100::/56". */
  readonly ownPrefix: string;
  /** Who may open connections to it. */
  readonly opsPrefixes: readonly string[];
  /** TCP ports at nodes that they may open. */
  readonly nodePorts: readonly number[];
  /** Time after which it should be asked for anew. */
  readonly renewAfterMs: number;
}

/**
 * What a profile says beyond its certificate and its time, as one text: two that agree in it differ in nothing that a
 * running tunnel would notice.
 */
export function profileContent(profile: Omit<TunnelProfile, 'certificatePem' | 'renewAfterMs'>): string {
  const { mode, remotes, tlsCryptKeysPem, authorityPem, ownPrefix, opsPrefixes, nodePorts } = profile;
  const ways = remotes.map(({ host, port, protocol }) => `${protocol} ${host} ${port}`);
  return JSON.stringify([mode, ways, tlsCryptKeysPem, authorityPem, ownPrefix, opsPrefixes, nodePorts]);
}
