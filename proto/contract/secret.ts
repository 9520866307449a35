const MASK = '***';
/** What util.inspect, and so console and assertion messages, asks an object for. Source: Node.js util.inspect.custom. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * A text that must not be shown: a password, a token, a key. However it is printed, logged, serialised or put into a
 * template, it is `***`; only `reveal()` gives it out, so that every place where a secret leaves is found by one word.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself: for what hashes it, compares it, or shows it the one time that it is shown. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [INSPECT](): string {
    return MASK;
  }
}
