import type { SiteId } from '../../proto/contract/ids.js';
import { TokenBucket } from './limits.js';

/** What of a site's downlink images may take: the rest is for those who live there. */
const SHARE = 0.5;
/** So much may go at once after a rest. */
const BURST_MS = 2_000;

/** Down, bits per second; `undefined` = not said, and not limited. */
export type FindDownlink = (site: SiteId) => Promise<number | undefined>;

interface Budget {
  readonly bitsPerS: number;
  readonly bucket: TokenBucket;
}

/** A token bucket of bytes for each site, at a share of what its uplink carries towards it. */
export class SiteBudgets {
  readonly #findDownlink: FindDownlink;
  readonly #budgets = new Map<SiteId, Budget>();

  constructor(findDownlink: FindDownlink) {
    this.#findDownlink = findDownlink;
  }

  /** How long to wait before so many bytes may go, ms. */
  async takeBytes(site: SiteId, bytes: number, nowMs: number): Promise<number> {
    const bitsPerS = await this.#findDownlink(site);
    if (bitsPerS === undefined) return 0;
    let budget = this.#budgets.get(site);
    if (budget?.bitsPerS !== bitsPerS) {
      const bytesPerS = (bitsPerS * SHARE) / 8;
      budget = { bitsPerS, bucket: new TokenBucket(bytesPerS, (bytesPerS * BURST_MS) / 1_000, nowMs) };
      this.#budgets.set(site, budget);
    }
    return budget.bucket.takeOnCredit(nowMs, bytes);
  }
}
