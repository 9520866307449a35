import type { EnrollmentView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeKind } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import type { EnrollmentRecord } from '../domain/enrollment.js';
import { renderFingerprint } from '../domain/fingerprint.js';
import { renderHex } from '../domain/hex.js';
import type { Board, CredentialRecord, Node } from '../domain/node.js';
import { isNodeName } from '../domain/node-name.js';
import { parseToken } from '../domain/token-format.js';
import { type EnrollmentQuery, type FleetApi, matchesJoin } from './api.js';
import { type CredentialOffer, issueFor, type OfferDeps, offerOf } from './credential-offer.js';
import { type Applicant, EnrollmentLedger, enrollmentView } from './enrollment-ledger.js';
import { concat, EnrollmentNonces } from './enrollment-nonces.js';
import type { Identities } from './identities.js';
import { carryOut, type Prepared } from './mutation.js';
import { type Paged, scanPage } from './paging.js';
import type { EnrollmentKey, Store, StoreWriter, Trust, World } from './ports.js';
import { ThrottledEvents } from './throttled-events.js';
import { hmacOfSecret } from './tokens.js';

/** What a board asks before it is anybody. */
export type EnrollmentAsk =
  | { readonly kind: 'challenge'; readonly spkiDer: Uint8Array }
  | ({ readonly kind: 'proof' } & EnrollmentProof);

export interface EnrollmentProof {
  readonly token: string;
  readonly spkiDer: Uint8Array;
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
  readonly nodeKind: NodeKind | 'unknown';
  readonly board: Board;
  readonly hostname: string;
}

export type EnrollmentOutcome =
  | { readonly kind: 'challenge'; readonly nonce: Uint8Array }
  | { readonly kind: 'pending'; readonly pollAfterMs: number; readonly fingerprintWords: string }
  | { readonly kind: 'credential'; readonly credential: CredentialOffer };

export interface EnrollmentsDeps extends OfferDeps {
  readonly store: Store;
  readonly world: World;
  readonly trust: Trust;
  readonly identities: Identities;
}

/** How often a board asks while a person has not decided. */
const POLL_AFTER_MS = 15_000;
const SPKI_BYTES_MAX = 1024;
const REFUSALS_TOLD_EVERY_MS = 60_000;
const FIRST_RENEWAL_COUNTER = 1;
/** A refusal is answered this long after the question, whatever it took to find out: time tells nothing either. */
const REFUSED_AFTER_MS = 20;

/** From a stranger with a token to a node with a credential; and the people who decide about it. */
export class Enrollments implements Pick<FleetApi, 'enrollments' | 'approveEnrollment' | 'rejectEnrollment'> {
  readonly #deps: EnrollmentsDeps;
  readonly #nonces: EnrollmentNonces;
  readonly #ledger: EnrollmentLedger;
  readonly #refusals: ThrottledEvents;

  constructor(deps: EnrollmentsDeps) {
    this.#deps = deps;
    this.#nonces = new EnrollmentNonces(deps.world.clock, deps.world.random, deps.trust);
    this.#ledger = new EnrollmentLedger(deps.world, deps.identities);
    this.#refusals = new ThrottledEvents(deps.store, deps.world, REFUSALS_TOLD_EVERY_MS);
  }

