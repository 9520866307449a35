import { BrambleError } from '../errors.js';
import { digest, type ImageDigest } from './digest.js';

/** In front of what is signed, so that a signature of a command is never one of freshness. */
export const FRESHNESS_DOMAIN = 'bramble-freshness-v1\0';
/** Source of the time: TUF's timestamp role; a week lets a site work through a long outage, and ends a freeze. */
export const FRESHNESS_VALID_MS = 7 * 86_400_000;

/**
 * What the controller says about an image when asked: that it still stands by it, and what it knows of its class. Without this, whoever
 * sits between could go on serving an old image that was right once.
 */
export interface Freshness {
  readonly image: ImageDigest;
  readonly imageClass: string;
  /** The highest floor of any image of the class that the controller has. */
  readonly floor: number;
  /** The newest version of the class that the controller has. */
  readonly newestVersion: number;
  /** The controller's clock, ms since 1970-01-01 UTC. */
  readonly issuedAtMs: number;
  readonly validForMs: number;
}

/** What is signed comes after FRESHNESS_DOMAIN. */
export function renderFreshness(stamp: Freshness): string {
  const { image, imageClass, floor, newestVersion, issuedAtMs, validForMs } = stamp;
  return `${JSON.stringify({ image, class: imageClass, floor, newestVersion, issuedAtMs, validForMs })}\n`;
}

/** @throws BrambleError `data-loss` */
export function parseFreshness(text: string): Freshness {
  try {
    const value: unknown = JSON.parse(text);
    const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
    const number = (name: string): number => {
      const found = fields[name];
      if (typeof found !== 'number' || !Number.isSafeInteger(found) || found < 0) throw new RangeError(name);
      return found;
    };
    const stamp: Freshness = {
      image: digest(String(fields['image'])),
      imageClass: String(fields['class']),
      floor: number('floor'),
      newestVersion: number('newestVersion'),
      issuedAtMs: number('issuedAtMs'),
      validForMs: number('validForMs'),
    };
    if (renderFreshness(stamp) !== text) throw new RangeError('written in another way');
    return stamp;
  } catch (thrown) {
    throw new BrambleError('data-loss', 'the freshness of an image is damaged', { cause: thrown });
  }
}
