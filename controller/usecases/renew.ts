import { BrambleError } from '../../proto/contract/errors.js';
import { renderHex } from '../domain/hex.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import { decideRenewal } from '../domain/renewal-policy.js';
import type { AgentPeer } from './agent-messages.js';
import type { Clones } from './clones.js';
import { type CredentialOffer, issueFor, type OfferDeps, offerOf } from './credential-offer.js';
import type { Identities } from './identities.js';
import type { Store, StoreReader, Trust, World } from './ports.js';

export interface RenewalAsk {
  readonly spkiDer: Uint8Array;
  readonly signature: Uint8Array;
  readonly renewalCounter: number;
}

export interface RenewalsDeps extends OfferDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  readonly trust: Trust;
  readonly identities: Identities;
  readonly clones: Clones;
}

/** A new key and certificate for a node that has one. */
export class Renewals {
  readonly #deps: RenewalsDeps;

  constructor(deps: RenewalsDeps) {
    this.#deps = deps;
  }

  /**
   * @param peer as the edge has checked it for this call
   * @throws BrambleError `permission-denied` (the new key did not sign), `failed-precondition` (frozen, counter),
   * `already-exists` (a clone: the node is frozen now)
   */
  async renew(peer: AgentPeer, ask: RenewalAsk): Promise<CredentialOffer> {
    const { store, trust, identities } = this.#deps;
    const text = new TextEncoder();
    const message = text.encode(`bramble-renew-v1\0${peer.nodeId}\0${ask.renewalCounter}`);
    if (!trust.verify(ask.spkiDer, message, ask.signature)) {
      throw new BrambleError('permission-denied', 'the new key has not signed this renewal');
    }
    const newKey = renderHex(trust.sha256(ask.spkiDer));
    const { node, renewalCounter } = await this.#decide(store.reader, { peer, ask, newKey });
    const issued = await issueFor(this.#deps, node, ask.spkiDer);
    const credential: CredentialRecord = {
      nodeId: node.id,
      spkiSha256: newKey,
      renewalCounter,
      certificateSerial: issued.certificateSerial,
      issuedAtMs: this.#deps.world.clock.nowMs(),
      expiresAtMs: issued.expiresAtMs,
    };
    const stored = await store.transact(async (writer) => {
      // Decided again where nobody can come in between: two requests at once must not both count up.
      const again = await this.#decide(writer, { peer, ask, newKey });
      if (again.renewalCounter !== renewalCounter) throw new BrambleError('aborted', 'the node renewed meanwhile');
      await writer.putCredential(credential);
      return { node: again.node, credentials: await writer.credentials(node.id) };
    });
    identities.put(stored.node, stored.credentials);
    return offerOf(this.#deps, issued, credential);
  }

  async #decide(
    reader: StoreReader,
    request: { readonly peer: AgentPeer; readonly ask: RenewalAsk; readonly newKey: string },
  ): Promise<{ readonly node: Node; readonly renewalCounter: number }> {
    const { peer, ask, newKey } = request;
    const node = await reader.node(peer.nodeId);
    if (node === undefined) throw new BrambleError('unauthenticated', `node ${peer.nodeId} is not known`);
    const stored = await reader.credentials(node.id);
    const verdict = decideRenewal({
      lifecycle: node.lifecycle,
      credentials: stored.toSorted((a, b) => b.renewalCounter - a.renewalCounter),
      presentedKey: peer.spkiSha256,
      newKey,
      counter: ask.renewalCounter,
      isNewKeyTaken: this.#deps.identities.has(newKey),
    });
    switch (verdict.kind) {
      case 'issue':
        return { node, renewalCounter: verdict.renewalCounter };
      case 'refuse':
        throw new BrambleError('failed-precondition', `the credential cannot be renewed: ${verdict.why}`, {
          hint: 'see the node’s events; enrol it again if nothing else helps',
        });
      case 'clone':
        // Not in the transaction that may be going on: that one comes to nothing.
        this.#freezeLater(node, verdict.evidence);
        throw new BrambleError('already-exists', 'another board renews the credential of this node', {
          hint: 'find out which board is the true one, then thaw or revoke the node',
        });
    }
  }

  #freezeLater(node: Node, evidence: string): void {
    void this.#deps.clones.freeze(node.id, evidence).catch((thrown: unknown) => {
      this.#deps.world.log.error({ err: thrown, nodeId: node.id }, 'a cloned node could not be frozen');
    });
  }
}
