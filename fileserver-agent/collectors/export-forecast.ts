/** When a filesystem will be full, from how it filled so far. */

export interface FillPoint {
  /** Monotonic. */
  readonly atMs: number;
  readonly availableBytes: number;
}

/** Points are kept this far apart, so that a week of them is a few hundred numbers. */
const STEP_MS = 1_800_000;
const POINTS_MAX = 336;
/** Less history than this says nothing. */
const HISTORY_MIN_MS = 3_600_000;
/** What is further away than this is nobody's trouble, and no number to trust. */
const HORIZON_S = 365 * 86_400;

/**
 * Seconds until nothing is left, by the line of least squares through the points; `undefined` when it does not fill, fills too slowly to
 * tell, or is not known for long enough.
 */
export function fullInS(points: readonly FillPoint[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < HISTORY_MIN_MS) return undefined;
  const meanMs = mean(points.map(({ atMs }) => atMs));
  const meanBytes = mean(points.map(({ availableBytes }) => availableBytes));
  let [covariance, variance] = [0, 0];
  for (const { atMs, availableBytes } of points) {
    covariance += (atMs - meanMs) * (availableBytes - meanBytes);
    variance += (atMs - meanMs) ** 2;
  }
  const bytesPerMs = covariance / variance;
  if (bytesPerMs >= 0) return undefined;
  const seconds = Math.max(0, Math.round(last.availableBytes / -bytesPerMs / 1_000));
  return seconds > HORIZON_S ? undefined : seconds;
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

/** The history of one filesystem, bounded: a week in steps of half an hour, and now. */
export class FillForecast {
  #points: readonly FillPoint[] = [];
  #now: FillPoint | undefined;

  add(point: FillPoint): void {
    this.#now = point;
    const last = this.#points.at(-1);
    if (last !== undefined && point.atMs - last.atMs < STEP_MS) return;
    // Somebody made room: how it filled before that says nothing of what comes.
    const isFreed = last !== undefined && point.availableBytes > last.availableBytes * 1.1;
    this.#points = isFreed ? [point] : [...this.#points, point].slice(-POINTS_MAX);
  }

  fullInS(): number | undefined {
    return fullInS(
      this.#now === undefined ? this.#points : [...this.#points.filter((each) => each !== this.#now), this.#now],
    );
  }
}
