import { BrambleError } from '../../proto/contract/errors.js';
import type { Counters } from './counters.js';
import type { Store, StoreWriter, World } from './ports.js';

/** Something to be written; may run more than once, so it touches nothing but the writer. */
export type JournalWork = (writer: StoreWriter) => Promise<void>;

const WAITING_MAX = 20_000;
const BATCH_MAX = 500;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Failures of the store itself, as opposed to those of one piece of work: waiting may help. */
const STORE_TROUBLE: ReadonlySet<string> = new Set([
  'unavailable',
  'resource-exhausted',
  'aborted',
  'deadline-exceeded',
  'cancelled',
  'failed-precondition',
  'data-loss',
]);

/** True when the store is in trouble, false when this very work can never be written. */
export function isStoreTrouble(thrown: unknown): boolean {
  return STORE_TROUBLE.has(BrambleError.from(thrown).code);
}

/**
 * Writes transitions in their order, many to a transaction, without making anybody wait. While the store is in trouble
 * they wait, up to a bound; beyond it the newest are dropped and counted. Memory stays right meanwhile: what is lost is
 * a line of the timeline.
 */
export class Journal {
  readonly #store: Store;
  readonly #world: World;
  readonly #counters: Counters;
  readonly #onCommitted: () => void;
  readonly #waiting: JournalWork[] = [];
  #running: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #retryMs = RETRY_FIRST_MS;

  constructor(deps: {
    readonly store: Store;
    readonly world: World;
    readonly counters: Counters;
    readonly onCommitted: () => void;
  }) {
    this.#store = deps.store;
    this.#world = deps.world;
    this.#counters = deps.counters;
    this.#onCommitted = deps.onCommitted;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  write(work: JournalWork): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#counters.add('journal_dropped_total');
      return;
    }
    this.#waiting.push(work);
    if (this.#cancelRetry === undefined) this.#start();
  }

  /** Writes what waits, once, also when a retry is not due yet; resolves when nothing waits or the store failed. */
  async flush(): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#start();
    await this.#running;
  }

  /** Writes what waits if it can, and tries no more. */
  async stop(): Promise<void> {
    await this.flush();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // whatever is written in this very turn shares the transaction
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_MAX);
      try {
        await this.#commit(batch);
      } catch (thrown) {
        this.#counters.add('journal_failures_total');
        if (isStoreTrouble(thrown)) {
          this.#retryLater(thrown);
          return;
        }
        await this.#commitOneByOne(batch);
      }
      this.#waiting.splice(0, batch.length);
      this.#retryMs = RETRY_FIRST_MS;
      this.#onCommitted();
    }
  }

  async #commit(batch: readonly JournalWork[]): Promise<void> {
    await this.#store.transact(async (writer) => {
      for (const work of batch) await work(writer);
    });
  }

  /** One piece cannot be written for a reason of its own: the others must not suffer. */
  async #commitOneByOne(batch: readonly JournalWork[]): Promise<void> {
    for (const work of batch) {
      try {
        await this.#commit([work]);
      } catch (thrown) {
        this.#counters.add('journal_dropped_total');
        this.#world.log.error({ err: thrown }, 'a transition could not be written and was left out');
      }
    }
  }

  #retryLater(thrown: unknown): void {
    this.#world.log.warn({ err: thrown, waiting: this.#waiting.length }, 'transitions wait: the store is in trouble');
    this.#cancelRetry = this.#world.timers.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#start();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
  }
}
