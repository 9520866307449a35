import type { ImagePlaceView } from '../../../proto/contract/api/images.js';
import type { Clock } from '../../../proto/contract/clock.js';
import type { NodeId, SiteId } from '../../../proto/contract/ids.js';
import type { ImageDigest } from '../../../proto/contract/images/digest.js';

/** What a fileserver says about one image. */
export interface ToldImage {
  readonly image: ImageDigest;
  readonly progress: ImagePlaceView['progress'];
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly detail: string;
}

/** Most images that one fileserver is believed to have. */
export const TOLD_IMAGES_MAX = 256;

interface Place {
  readonly site: SiteId;
  readonly toldAtMs: number;
  readonly images: ReadonlyMap<ImageDigest, ToldImage>;
}

/** Where images are, as fileservers tell every few minutes. In memory: after a restart they tell anew. */
export class ImagePlaces {
  readonly #clock: Clock;
  readonly #places = new Map<NodeId, Place>();
  /** Sent since the start, by site and image. */
  readonly #sent = new Map<SiteId, Map<ImageDigest, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  told(nodeId: NodeId, site: SiteId, images: readonly ToldImage[]): void {
    const kept = new Map(images.slice(0, TOLD_IMAGES_MAX).map((each) => [each.image, each] as const));
    this.#places.set(nodeId, { site, toldAtMs: this.#clock.nowMs(), images: kept });
  }

  charge(site: SiteId, image: ImageDigest, bytes: number): void {
    const sent = this.#sent.get(site) ?? new Map<ImageDigest, number>();
    this.#sent.set(site, sent);
    sent.set(image, (sent.get(image) ?? 0) + bytes);
  }

  of(image: ImageDigest): readonly ImagePlaceView[] {
    const views: ImagePlaceView[] = [];
    for (const [nodeId, { site, toldAtMs, images }] of this.#places) {
      const told = images.get(image);
      if (told === undefined) continue;
      const { progress, doneBytes, totalBytes, detail } = told;
      const uplinkBytes = this.#sent.get(site)?.get(image) ?? 0;
      views.push({ site, nodeId, progress, doneBytes, totalBytes, uplinkBytes, detail, toldAtMs });
    }
    return views.toSorted((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : 0));
  }

  /** Bytes sent to each site for images since the start. */
  sentBytes(): ReadonlyMap<SiteId, number> {
    return new Map(Array.from(this.#sent, ([site, sent]) => [site, [...sent.values()].reduce((a, b) => a + b, 0)]));
  }
}
