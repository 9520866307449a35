import type { ImageDigest } from '../../proto/contract/images/digest.js';
import type { ImageManifest } from '../../proto/contract/images/manifest.js';
import type { Verdict } from '../../proto/contract/images/verdict.js';

/** Who needs an image to stay, such as "root n-0123456789abc gen-4". A plain name: letters, digits, dot, dash, underscore. */
export type Holder = string;

/** An image that is here, whole, and whose signature was checked. */
export interface HeldImage {
  readonly digest: ImageDigest;
  readonly manifest: ImageManifest;
  /** Whether something new may be made of it now, and why not. What was made of it before keeps running. */
  readonly verdict: Verdict;
  readonly holders: readonly Holder[];
}

/** The images of one fileserver, as those see them that make roots of them. */
export interface ImageStore {
  list(): Promise<readonly HeldImage[]>;
  /** `undefined`: not here, or not all of it yet. @throws BrambleError `data-loss` for a manifest that is damaged */
  find(image: ImageDigest): Promise<HeldImage | undefined>;
  /**
   * Keeps it from being removed until released; on storage when it resolves. Holding twice is holding once.
   * @throws BrambleError `not-found`
   */
  hold(image: ImageDigest, holder: Holder): Promise<void>;
  /** No error when it was not held. */
  release(image: ImageDigest, holder: Holder): Promise<void>;
}
