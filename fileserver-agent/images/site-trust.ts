import type { StampedFreshness } from '../../agent/kit/host/image-link.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseBase64, renderBase64 } from '../../proto/contract/images/base64.js';
import type { ImageDigest } from '../../proto/contract/images/digest.js';
import { FRESHNESS_DOMAIN, type Freshness, parseFreshness } from '../../proto/contract/images/freshness.js';
import type { ImageManifest } from '../../proto/contract/images/manifest.js';
import { parseManifest } from '../../proto/contract/images/manifest-text.js';
import { type MinisignSignature, parseSignature, type SignatureCheck } from '../../proto/contract/images/minisign.js';
import { type ImagePolicy, judgeSignatures, judgeUse, type Verdict } from '../../proto/contract/images/verdict.js';
import type { ImageTrust } from './materialise-options.js';

export interface SiteTrustPorts {
  /** Read anew each time: a key that is revoked is revoked at once. @throws BrambleError `failed-precondition` */
  readPolicy(): Promise<ImagePolicy>;
  readFreshness(image: ImageDigest): Promise<string | undefined>;
  /** Highest floor of a class that was ever seen here. */
  readFloor(imageClass: string): Promise<number>;
  /** Keys of the controller, with which it also signs commands. */
  commandKeys(): readonly { readonly keyId: string; readonly spkiDer: Uint8Array }[];
  verifyEd25519(spkiDer: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The controller's clock as far as it is known, ms since 1970-01-01 UTC. */
  nowMs(): number;
  readonly check: SignatureCheck;
}

/** Whose images this site uses, and whether it uses one now. */
export class SiteTrust implements ImageTrust {
  readonly #ports: SiteTrustPorts;

  constructor(ports: SiteTrustPorts) {
    this.#ports = ports;
  }

  /** @throws BrambleError `failed-precondition` whose details.reason says why not, `data-loss` for what is no manifest */
  async judge(image: ImageDigest, bytes: Uint8Array, signatures: readonly string[]): Promise<ImageManifest> {
    const manifest = await this.checkSigned(bytes, signatures);
    refuseUnless(image, await this.verdict(image, manifest));
    return manifest;
  }

  /** Whose it is, whatever may be done with it now. @throws BrambleError as judge() */
  async checkSigned(bytes: Uint8Array, signatures: readonly string[]): Promise<ImageManifest> {
    const policy = await this.#ports.readPolicy();
    refuseUnless('', judgeSignatures(bytes, readable(signatures), policy, this.#ports.check));
    return parseManifest(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  }

  /** Of an image whose signatures were checked; `told` is the controller's word when there is a newer one than is stored. */
  async verdict(image: ImageDigest, manifest: ImageManifest, told?: Freshness): Promise<Verdict> {
    const floorSeen = await this.#ports.readFloor(manifest.imageClass);
    const freshness = told ?? (await this.#freshness(image));
    const nowMs = this.#ports.nowMs();
    return judgeUse(image, manifest, await this.#ports.readPolicy(), { nowMs, floorSeen, freshness });
  }

  /** What the controller said, when it was the controller who said it. */
  check({ text, keyId, signature }: StampedFreshness): Freshness | undefined {
    const key = this.#ports.commandKeys().find((each) => each.keyId === keyId);
    const message = new TextEncoder().encode(FRESHNESS_DOMAIN + text);
    if (key === undefined || !this.#ports.verifyEd25519(key.spkiDer, message, signature)) return undefined;
    return parseFreshness(text);
  }

  async #freshness(image: ImageDigest): Promise<Freshness | undefined> {
    const text = await this.#ports.readFreshness(image);
    const stamp = text === undefined ? undefined : parseStamp(text);
    return stamp === undefined ? undefined : this.check(stamp);
  }
}

export function renderStamp({ text, keyId, signature }: StampedFreshness): string {
  return `${JSON.stringify({ text, keyId, signature: renderBase64(signature) })}\n`;
}

/** `undefined` for damage: the controller says it again. */
function parseStamp(stored: string): StampedFreshness | undefined {
  try {
    const value: unknown = JSON.parse(stored);
    if (typeof value !== 'object' || value === null) return undefined;
    const fields: Readonly<Record<string, unknown>> = { ...value };
    const { text, keyId, signature } = fields;
    if (typeof text !== 'string' || typeof keyId !== 'string' || typeof signature !== 'string') return undefined;
    const bytes = parseBase64(signature);
    return bytes === undefined ? undefined : { text, keyId, signature: bytes };
  } catch {
    return undefined; // as said above
  }
}

/** What cannot be read counts for nothing; when nothing else is there, it is as if nobody had signed. */
function readable(signatures: readonly string[]): readonly MinisignSignature[] {
  return signatures.flatMap((text) => {
    try {
      return [parseSignature(text)];
    } catch {
      return []; // as said above
    }
  });
}

function refuseUnless(image: string, verdict: Verdict): void {
  if (verdict.kind === 'usable') return;
  const { reason, detail } = verdict;
  throw new BrambleError('failed-precondition', `image ${image.slice(0, 12)} may not be used here: ${detail}`, {
    details: { reason },
    hint: HINTS[reason],
  });
}

const SIGN =
  'sign it with a key that this site trusts (bramble image sign), or add the key to /etc/bramble/image-policy.json';
const NEWER = 'use a newer image of this class';
const PULL =
  'let the fileserver reach its controller: it asks anew every few hours, and when the image is pulled again';
const HINTS: Readonly<Record<Extract<Verdict, { kind: 'unusable' }>['reason'], string>> = {
  unsigned: SIGN,
  'bad-signature': 'do not use it: somebody has changed it',
  'untrusted-key': SIGN,
  'revoked-key': SIGN,
  'too-few-signatures': SIGN,
  'wrong-class': 'use an image of a class that /etc/bramble/image-policy.json names',
  expired: NEWER,
  'below-floor': NEWER,
  'no-freshness': PULL,
  'stale-freshness': PULL,
  'freshness-of-another': PULL,
};
