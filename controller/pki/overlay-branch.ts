import { createHash } from 'node:crypto';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { clientName, GATEWAY_NAME } from '../../proto/contract/overlay/network.js';
import type { Random } from '../../proto/contract/random.js';
import { CLIENT_AUTH, SERVER_AUTH } from '../../proto/wire/chain.js';
import type { IssuedTunnel, OverlayAuthority, OverlayGatewayFiles } from '../usecases/overlay/ports.js';
import { makeCertificate, makeRevocationList } from './certificates.js';
import { type Issuers, makeKey, privatePem, publicDer } from './issuers.js';
import type { KeyFiles } from './key-files.js';
import { parseSubjectKey } from './subject-key.js';
import { renderClientKey, renderServerKey, SERVER_KEY_BYTES } from './tls-crypt.js';

const DAY_MS = 86_400_000;
/** As the node's other certificate: long enough for a holiday behind a dead uplink. */
const CLIENT_LIFE_MS = 30 * DAY_MS;
const GATEWAY_LIFE_MS = 90 * DAY_MS;
const KEYS_FILE = 'tls-crypt-v2.keys';
/** The current one and, while it is exchanged, the one before or after it. */
const KEYS_MAX = 2;

interface BranchDeps {
  readonly files: KeyFiles;
  readonly issuers: Issuers;
  readonly clock: Clock;
  readonly random: Random;
}

/** The part of the authority that signs tunnels; its certificates open nothing but a tunnel. */
export class OverlayBranch implements OverlayAuthority {
  readonly #deps: BranchDeps;
  /** The first is what gateways have now; the second is on its way, so that clients know it before gateways do. */
  #keys: readonly Buffer[];

  /** @throws BrambleError `failed-precondition`, `data-loss`, `unavailable` */
  static async load(deps: BranchDeps): Promise<OverlayBranch> {
    const stored = await deps.files.read(KEYS_FILE);
    if (stored !== undefined) return new OverlayBranch(deps, parseKeys(stored));
    const branch = new OverlayBranch(deps, [Buffer.from(deps.random.bytes(SERVER_KEY_BYTES))]);
    await branch.#keep();
    return branch;
  }

  private constructor(deps: BranchDeps, keys: readonly Buffer[]) {
    this.#deps = deps;
    this.#keys = keys;
  }

  /** What clients trust: the root, under which gateways are signed. PEM. */
  get trustPem(): string {
    return this.#deps.issuers.root.pem;
  }

  /** @throws BrambleError `invalid-argument` for a key that a node may not have */
  async issueClient(nodeId: NodeId, spkiDer: Uint8Array): Promise<IssuedTunnel> {
    const { issuers, clock, random } = this.#deps;
    const issuer = issuers.current.overlay;
    const made = await makeCertificate(
      {
        subject: `CN=${clientName(nodeId)}`,
        uri: `spiffe://${issuers.fleet}/tunnel/${nodeId}`,
        spkiDer: parseSubjectKey(spkiDer).export({ type: 'spki', format: 'der' }),
        use: { kind: 'leaf', usage: CLIENT_AUTH },
        nowMs: clock.nowMs(),
        lifeMs: CLIENT_LIFE_MS,
      },
      issuer,
      random,
    );
    return { chainPem: made.pem + issuer.pem, certificateSerial: made.serial, expiresAtMs: made.expiresAtMs };
  }

  /** One for each key in use, the one that gateways have first. PEM. */
  clientKeys(nodeId: NodeId): readonly string[] {
    return this.#keys.map((key) => renderClientKey(key, clientName(nodeId)));
  }

  /** A new key and certificate for a gateway, and what it needs to judge clients. */
  async issueGateway(gateway: number): Promise<OverlayGatewayFiles> {
    const { issuers, clock, random } = this.#deps;
    const key = makeKey();
    const issuer = issuers.current.servers;
    const made = await makeCertificate(
      {
        subject: `CN=${GATEWAY_NAME}`,
        uri: `spiffe://${issuers.fleet}/gateway/${gateway}`,
        spkiDer: publicDer(key),
        use: { kind: 'leaf', usage: SERVER_AUTH },
        nowMs: clock.nowMs(),
        lifeMs: GATEWAY_LIFE_MS,
      },
      issuer,
      random,
    );
    const accepted = issuers.accepted.overlay.map((certificate) => certificate.toString()).join('');
    return {
      certificatePem: made.pem + issuer.pem,
      keyPem: privatePem(key),
      authorityPem: issuers.root.pem + accepted,
      expiresAtMs: made.expiresAtMs,
    };
  }

  /** What a gateway unwraps with now. PEM. */
  get gatewayKeyPem(): string {
    return renderServerKey(this.#current);
  }

  get gatewayFingerprint(): string {
    const { root, accepted } = this.#deps.issuers;
    const parts = [this.gatewayKeyPem, root.pem, ...accepted.overlay.map((certificate) => certificate.fingerprint256)];
    return createHash('sha256').update(parts.join('\n')).digest('hex');
  }

  async revocationList(
    revoked: readonly { readonly serial: string; readonly atMs: number }[],
    lifeMs: number,
  ): Promise<string> {
    const { issuers, clock } = this.#deps;
    return await makeRevocationList({ revoked, nowMs: clock.nowMs(), lifeMs }, issuers.current.overlay);
  }

  /** A second key: from now on clients are given both. @throws BrambleError `failed-precondition` when there is one */
  async beginKeyChange(): Promise<void> {
    if (this.#keys.length >= KEYS_MAX) {
      throw new BrambleError('failed-precondition', 'the wrapping key is being exchanged already', {
        hint: 'finish that first',
      });
    }
    this.#keys = [...this.#keys, Buffer.from(this.#deps.random.bytes(SERVER_KEY_BYTES))];
    await this.#keep();
  }

  /** The second key becomes the only one. @throws BrambleError `failed-precondition` when there is none */
  async finishKeyChange(): Promise<void> {
    if (this.#keys.length < KEYS_MAX) {
      throw new BrambleError('failed-precondition', 'the wrapping key is not being exchanged', {
        hint: 'begin with it, and let clients learn the new one',
      });
    }
    this.#keys = this.#keys.slice(1);
    await this.#keep();
  }

  get #current(): Buffer {
    const [current] = this.#keys;
    if (current === undefined) throw new BrambleError('internal', 'the overlay has no wrapping key');
    return current;
  }

  async #keep(): Promise<void> {
    await this.#deps.files.write(KEYS_FILE, `${this.#keys.map((key) => key.toString('hex')).join('\n')}\n`);
  }
}

function parseKeys(text: string): readonly Buffer[] {
  const lines = text.trim().split('\n');
  if (lines.length <= KEYS_MAX && lines.every((line) => /^[0-9a-f]{256}$/.test(line))) {
    return lines.map((line) => Buffer.from(line, 'hex'));
  }
  throw new BrambleError('data-loss', `${KEYS_FILE} does not hold the keys that it should`, {
    hint: 'restore the key directory from the newest backup',
  });
}
