/**
 * How long to wait before trying again: uniform between nothing and a bound that doubles with every failure, so that a fleet
 * which failed together does not come back together. `unit`: from [0, 1). Source: AWS Architecture Blog, "Exponential
 * Backoff And Jitter", full jitter.
 */
export function fullJitterMs(unit: number, failures: number, { baseMs, capMs }: BackoffLimits): number {
  return unit * Math.min(capMs, baseMs * 2 ** Math.min(failures, 30));
}

export interface BackoffLimits {
  /** Bound of the wait after the first failure. */
  readonly baseMs: number;
  readonly capMs: number;
}

/** Where nobody answers at all: what is tried costs the other end nothing, and the path may be back at any moment. */
export const PATH_BACKOFF: BackoffLimits = { baseMs: 1_000, capMs: 6_000 };

/**
 * Where a system on the way says at once that there is none: it costs nobody anything, and who was ordered something meanwhile is to
 * have done it 20 s after the way is back.
 */
export const WAY_BACKOFF: BackoffLimits = { baseMs: 1_000, capMs: 12_000 };

/** For everything that an agent asks of its controller. */
export const CONTROLLER_BACKOFF: BackoffLimits = { baseMs: 1_000, capMs: 300_000 };
