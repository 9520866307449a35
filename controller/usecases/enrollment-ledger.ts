import type { EnrollmentView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type NodeId, type NodeKind, nodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import { type Actor, CONTROLLER } from '../domain/access/actor.js';
import { renderBase32 } from '../domain/base32.js';
import type { EnrollmentRecord } from '../domain/enrollment.js';
import { decideEnrollment, type EnrollmentFacts, type EnrollmentVerdict } from '../domain/enrollment-policy.js';
import type { Severity } from '../domain/event.js';
import { renderFingerprint } from '../domain/fingerprint.js';
import type { Board, Node } from '../domain/node.js';
import { nameFromHostname, numberedName } from '../domain/node-name.js';
import type { JoinToken } from '../domain/token.js';
import type { Identities } from './identities.js';
import type { StoreReader, StoreWriter, World } from './ports.js';

/** Who asks, with a proof that was checked: it has this key and knows this token's secret, if it does. */
export interface Applicant {
  readonly tokenKeyId: string;
  /** HMAC of the secret that it showed, lower-case hex. */
  readonly secretMatches: (token: JoinToken | undefined) => boolean;
  readonly spkiSha256: string;
  readonly kind: NodeKind | 'unknown';
  readonly board: Board;
  readonly hostname: string;
}

export type Settled =
  | { readonly kind: 'issue'; readonly node: Node }
  | { readonly kind: 'pending' }
  | { readonly kind: 'refuse'; readonly why: string };

/** Most names that are tried for one host name. */
const NAMES_TRIED_MAX = 100_000;

/** Reads what the decision depends on, decides, and writes the decision down. */
export class EnrollmentLedger {
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #identities: Identities;

  constructor(world: Pick<World, 'clock' | 'random'>, identities: Identities) {
    this.#world = world;
    this.#identities = identities;
  }

  /** The same reads whatever the token is worth. */
  async decide(
    reader: StoreReader,
    applicant: Applicant,
  ): Promise<{ readonly verdict: EnrollmentVerdict; readonly facts: EnrollmentFacts }> {
    const token = await reader.token(applicant.tokenKeyId);
    const earlier = await reader.enrollment(applicant.spkiSha256);
    const known = earlier?.nodeId;
    const approvedAs = known === undefined ? undefined : await reader.node(known);
    const credentials = known === undefined ? [] : await reader.credentials(known);
    const newest = credentials.toSorted((a, b) => b.renewalCounter - a.renewalCounter)[0];
    const facts: EnrollmentFacts = {
      token,
      secretMatches: applicant.secretMatches(token),
      spkiSha256: applicant.spkiSha256,
      kind: applicant.kind,
      serial: applicant.board.serial,
      earlier,
      approvedAs,
      credentialKey: newest?.spkiSha256,
      boardServesAs: this.#identities.nameByBoardSerial(applicant.board.serial, known),
      nowMs: this.#world.clock.nowMs(),
    };
    return { verdict: decideEnrollment(facts), facts };
  }

  /** Inside one transaction: the token is bound to the key, and what follows from it, or nothing is. */
  async settle(writer: StoreWriter, applicant: Applicant): Promise<Settled> {
    const { verdict, facts } = await this.decide(writer, applicant);
    if (verdict.kind === 'refuse') return verdict;
    const { token, earlier, nowMs } = facts;
    if (token === undefined) return { kind: 'refuse', why: 'no such join token' };
    const asked = { ...this.#record(applicant, token, nowMs), firstAskedAtMs: earlier?.firstAskedAtMs ?? nowMs };
    if (verdict.kind === 'issue' && verdict.as === 'again') {
      const node = earlier?.nodeId === undefined ? undefined : await writer.node(earlier.nodeId);
      if (earlier === undefined || node === undefined) return { kind: 'refuse', why: 'its node is gone' };
      await writer.putEnrollment({ ...earlier, lastAskedAtMs: nowMs });
      return { kind: 'issue', node };
    }
    await bind(writer, token, applicant.spkiSha256);
    if (verdict.kind === 'pending') {
      await writer.putEnrollment({ ...asked, why: verdict.why });
      if (earlier?.why !== verdict.why) await this.#tellPending(writer, asked, verdict.why);
      return { kind: 'pending' };
    }
    const record: EnrollmentRecord = { ...asked, state: 'approved', why: 'approved by its join token' };
    return { kind: 'issue', node: await this.admit(writer, record, { name: undefined, actor: CONTROLLER }) };
  }

  /** Makes the node of an approved request. @throws BrambleError `already-exists` when the wanted name is taken */
  async admit(
    writer: StoreWriter,
    record: EnrollmentRecord,
    { name: nameWanted, actor }: { readonly name: string | undefined; readonly actor: Actor },
  ): Promise<Node> {
    const nowMs = this.#world.clock.nowMs();
    const { site, kind, board } = record;
    const name = nameWanted ?? (await this.#freeName(writer, nameFromHostname(record.hostname, kind)));
    if (nameWanted !== undefined && (await writer.nodeByName(name)) !== undefined) {
      throw new BrambleError('already-exists', `another node is named ${name}`, { hint: 'choose another name' });
    }
    const id = await this.#freshId(writer);
    const node: Node = {
      id,
      site,
      kind,
      name,
      lifecycle: 'enrolled',
      board,
      enrolledAtMs: nowMs,
      desiredRevision: 0,
    };
    await writer.putNode(node);
    await writer.putEnrollment({ ...record, state: 'approved', nodeId: id });
    const message = `${name} joined site ${site} as a ${kind}, with join token ${record.tokenKeyId}: ${record.why}`;
    await writer.addFleetEvent({ atMs: nowMs, nodeId: id, severity: 'info', reason: 'NodeEnrolled', message });
    const details = {
      name,
      kind,
      fingerprint: record.spkiSha256,
      joinToken: record.tokenKeyId,
      why: visible(record.why),
    };
    const done = { atMs: nowMs, actor, target: id, site, outcome: 'done', details } as const;
    await writer.audit.add({ ...done, action: 'enrollment.approve' });
    return node;
  }

  #record(applicant: Applicant, token: JoinToken, nowMs: number): EnrollmentRecord {
    return {
      spkiSha256: applicant.spkiSha256,
      tokenKeyId: token.keyId,
      site: token.site,
      kind: token.kind,
      board: applicant.board,
      hostname: applicant.hostname,
      state: 'pending',
      why: '',
      nodeId: undefined,
      firstAskedAtMs: nowMs,
      lastAskedAtMs: nowMs,
    };
  }

  async #tellPending(writer: StoreWriter, record: EnrollmentRecord, why: string): Promise<void> {
    const severity: Severity = why.startsWith('it waits') ? 'info' : 'warning';
    const who = `${visible(record.hostname, 63)} (${renderFingerprint(record.spkiSha256)})`;
    const message = `${who} asks to join site ${record.site} as a ${record.kind}: ${why}`;
    const atMs = record.lastAskedAtMs;
    await writer.addFleetEvent({ atMs, nodeId: undefined, severity, reason: 'EnrollmentPending', message });
  }

  async #freeName(writer: StoreWriter, name: string): Promise<string> {
    for (let number = 1; number <= NAMES_TRIED_MAX; number++) {
      const candidate = numberedName(name, number);
      if (this.#identities.isNameTaken(candidate)) continue; // in memory; the store has the last word
      if ((await writer.nodeByName(candidate)) === undefined) return candidate;
    }
    throw new BrambleError('resource-exhausted', `every name like ${name} is taken`);
  }

  /** 65 random bits; asked all the same, because an id is never used again. */
  async #freshId(writer: StoreWriter): Promise<NodeId> {
    const id = nodeId(`n-${renderBase32(this.#world.random.bytes(9), 13)}`);
    if ((await writer.node(id)) === undefined) return id;
    throw new BrambleError('aborted', 'the new node’s id is taken', { hint: 'ask again' });
  }
}

async function bind(writer: StoreWriter, token: JoinToken, spkiSha256: string): Promise<void> {
  if (token.boundTo.includes(spkiSha256)) return;
  await writer.putToken({ ...token, boundTo: [...token.boundTo, spkiSha256] });
}

export function enrollmentView(record: EnrollmentRecord): EnrollmentView {
  const { spkiSha256, site, kind, hostname, board, state, why, firstAskedAtMs, lastAskedAtMs } = record;
  return {
    fingerprint: spkiSha256,
    words: renderFingerprint(spkiSha256),
    site,
    kind,
    hostname: visible(hostname, 253),
    model: visible(board.model),
    serial: visible(board.serial, 64),
    state,
    why,
    firstAskedAtMs,
    lastAskedAtMs,
    ...(record.nodeId === undefined ? {} : { nodeId: record.nodeId }),
  };
}
