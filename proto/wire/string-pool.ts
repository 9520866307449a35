/** Most different strings that are shared. */
const STRINGS_MAX = 8_192;
/** Longer strings are hardly ever equal, and would make the pool itself expensive. */
const STRING_CHARACTERS_MAX = 64;

/**
 * One copy of strings that arrive again and again, such as "eth0" from every node of a fleet. Bounded: once it is full, new
 * strings stay what they are.
 */
export class StringPool {
  readonly #strings = new Map<string, string>();

  share(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (this.#strings.size < STRINGS_MAX && text.length <= STRING_CHARACTERS_MAX) this.#strings.set(text, text);
    return text;
  }
}
