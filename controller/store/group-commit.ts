import { assert } from '../../proto/contract/assert.js';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';
import { plain, type SqlConnection, type SqlResult, type SqlStatement } from './connection.js';
import type { Lock } from './lock.js';

/** What one transaction may run; worthless once it is over. */
export interface Session {
  execute(statement: SqlStatement): Promise<SqlResult>;
}

export interface GroupLimits {
  /** Transactions that may wait; beyond it they are refused. */
  readonly waitingMax: number;
  /** A group is committed when it has so many transactions, or has taken so long. */
  readonly groupMax: number;
  readonly groupMs: number;
}

export const GROUP_LIMITS: GroupLimits = { waitingMax: 10_000, groupMax: 500, groupMs: 100 };

type Work = (session: Session) => Promise<unknown>;

interface Waiting {
  readonly work: Work;
  readonly resolve: (value: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

/** A transaction whose work is done and that waits for the commit of its group. */
interface Done {
  readonly value: unknown;
  readonly waiting: Waiting;
}

const TROUBLE: ReadonlySet<ErrorCode> = new Set(['unavailable', 'aborted', 'resource-exhausted', 'data-loss']);

const BEGIN = [plain('BEGIN IMMEDIATE')];
const SAVEPOINT = plain('SAVEPOINT one');
const RELEASE = plain('RELEASE one');
const UNDO = plain('ROLLBACK TO one');
const COMMIT = plain('COMMIT');
const ROLLBACK = [plain('ROLLBACK')];

/**
 * Transactions that wait at the same time share one BEGIN .. COMMIT, and so one wait for the disk. Each runs inside a
 * savepoint, one after the other: one that throws is undone alone. All hear of their success only after the commit; when
 * the commit fails, so do all of them.
 */
export class GroupCommit {
  readonly #connection: SqlConnection;
  readonly #lock: Lock;
  readonly #clock: Clock;
  readonly #limits: GroupLimits;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** The database itself failed: whoever waits is not drawn into this group. */
  #isInTrouble = false;
  /** Savepoint bookkeeping that nobody waits for: it travels with the next statement. */
  #unsent: SqlStatement[] = [];
  readonly #counts = { transactions: 0, failed: 0, groups: 0, groupsFailed: 0, refused: 0, groupLargest: 0 };

  /** @param lock held from BEGIN to COMMIT: whatever else runs on this connection takes it too */
  constructor(connection: SqlConnection, lock: Lock, clock: Clock, limits: GroupLimits = GROUP_LIMITS) {
    this.#connection = connection;
    this.#lock = lock;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Resolves after the commit. @throws BrambleError `resource-exhausted`, those of sqlite-error.ts, and what work throws */
  async transact<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new BrambleError('unavailable', 'the store is closed');
    if (this.#waiting.length >= this.#limits.waitingMax) {
      this.#counts.refused += 1;
      throw new BrambleError('resource-exhausted', `${this.#limits.waitingMax} transactions wait for the disk`, {
        hint: 'the disk is too slow for what the fleet writes; look at its health',
      });
    }
    const value = await new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#running ??= this.#run();
    });
    return value as T; // what `work` resolved to, handed through a queue of many types
  }

  /** Takes no more; resolves when all that was taken is settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  counters(): Record<string, number> {
    return {
      store_transactions_total: this.#counts.transactions,
      store_transactions_failed_total: this.#counts.failed,
      store_transactions_refused_total: this.#counts.refused,
      store_commits_total: this.#counts.groups,
      store_commits_failed_total: this.#counts.groupsFailed,
      store_group_largest: this.#counts.groupLargest,
      store_transactions_waiting: this.#waiting.length,
    };
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // whoever asks in this very turn shares the commit
    while (this.#waiting.length > 0) await this.#lock.run(async () => this.#runGroup());
    this.#running = undefined;
  }

  async #runGroup(): Promise<void> {
    try {
      await this.#connection.execute(BEGIN, 'anywhere');
    } catch (thrown) {
      this.#counts.groupsFailed += 1;
      this.#failAll(this.#waiting.splice(0), thrown);
      return;
    }
    const { groupMax, groupMs } = this.#limits;
    const endMs = this.#clock.monotonicMs() + groupMs;
    const done: Done[] = [];
    this.#isInTrouble = false;
    for (let count = 0; count < groupMax && this.#clock.monotonicMs() <= endMs; count++) {
      const next = this.#isInTrouble ? undefined : this.#waiting.shift();
      if (next === undefined) break;
      const finished = await this.#runOne(next);
      if (finished !== undefined) done.push(finished);
    }
    try {
      await this.#connection.execute([...this.#takeUnsent(), COMMIT], 'inside');
    } catch (thrown) {
      this.#counts.groupsFailed += 1;
      await this.#rollBack();
      this.#failAll(
        done.map(({ waiting }) => waiting),
        thrown,
      );
      return;
    }
    this.#counts.groups += 1;
    this.#counts.transactions += done.length;
    this.#counts.groupLargest = Math.max(this.#counts.groupLargest, done.length);
    for (const { waiting, value } of done) waiting.resolve(value);
  }

  /** Its value when it may be committed; `undefined` when it was undone, and has been told. */
  async #runOne(waiting: Waiting): Promise<Done | undefined> {
    const scope = { isOpen: true, hasSavepoint: false, inFlight: 0 };
    const session: Session = {
      execute: async (statement) => {
        assert(scope.isOpen, 'a writer was used after its transaction');
        if (!scope.hasSavepoint) this.#unsent.push(SAVEPOINT);
        scope.hasSavepoint = true;
        scope.inFlight += 1;
        try {
          return await this.#connection.execute([...this.#takeUnsent(), statement], 'inside');
        } catch (thrown) {
          this.#isInTrouble ||= TROUBLE.has(BrambleError.from(thrown).code);
          throw thrown;
        } finally {
          scope.inFlight -= 1;
        }
      },
    };
    try {
      const value = await waiting.work(session);
      assert(scope.inFlight === 0, 'a transaction ended before its statements did: an await is missing');
      if (scope.hasSavepoint) this.#unsent.push(RELEASE);
      return { value, waiting };
    } catch (thrown) {
      if (scope.hasSavepoint) this.#unsent.push(UNDO, RELEASE);
      this.#failAll([waiting], thrown);
      return undefined;
    } finally {
      scope.isOpen = false;
    }
  }

  #takeUnsent(): readonly SqlStatement[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    return unsent;
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#connection.execute(ROLLBACK, 'anywhere');
    } catch {
      // the database has rolled back by itself, which is what was wanted
    }
  }

  #failAll(failed: readonly Waiting[], thrown: unknown): void {
    this.#counts.failed += failed.length;
    for (const { reject } of failed) reject(thrown);
  }
}
