import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BrambleError } from '../../proto/contract/errors.js';
import type { SqlConnection, SqlResult, SqlStatement, SqlValue, TransactionRule } from './connection.js';
import type { MigrationReport } from './migrate.js';
import {
  errorOf,
  WORKER_ROLE,
  type WorkerOpened,
  type WorkerReply,
  type WorkerRequest,
  type WorkerStart,
  type WorkerTask,
} from './worker-messages.js';

interface Waiting {
  readonly resolve: (result: SqlResult) => void;
  readonly reject: (error: BrambleError) => void;
}

/** A connection whose engine runs in a worker: the disk may stall, this thread does not. */
export class WorkerConnection implements SqlConnection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** What was asked in this turn: one message for all of it, since a message costs more than most statements. */
  #unsent: WorkerRequest[] = [];
  readonly migrated: MigrationReport;
  #lastId = 0;
  #gone: BrambleError | undefined;

  private constructor(worker: Worker, migrated: MigrationReport) {
    this.#worker = worker;
    this.migrated = migrated;
  }

  /**
   * @param workerUrl a program that calls runSqliteWorker() when isSqliteWorker()
   * @param onDeath told once when the worker ends without being asked to
   * @throws BrambleError as SqliteEngine.open
   */
  static async open(
    workerUrl: URL,
    start: Omit<WorkerStart, 'role'>,
    onDeath: (error: BrambleError) => void,
  ): Promise<WorkerConnection> {
    const data: WorkerStart = { role: WORKER_ROLE, ...start };
    const worker = new Worker(workerUrl, { workerData: data, name: `sqlite-${start.access}` });
    const opened = await Promise.race([firstMessage(worker), endedEarly(worker, start.path)]);
    if (opened.kind === 'refused') {
      await worker.terminate();
      throw errorOf(opened.error);
    }
    const connection = new WorkerConnection(worker, opened.migrated);
    connection.#listen(start.path, onDeath);
    return connection;
  }

  async execute(statements: readonly SqlStatement[], rule: TransactionRule): Promise<SqlResult> {
    return await this.#ask({ kind: 'execute', statements: statements.map(detached), rule });
  }

  async checkpoint(): Promise<void> {
    await this.#ask({ kind: 'checkpoint' });
  }

  async backup(toPath: string): Promise<void> {
    await this.#ask({ kind: 'backup', toPath });
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const ended = once(this.#worker, 'exit');
    await this.#ask({ kind: 'close' });
    this.#gone = new BrambleError('unavailable', 'the database is closed');
    await ended;
  }

  async #ask(task: WorkerTask): Promise<SqlResult> {
    if (this.#gone !== undefined) throw this.#gone;
    const id = ++this.#lastId;
    return await new Promise<SqlResult>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#unsent.push({ id, task });
      if (this.#unsent.length === 1) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    const requests = this.#unsent;
    this.#unsent = [];
    this.#worker.postMessage(requests);
  }

  #listen(path: string, onDeath: (error: BrambleError) => void): void {
    let cause: unknown;
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#worker.on('exit', () => {
      if (this.#gone !== undefined) return;
      const gone = new BrambleError('unavailable', `the thread that serves the database ${path} has ended`, {
        hint: 'restart the controller; nothing that was confirmed is lost',
        cause,
      });
      this.#gone = gone;
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
      onDeath(gone);
    });
    this.#worker.on('message', (replies: readonly WorkerReply[]) => {
      for (const reply of replies) {
        const waiting = this.#waiting.get(reply.id);
        this.#waiting.delete(reply.id);
        if ('error' in reply) waiting?.reject(errorOf(reply.error));
        else waiting?.resolve(reply.result);
      }
    });
  }
}

/** The answer to the start. A worker that cannot even load emits 'error', which rejects. */
async function firstMessage(worker: Worker): Promise<WorkerOpened> {
  const [opened] = (await once(worker, 'message')) as [WorkerOpened]; // runSqliteWorker() says nothing else first
  return opened;
}

async function endedEarly(worker: Worker, path: string): Promise<never> {
  await once(worker, 'exit');
  throw new BrambleError('internal', `the thread that should serve the database ${path} ended at once`);
}

/** Cloning a view of a large buffer would clone all of the buffer. */
function detached(statement: SqlStatement): SqlStatement {
  if (!statement.parameters.some(isView)) return statement;
  return {
    sql: statement.sql,
    parameters: statement.parameters.map((value) => (isView(value) ? new Uint8Array(value) : value)),
  };
}

function isView(value: SqlValue): value is Uint8Array {
  return value instanceof Uint8Array && value.byteLength !== value.buffer.byteLength;
}
