import type { Digest, ImageDigest } from '../../../proto/contract/images/digest.js';
import type { Chunk } from '../../../proto/contract/images/manifest.js';
import type { Endpoint, TlsIdentity } from './ports.js';

/** What the controller says about an image; nothing of it is checked yet. */
export interface DescribedImage {
  readonly manifest: Uint8Array;
  readonly signatures: readonly string[];
  readonly freshness: StampedFreshness | undefined;
}

/** The controller's word, as it was signed. */
export interface StampedFreshness {
  readonly text: string;
  /** Which of the controller's command keys signed it. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** How far an image is here. `done` and `total` are bytes of what had to be fetched. */
export interface ImageStanding {
  readonly image: ImageDigest;
  readonly progress: 'pulling' | 'held' | 'failed' | 'refused';
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly detail: string;
}

/** Who asks, and where. */
export interface Reach {
  readonly tls: TlsIdentity;
  /** In the order in which they are tried. */
  readonly endpoints: readonly Endpoint[];
}

/** The controller's images, each call on a connection of its own. Failures are BrambleErrors with gRPC's codes. */
export interface ImageLink {
  describe(reach: Reach, image: ImageDigest, signal: AbortSignal): Promise<DescribedImage>;
  /**
   * Chunks in the order in which they are asked for, unpacked, of exactly the sizes that are asked for; their bytes are not checked.
   * @throws BrambleError `data-loss` for another size
   */
  fetch(
    reach: Reach,
    wanted: { readonly image: ImageDigest; readonly chunks: readonly Chunk[] },
    signal: AbortSignal,
  ): AsyncIterable<{ readonly digest: Digest; readonly bytes: Uint8Array }>;
  tell(reach: Reach, standings: readonly ImageStanding[], signal: AbortSignal): Promise<void>;
}
