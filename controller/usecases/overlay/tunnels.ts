import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeId, NodeKind, SiteId } from '../../../proto/contract/ids.js';
import type { TunnelRemote } from '../../../proto/contract/overlay/client-config.js';
import { type ClientMode, opsPrefix, transitPrefix } from '../../../proto/contract/overlay/network.js';
import { type Prefix6, renderPrefix6 } from '../../../proto/contract/overlay/prefix.js';
import { profileContent, type TunnelProfile } from '../../../proto/contract/overlay/profile.js';
import { renderHex } from '../../domain/hex.js';
import { clientOf, type Places, type TunnelRecord } from '../../domain/overlay/book.js';
import type { Store, Trust, World } from '../ports.js';
import type { OverlayAuthority } from './ports.js';

/** What a node says when it wants a tunnel, or has one. */
export interface TunnelWish {
  readonly mode: ClientMode;
  readonly spkiDer: Uint8Array;
  /** Fingerprint of the profile that it has; empty = none, or its certificate is due. */
  readonly haveDigest: string;
}

export interface TunnelPeer {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
}

/** How tunnels are reached and what they are for; the same for every client of a gateway. */
export interface TunnelTerms {
  readonly overlay: Prefix6;
  readonly gateway: number;
  readonly remotes: readonly TunnelRemote[];
  readonly nodePorts: readonly number[];
}

const SPKI_BYTES_MAX = 1_024;
/** Share of a certificate's life after which its node asks for the next one. */
const RENEW_AFTER_SHARE = 0.6;

/** Gives nodes their tunnels: who may have which, with which certificate. */
export class Tunnels {
  readonly #deps: {
    readonly store: Store;
    readonly world: Pick<World, 'clock'>;
    readonly authority: OverlayAuthority;
    readonly trust: Pick<Trust, 'sha256'>;
    readonly terms: TunnelTerms;
  };
  readonly #records = new Map<NodeId, TunnelRecord>();

  constructor(deps: {
    readonly store: Store;
    readonly world: Pick<World, 'clock'>;
    readonly authority: OverlayAuthority;
    readonly trust: Pick<Trust, 'sha256'>;
    readonly terms: TunnelTerms;
  }) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.store.reader.overlay.tunnels()) this.#records.set(record.nodeId, record);
  }

  all(): readonly TunnelRecord[] {
    return [...this.#records.values()];
  }

  of(id: NodeId): TunnelRecord | undefined {
    return this.#records.get(id);
  }

  gatewayOf(site: SiteId): TunnelRecord | undefined {
    return this.all().find((record) => record.site === site && record.mode === 'gateway');
  }

  /**
   * A certificate for the key, and what goes with it.
   * @throws BrambleError `failed-precondition` for a tunnel that this node may not have, `invalid-argument` for its key
   */
  async issue(peer: TunnelPeer, { mode, spkiDer }: TunnelWish): Promise<TunnelRecord & { readonly chainPem: string }> {
    if (spkiDer.length === 0 || spkiDer.length > SPKI_BYTES_MAX) {
      throw new BrambleError('invalid-argument', `a public key has at most ${SPKI_BYTES_MAX} bytes`);
    }
    this.#assertMayHave(peer, mode);
    const { authority, store, world } = this.#deps;
    const { nodeId, site } = peer;
    const issued = await authority.issueClient(nodeId, spkiDer);
    const { certificateSerial, expiresAtMs, chainPem } = issued;
    const record = { nodeId, site, mode, spkiDer, certificateSerial, issuedAtMs: world.clock.nowMs(), expiresAtMs };
    await store.transact(async (writer) => {
      const node = await writer.node(nodeId);
      if (node?.lifecycle !== 'enrolled') {
        throw new BrambleError('failed-precondition', `node ${nodeId} is not in service: it gets no tunnel`);
      }
      const revokedAtMs = undefined;
      await writer.overlay.addTunnelCertificate({ certificateSerial, nodeId, expiresAtMs, revokedAtMs });
      await writer.overlay.putTunnel(record);
    });
    this.#records.set(nodeId, record);
    return { ...record, chainPem };
  }

  /** The node has no tunnel from now on, whatever certificates it holds. @returns whether it had one */
  async revoke(id: NodeId): Promise<boolean> {
    const had = this.#records.delete(id);
    if (!had) return false;
    const { store, world } = this.#deps;
    await store.transact(async ({ overlay }) => {
      await overlay.removeTunnel(id);
      await overlay.revokeTunnelCertificates(id, world.clock.nowMs());
    });
    return true;
  }

  /** @returns `undefined` while the node has no prefix */
  profile(record: TunnelRecord, chainPem: string, places: Places): TunnelProfile | undefined {
    const content = this.#content(record, places);
    if (content === undefined) return undefined;
    const renewAfterMs = Math.round((record.expiresAtMs - record.issuedAtMs) * RENEW_AFTER_SHARE);
    return { ...content, certificatePem: chainPem, renewAfterMs };
  }

  /** What a node that has everything as it should be would say it has. */
  digest(record: TunnelRecord, places: Places): string | undefined {
    const content = this.#content(record, places);
    if (content === undefined) return undefined;
    return renderHex(this.#deps.trust.sha256(new TextEncoder().encode(profileContent(content))));
  }

  #content(record: TunnelRecord, places: Places): Omit<TunnelProfile, 'certificatePem' | 'renewAfterMs'> | undefined {
    const { authority, terms } = this.#deps;
    const client = clientOf(record, places);
    if (client === undefined) return undefined;
    const { overlay, gateway, remotes, nodePorts } = terms;
    return {
      mode: record.mode,
      remotes,
      tlsCryptKeysPem: authority.clientKeys(record.nodeId),
      authorityPem: authority.trustPem,
      ownPrefix: renderPrefix6(client.prefix),
      opsPrefixes: [opsPrefix(overlay), transitPrefix(overlay, gateway)].map(renderPrefix6),
      nodePorts,
    };
  }

  #assertMayHave({ nodeId, site, kind }: TunnelPeer, mode: ClientMode): void {
    if (mode === 'standalone') return;
    if (kind !== 'fileserver') {
      throw new BrambleError('failed-precondition', `a ${kind} cannot be the gateway of site ${site}`, {
        hint: 'set tunnel.mode to standalone in its configuration',
      });
    }
    const other = this.gatewayOf(site);
    if (other !== undefined && other.nodeId !== nodeId) {
      throw new BrambleError('failed-precondition', `site ${site} has a gateway already: node ${other.nodeId}`, {
        hint: 'revoke that one, or let this one stand alone',
      });
    }
  }
}
