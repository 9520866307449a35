import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import type { Store, StoreWriter } from '../ports.js';

/** A store whose commits can be made to fail or to wait. */
export class FaultyStore implements Store {
  readonly #store: Store;
  /** While set, every transaction throws this. */
  failWith: ErrorCode | undefined;
  #gate: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  get reader(): Store['reader'] {
    return this.#store.reader;
  }

  /** Holds every commit back until the returned function is called. */
  holdCommits(): () => void {
    let open: () => void = () => {};
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  async transact<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> {
    await this.#gate;
    if (this.failWith !== undefined) throw new BrambleError(this.failWith, 'the disk is full');
    return await this.#store.transact(work);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
