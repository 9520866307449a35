/** Knows whether the controller has answered to something that was said after a certain moment. */
export class ContactProof {
  #isOnline = false;
  /** Told when the controller has acknowledged a report that was sent after they began to wait. */
  #waiting: (() => void)[] = [];
  /** The first report of this stream that was sent since somebody waits; `undefined` = none yet. */
  #firstSequence: number | undefined;

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** `done` is called once, as soon as there is proof; returns the way to give up. */
  await(done: () => void): () => void {
    this.#waiting.push(done);
    this.#firstSequence = undefined; // what is under way already was sent before
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== done);
    };
  }

  /** A stream began: its reports count from one again. */
  streamOpened(): void {
    this.#isOnline = true;
    this.#firstSequence = undefined;
  }

  streamLost(): void {
    this.#isOnline = false;
    this.#firstSequence = undefined;
  }

  reportSent(sequence: number): void {
    if (this.#waiting.length > 0) this.#firstSequence ??= sequence;
  }

  reportAcknowledged(throughSequence: number): void {
    if (this.#firstSequence === undefined || throughSequence < this.#firstSequence) return;
    this.#firstSequence = undefined;
    for (const done of this.#waiting.splice(0)) done();
  }
}
