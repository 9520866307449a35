/**
 * Fingerprint of a growing text; not cryptographic. Two FNV-1a lanes with different offsets.
 * Source: Fowler, Noll, Vo; RFC 9923 gives the 32-bit constants.
 */
export class RunningHash {
  #a = 0x811c9dc5;
  #b = 0x050c5d1f;

  add(text: string): void {
    let [a, b] = [this.#a, this.#b];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ (code + i), 0x01000193);
    }
    // A separator, so that ("ab", "c") and ("a", "bc") differ.
    this.#a = Math.imul(a ^ 0x1f, 0x01000193);
    this.#b = Math.imul(b ^ text.length, 0x01000193);
  }

  /** 16 hex digits. */
  hex(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
