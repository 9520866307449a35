import type { X509Certificate } from 'node:crypto';
import type { CertificateFact } from '../../proto/contract/api/doctor.js';
import type { Clock } from '../../proto/contract/clock.js';
import { nodeId } from '../../proto/contract/ids.js';
import type { Random } from '../../proto/contract/random.js';
import { SERVER_AUTH, spkiSha256 } from '../../proto/wire/chain.js';
import type { ServerIdentity } from '../../proto/wire/server-credentials.js';
import { renderBase32 } from '../domain/base32.js';
import type { Authority, CertificateRequest, IssuedCertificate, Trust } from '../usecases/ports.js';
import { makeCertificate } from './certificates.js';
import { AUDIENCES, type Issuers, loadIssuers, makeKey, privatePem, publicDer } from './issuers.js';
import { KeyFiles } from './key-files.js';
import { AUDIENCE_OF_KIND, type NodeClaims, readNodeCertificate, renderNodeUri } from './node-certificate.js';
import { OverlayBranch } from './overlay-branch.js';
import { Secrets } from './secrets.js';
import { parseSubjectKey } from './subject-key.js';

const DAY_MS = 86_400_000;
/** Long enough for a holiday behind a dead uplink; revocation does not wait for it. */
const NODE_LIFE_MS = 30 * DAY_MS;
const SERVER_LIFE_MS = 30 * DAY_MS;
/** The server's certificate is made anew with less of its life left. */
const SERVER_RENEW_BEFORE_MS = 10 * DAY_MS;

export interface AuthorityOptions {
  /** Where the keys are; made when absent. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Name of the trust domain for a first start: lower-case letters, digits and dashes. Made up when absent. */
  readonly fleetId?: string;
}

/** The fleet's root of trust as the controller holds it. */
export class OpenedAuthority implements Authority {
  readonly trust: Trust;
  /** What signs tunnels. */
  readonly overlay: OverlayBranch;
  readonly #issuers: Issuers;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #listeners = new Set<(identity: ServerIdentity) => void>();
  #server: { readonly identity: ServerIdentity; readonly expiresAtMs: number };

  constructor(parts: {
    readonly issuers: Issuers;
    readonly trust: Trust;
    readonly overlay: OverlayBranch;
    readonly clock: Clock;
    readonly random: Random;
    readonly server: { readonly identity: ServerIdentity; readonly expiresAtMs: number };
  }) {
    this.#issuers = parts.issuers;
    this.trust = parts.trust;
    this.overlay = parts.overlay;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#server = parts.server;
  }

  /** Name of the trust domain. */
  get fleet(): string {
    return this.#issuers.fleet;
  }

  get trustRootsPem(): string {
    return this.#issuers.root.pem;
  }

  /** Given to nodes with a join token: lower-case hex SHA-256 of the root's SubjectPublicKeyInfo. */
  get rootPin(): string {
    return spkiSha256(this.#issuers.root.spkiDer);
  }

  get serverIdentity(): ServerIdentity {
    return this.#server.identity;
  }

  /** Until when each certificate of this authority is good. */
  get certificateFacts(): readonly CertificateFact[] {
    const { root, current } = this.#issuers;
    const endOf = ({ certificate }: { readonly certificate: X509Certificate }): number =>
      Date.parse(certificate.validTo);
    return [
      { role: 'root', expiresAtMs: endOf(root) },
      ...(['agents', 'actuators', 'servers', 'overlay'] as const).map(
        (role) => ({ role, expiresAtMs: endOf(current[role]) }) as const,
      ),
      { role: 'controller', expiresAtMs: this.#server.expiresAtMs },
    ];
  }

  /** @throws BrambleError `invalid-argument` for a key that a node may not have */
  async issueNodeCertificate(request: CertificateRequest): Promise<IssuedCertificate> {
    const key = parseSubjectKey(request.spkiDer);
    const issuer = this.#issuers.current[AUDIENCE_OF_KIND[request.kind]];
    const made = await makeCertificate(
      {
        subject: `CN=${nodeId(request.nodeId)}`,
        uri: renderNodeUri(this.fleet, request),
        spkiDer: key.export({ type: 'spki', format: 'der' }),
        use: { kind: 'leaf', usage: AUDIENCES[AUDIENCE_OF_KIND[request.kind]] },
        nowMs: this.#clock.nowMs(),
        lifeMs: NODE_LIFE_MS,
      },
      issuer,
      this.#random,
    );
    return { chainPem: made.pem + issuer.pem, certificateSerial: made.serial, expiresAtMs: made.expiresAtMs };
  }

  /** @throws BrambleError `unauthenticated`, `permission-denied` */
  readNodeCertificate(certificate: X509Certificate): NodeClaims {
    return readNodeCertificate(certificate, this.#issuers);
  }

  /** Told whenever the server gets a new certificate; returns the way to stop. */
  onServerIdentity(listener: (identity: ServerIdentity) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** To be called now and then: makes the server's certificate anew before it expires. */
  async maintain(): Promise<void> {
    if (this.#server.expiresAtMs - this.#clock.nowMs() <= SERVER_RENEW_BEFORE_MS) await this.renewServerIdentity();
  }

  /** A new key and certificate for the server, now. */
  async renewServerIdentity(): Promise<void> {
    this.#server = await makeServerIdentity(this.#issuers, this.#clock, this.#random);
    for (const listener of this.#listeners) listener(this.#server.identity);
  }
}

/**
 * Opens the key directory, making at the first start what is not there.
 * @throws BrambleError `failed-precondition` (others may read the keys, not ours), `data-loss` (not whole), `unavailable`
 */
export async function openAuthority(options: AuthorityOptions): Promise<OpenedAuthority> {
  const { clock, random } = options;
  const files = new KeyFiles(options.dir);
  await files.prepare();
  const fleet = options.fleetId ?? `fleet-${renderBase32(random.bytes(5), 8)}`;
  const issuers = await loadIssuers({ files, clock, random }, fleet);
  const trust = await Secrets.load(files, random);
  const overlay = await OverlayBranch.load({ files, issuers, clock, random });
  return new OpenedAuthority({
    issuers,
    trust,
    overlay,
    clock,
    random,
    server: await makeServerIdentity(issuers, clock, random),
  });
}

/** A new key at every start: what is never written cannot be copied from a disk. */
async function makeServerIdentity(
  { fleet, root, current }: Issuers,
  clock: Clock,
  random: Random,
): Promise<{ readonly identity: ServerIdentity; readonly expiresAtMs: number }> {
  const key = makeKey();
  const made = await makeCertificate(
    {
      subject: 'CN=controller',
      uri: `spiffe://${fleet}/controller`,
      spkiDer: publicDer(key),
      use: { kind: 'leaf', usage: SERVER_AUTH },
      nowMs: clock.nowMs(),
      lifeMs: SERVER_LIFE_MS,
    },
    current.servers,
    random,
  );
  // The root comes along for those who know only its pin.
  const certificateChainPem = made.pem + current.servers.pem + root.pem;
  return { identity: { certificateChainPem, privateKeyPem: privatePem(key) }, expiresAtMs: made.expiresAtMs };
}
