import { BrambleError } from '../../../proto/contract/errors.js';
import type { PoolFiles } from './ports.js';

const HOUR_MS = 3_600_000;

/** When it is: of a boot, ms since it began. No clock that somebody sets makes an hour shorter. */
export interface Uptime {
  readonly bootId: string;
  readonly ms: number;
}

export interface HourlyLimitOptions {
  readonly files: Pick<PoolFiles, 'readText' | 'writeText'>;
  readonly pool: string;
  readonly perHour: number;
  readonly now: () => Uptime;
}

/** Root's limit on how many boards are served another root within an hour, or lose theirs, whatever a controller signs. */
export class HourlyLimit {
  readonly #options: HourlyLimitOptions;

  constructor(options: HourlyLimitOptions) {
    this.#options = options;
  }

  /** Counts one more, before it is begun. @throws BrambleError `permission-denied` when there were as many as may be */
  async take(): Promise<void> {
    const { files, pool, perHour, now } = this.#options;
    const path = `${pool}/boot/changed.json`;
    const { bootId, ms } = now();
    const recent = timesIn(await files.readText(path), bootId).filter((atMs) => ms - atMs < HOUR_MS);
    if (recent.length >= perHour) {
      const why = `roots were changed ${recent.length} times within the hour; this fileserver allows ${perHour}`;
      throw new BrambleError('permission-denied', why, { hint: 'changesPerHour is in roots.json of the fileserver' });
    }
    await files.writeText(path, `${JSON.stringify({ bootId, atMs: [...recent, ms] })}\n`);
  }
}

/** What cannot be read, or is of another boot, counts for nothing. */
function timesIn(text: string | undefined, bootId: string): readonly number[] {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null || !('bootId' in value) || !('atMs' in value)) return [];
    if (value.bootId !== bootId || !Array.isArray(value.atMs)) return [];
    return value.atMs.filter((each) => typeof each === 'number');
  } catch {
    return []; // cut short
  }
}
