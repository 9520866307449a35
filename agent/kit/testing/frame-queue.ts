/** Values that arrive before or after somebody asks for them; one reader. */
export class FrameQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  readonly #onReturn: () => void;
  #ended: { readonly error: unknown } | 'cleanly' | undefined;
  #wake: (() => void) | undefined;

  /** `onReturn` is called when the reader stops reading before the end. */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(value: T): void {
    if (this.#ended === undefined) this.#values.push(value);
    this.#wake?.();
  }

  /** What was pushed before is still read. */
  end(): void {
    this.#ended ??= 'cleanly';
    this.#wake?.();
  }

  /** The reader gets what was pushed before, then the error. */
  fail(error: unknown): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => this.#next(),
      return: () => {
        this.end();
        this.#onReturn();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #next(): Promise<IteratorResult<T>> {
    for (;;) {
      const value = this.#values.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#ended === 'cleanly') return { done: true, value: undefined };
      if (this.#ended !== undefined) throw this.#ended.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
