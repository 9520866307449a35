/** Tells whoever holds something open for an account, as soon as its rights have changed. */
export class AccessChanges {
  readonly #listeners = new Set<(account: string) => void>();

  /** `account` as principalName() renders it; returns the way to stop. */
  listen(listener: (account: string) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  changed(account: string): void {
    for (const listener of this.#listeners) listener(account);
  }
}
