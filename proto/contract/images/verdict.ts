import { renderDuration } from '../words.js';
import type { ImageDigest } from './digest.js';
import type { Freshness } from './freshness.js';
import type { ImageManifest } from './manifest.js';
import { isSignedBy, type MinisignPublicKey, type MinisignSignature, type SignatureCheck } from './minisign.js';

/** Why an image must not be used. Each is told to people and programs under this name. */
export type Unusable =
  | 'unsigned'
  | 'bad-signature'
  | 'untrusted-key'
  | 'revoked-key'
  | 'too-few-signatures'
  | 'wrong-class'
  | 'expired'
  | 'below-floor'
  | 'no-freshness'
  | 'stale-freshness'
  | 'freshness-of-another';

export type Verdict =
  | { readonly kind: 'usable' }
  | { readonly kind: 'unusable'; readonly reason: Unusable; readonly detail: string };

/** Whose word counts at a site. Kept by root on the fileserver; the controller cannot change it. */
export interface ImagePolicy {
  readonly trustedKeys: readonly MinisignPublicKey[];
  /** Ids of keys that were lost; they win over trustedKeys. */
  readonly revokedKeyIds: readonly string[];
  /** How many trusted keys must have signed. */
  readonly signaturesMin: number;
  /** Classes that may be used here; empty = all. */
  readonly classes: readonly string[];
}

/** What must be known besides, to say whether something new may be made of an image now. */
export interface UsableNow {
  readonly nowMs: number;
  /** Highest floor of its class that this site has ever seen, in manifests that were signed as they should be. */
  readonly floorSeen: number;
  /** The controller's newest word on it, its signature checked; `undefined` = none. */
  readonly freshness: Freshness | undefined;
}

const USABLE = { kind: 'usable' } as const;
/** A stamp from the future by more than this is no stamp of this time. */
const CLOCK_SKEW_MS = 300_000;

const unusable = (reason: Unusable, detail: string): Verdict => ({ kind: 'unusable', reason, detail });

/** Whether the manifest's bytes are whose they should be. */
export function judgeSignatures(
  bytes: Uint8Array,
  signatures: readonly MinisignSignature[],
  policy: ImagePolicy,
  check: SignatureCheck,
): Verdict {
  if (signatures.length === 0) return unusable('unsigned', 'nobody has signed it');
  const good = new Set<string>();
  for (const made of signatures) {
    const { keyId } = made;
    if (policy.revokedKeyIds.includes(keyId)) return unusable('revoked-key', `key ${keyId} was revoked here`);
    const key = policy.trustedKeys.find((trusted) => trusted.keyId === keyId);
    if (key === undefined) continue; // somebody else's business: it counts for nothing
    if (!isSignedBy(key, bytes, made, check)) return unusable('bad-signature', `key ${keyId} has not signed this`);
    good.add(keyId);
  }
  if (good.size === 0) return unusable('untrusted-key', 'no key that is trusted here has signed it');
  if (good.size >= policy.signaturesMin) return USABLE;
  return unusable('too-few-signatures', `${good.size} of ${policy.signaturesMin} trusted keys have signed it`);
}

/** Whether something new may be made of it. Asked after judgeSignatures(); what runs already is never asked. */
export function judgeUse(
  image: ImageDigest,
  manifest: ImageManifest,
  policy: ImagePolicy,
  { nowMs, floorSeen, freshness }: UsableNow,
): Verdict {
  const { imageClass, version, expiresAtMs } = manifest;
  if (policy.classes.length > 0 && !policy.classes.includes(imageClass)) {
    return unusable('wrong-class', `images of class ${imageClass} are not used here`);
  }
  if (nowMs >= expiresAtMs) return unusable('expired', `it expired ${renderDuration(nowMs - expiresAtMs)} ago`);
  const floor = Math.max(floorSeen, manifest.floor, freshness?.image === image ? freshness.floor : 0);
  if (version < floor) {
    return unusable(
      'below-floor',
      `version ${version} of ${imageClass} is below ${floor}, the lowest that may be used`,
    );
  }
  if (freshness === undefined) return unusable('no-freshness', 'the controller has not said that it stands by it');
  if (freshness.image !== image || freshness.imageClass !== imageClass) {
    return unusable('freshness-of-another', 'what the controller said is about another image');
  }
  const { issuedAtMs, validForMs } = freshness;
  if (nowMs < issuedAtMs - CLOCK_SKEW_MS)
    return unusable('stale-freshness', 'the controller’s word is from the future');
  if (nowMs < issuedAtMs + validForMs) return USABLE;
  return unusable('stale-freshness', `the controller’s word on it is ${renderDuration(nowMs - issuedAtMs)} old`);
}
