/** What happens when: a heap of events, in the order of their time and then of their making, so that a seed repeats itself. */

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Where a world has its future: this timeline, or another that plays more than the world. */
export interface Moments {
  readonly nowMs: number;
  at(atMs: number, run: () => void): void;
  after(ms: number, run: () => void): void;
}

export class Timeline implements Moments {
  readonly #heap: Entry[] = [];
  #order = 0;
  nowMs = 0;
  eventsCount = 0;

  at(atMs: number, run: () => void): void {
    this.#heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, run });
    this.#rise(this.#heap.length - 1);
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  /** Runs everything up to `endMs`, calling `then` after each. */
  runUntil(endMs: number, then: () => void): void {
    while (this.step(endMs)) then();
    this.nowMs = endMs;
  }

  /** Runs the next event up to `endMs`; false when there is none. */
  step(endMs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > endMs) return false;
    this.#pop();
    this.nowMs = first.atMs;
    this.eventsCount++;
    first.run();
    return true;
  }

  #rise(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < this.#heap.length && this.#isBefore(left, least)) least = left;
      if (right < this.#heap.length && this.#isBefore(right, least)) least = right;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}