  /**
   * @param from remote address, for the operator
   * @throws BrambleError `permission-denied` (the same text for every reason), `aborted` (ask for a new challenge)
   */
  async ask(ask: EnrollmentAsk, from: string): Promise<EnrollmentOutcome> {
    if (ask.spkiDer.length === 0 || ask.spkiDer.length > SPKI_BYTES_MAX) {
      throw new BrambleError('invalid-argument', `a public key has at most ${SPKI_BYTES_MAX} bytes`);
    }
    const spkiSha256 = this.#deps.trust.sha256(ask.spkiDer);
    if (ask.kind === 'challenge') return { kind: 'challenge', nonce: this.#nonces.give(spkiSha256) };
    const askedAtMs = this.#deps.world.clock.monotonicMs();
    try {
      return await this.#prove(ask, spkiSha256, from);
    } catch (thrown) {
      if (BrambleError.from(thrown).code === 'permission-denied') await this.#until(askedAtMs + REFUSED_AFTER_MS);
      throw thrown;
    }
  }

  /** Those who asked first last. */
  async enrollments({
    state,
    limit: size,
    after: place,
    ...filter
  }: EnrollmentQuery): Promise<Paged<EnrollmentView, EnrollmentKey>> {
    const { items, next } = await scanPage<EnrollmentRecord, EnrollmentKey>(
      { limit: size, after: place },
      {
        read: (limit, after) => this.#deps.store.reader.enrollments(state, { limit, after }),
        keyOf: ({ firstAskedAtMs, spkiSha256 }) => ({ firstAskedAtMs, spkiSha256 }),
        keep: (record) => matchesJoin(filter, record),
      },
    );
    return { items: items.map(enrollmentView), next };
  }

  async approveEnrollment(
    fingerprint: string,
    name: string | undefined,
    reason: string,
    actor: Actor,
  ): Promise<EnrollmentView> {
    return await carryOut(this.#deps.store, (writer) => this.approveIn(writer, { fingerprint, name, reason }, actor));
  }

  async approveIn(
    writer: StoreWriter,
    { fingerprint, name, reason }: { fingerprint: string; name?: string | undefined; reason: string },
    actor: Actor,
  ): Promise<Prepared<EnrollmentView>> {
    if (name !== undefined && !isNodeName(name)) {
      throw new BrambleError('invalid-argument', `not a node name: ${visible(name, 80)}`, {
        hint: 'a name has at most 63 lower-case letters, digits and dashes, as host names do',
      });
    }
    const asked = await pending(writer, fingerprint);
    const why = `approved by ${visible(actor.name, 80)}: ${visible(reason)}`;
    const node = await this.#ledger.admit(writer, { ...asked, why }, { name, actor });
    return {
      committed: () => {
        this.#deps.identities.put(node, []);
        return enrollmentView({ ...asked, state: 'approved', why, nodeId: node.id });
      },
    };
  }

  async rejectEnrollment(fingerprint: string, reason: string, actor: Actor): Promise<EnrollmentView> {
    return await carryOut(this.#deps.store, (writer) => this.rejectIn(writer, { fingerprint, reason }, actor));
  }

  async rejectIn(
    writer: StoreWriter,
    { fingerprint, reason }: { readonly fingerprint: string; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<EnrollmentView>> {
    const atMs = this.#deps.world.clock.nowMs();
    const asked = await pending(writer, fingerprint);
    const why = `rejected by ${visible(actor.name, 80)}: ${visible(reason)}`;
    const record = { ...asked, state: 'rejected', why } as const;
    await writer.putEnrollment(record);
    const message = `${visible(asked.hostname, 63)} may not join site ${asked.site}: ${why}`;
    await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason: 'EnrollmentRejected', message });
    const done = { atMs, actor, target: fingerprint, site: asked.site, outcome: 'done' } as const;
    await writer.audit.add({ ...done, action: 'enrollment.reject', details: { reason: visible(reason) } });
    return { committed: () => enrollmentView(record) };
  }

  async #prove(proof: EnrollmentProof, spkiSha256: Uint8Array, from: string): Promise<EnrollmentOutcome> {
    if (!this.#nonces.isGood(proof.nonce, spkiSha256)) throw staleChallenge();
    const { store } = this.#deps;
    const { applicant, isSigned } = this.#examine(proof, spkiSha256);
    // Everything up to here and the reads below are done for every proof alike: a wrong token takes as long as a right one.
    const { verdict } = await this.#ledger.decide(store.reader, applicant);
    if (!isSigned) throw this.#refuse('its signature is not by its key', applicant, from);
    if (verdict.kind === 'refuse') throw this.#refuse(verdict.why, applicant, from);
    if (!this.#nonces.use(proof.nonce)) throw staleChallenge();
    const settled = await store.transact((writer) => this.#ledger.settle(writer, applicant));
    switch (settled.kind) {
      case 'refuse':
        throw this.#refuse(settled.why, applicant, from);
      case 'pending':
        return {
          kind: 'pending',
          pollAfterMs: POLL_AFTER_MS,
          fingerprintWords: renderFingerprint(applicant.spkiSha256),
        };
      case 'issue':
        return { kind: 'credential', credential: await this.#issue(settled.node, proof.spkiDer, applicant.spkiSha256) };
    }
  }

  #until(monotonicMs: number): Promise<void> {
    const { clock, timers } = this.#deps.world;
    return new Promise((resolve) => {
      timers.after(monotonicMs - clock.monotonicMs(), resolve);
    });
  }

  #examine(
    proof: EnrollmentProof,
    spkiSha256: Uint8Array,
  ): { readonly applicant: Applicant; readonly isSigned: boolean } {
    const { trust } = this.#deps;
    // What is no token at all is looked up like any other; nobody has this key id.
    const { keyId, secret } = parseToken(proof.token) ?? { keyId: '--------', secret: '' };
    const text = new TextEncoder();
    const message = concat([text.encode('bramble-enroll-v1\0'), proof.nonce, spkiSha256, text.encode(keyId)]);
    const shown = text.encode(hmacOfSecret(trust, secret));
    const applicant: Applicant = {
      tokenKeyId: keyId,
      secretMatches: (token) => trust.equal(shown, text.encode(token?.secretHmac ?? '0'.repeat(shown.length))),
      spkiSha256: renderHex(spkiSha256),
      kind: proof.nodeKind,
      board: proof.board,
      hostname: proof.hostname,
    };
    return { applicant, isSigned: trust.verify(proof.spkiDer, message, proof.signature) };
  }

  async #issue(node: Node, spkiDer: Uint8Array, spkiSha256: string): Promise<CredentialOffer> {
    const { store, identities } = this.#deps;
    const issued = await issueFor(this.#deps, node, spkiDer);
    const credential: CredentialRecord = {
      nodeId: node.id,
      spkiSha256,
      renewalCounter: FIRST_RENEWAL_COUNTER,
      certificateSerial: issued.certificateSerial,
      issuedAtMs: this.#deps.world.clock.nowMs(),
      expiresAtMs: issued.expiresAtMs,
    };
    const { stored, credentials } = await store.transact(async (writer) => {
      const now = await writer.node(node.id);
      const before = await writer.credentials(node.id);
      // Revoked, or renewed with this very key, while the certificate was being made: it goes nowhere then.
      const isStale = now?.lifecycle !== 'enrolled' || before.some((one) => one.spkiSha256 !== spkiSha256);
      if (now === undefined || isStale) throw new BrambleError('aborted', 'the node changed meanwhile; ask again');
      await writer.putCredential(credential);
      return { stored: now, credentials: await writer.credentials(node.id) };
    });
    identities.put(stored, credentials);
    return offerOf(this.#deps, issued, credential);
  }

  /** One text for every reason: whoever tries tokens learns nothing from the answers. */
  #refuse(why: string, applicant: Applicant, from: string): BrambleError {
    const who = `${visible(applicant.hostname, 63)} from ${visible(from, 80)}`;
    this.#refusals.tell(why, {
      nodeId: undefined,
      severity: 'warning',
      reason: 'EnrollmentRefused',
      message: `${who} may not join: ${why}`,
    });
    return new BrambleError('permission-denied', 'this board may not join with this token', {
      hint: 'ask for a new join token, and see the controller’s events for the reason',
    });
  }
}

function staleChallenge(): BrambleError {
  return new BrambleError('aborted', 'the challenge is not valid, or no longer', { hint: 'ask for a new one' });
}

async function pending(writer: StoreWriter, fingerprint: string): Promise<EnrollmentRecord> {
  const record = await writer.enrollment(fingerprint);
  if (record === undefined) {
    throw new BrambleError('not-found', `nobody with fingerprint ${visible(fingerprint, 64)} asked to join`);
  }
  if (record.state !== 'pending') {
    throw new BrambleError('failed-precondition', `this request was ${record.state} already`, {
      hint: record.why,
    });
  }
  return record;
}
