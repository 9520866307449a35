/** So many at once, and then so many per second: a bucket that fills again. Time is the caller's, monotonic. */
export class Allowance {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #atMs: number | undefined;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perMs = perSecond / 1_000;
    this.#left = most;
  }

  /** True when one more is allowed, which is taken. */
  take(nowMs: number): boolean {
    const sinceMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#left = Math.min(this.#most, this.#left + sinceMs * this.#perMs);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
