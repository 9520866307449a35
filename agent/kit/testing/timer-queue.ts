/** A call that fails, at once or in its promise, ends the run with its error. */
export type SimCall = () => void | Promise<void>;

export interface Timer {
  readonly atMs: number;
  /** Set by push; breaks ties. */
  order: number;
  /** `undefined` once it was cancelled or has started. */
  call: SimCall | undefined;
}

/** Binary heap by (time, order of insertion). */
export class TimerQueue {
  readonly #heap: Timer[] = [];
  #pushed = 0;

  push(timer: Timer): void {
    timer.order = this.#pushed++;
    let at = this.#heap.length;
    this.#heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = timer;
  }

  /** The next timer that was not cancelled. */
  peek(): Timer | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].call === undefined) this.pop();
    return this.#heap[0];
  }

  pop(): Timer | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (last === undefined || last === top) return top;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const below = this.#heap[child];
      if (below === undefined || !isBefore(below, last)) break;
      this.#heap[at] = below;
      at = child;
    }
    this.#heap[at] = last;
    return top;
  }

  #smallerChild(at: number): number {
    const left = this.#heap[2 * at + 1];
    const right = this.#heap[2 * at + 2];
    return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
