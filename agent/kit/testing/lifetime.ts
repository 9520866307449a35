/** `kill`: the process is gone, its kernel says goodbye for it. `power`: the whole board goes dark without a word. */
export type Death = 'kill' | 'power';

/** Whether one simulated process still lives. After its death nothing it waits for ever comes, as after SIGKILL. */
export class Lifetime {
  #dead = false;
  readonly #onEnd: ((how: Death) => void)[] = [];

  get dead(): boolean {
    return this.#dead;
  }

  end(how: Death): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const call of this.#onEnd.splice(0)) call(how);
  }

  onEnd(call: (how: Death) => void): void {
    this.#onEnd.push(call);
  }

  /** What the work answers; never settles for a process that died before or meanwhile. */
  guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) return new Promise<T>(() => {});
    return new Promise<T>((resolve, reject) => {
      work().then(
        (value) => {
          if (!this.#dead) resolve(value);
        },
        (error: unknown) => {
          if (!this.#dead) reject(error);
        },
      );
    });
  }
}
