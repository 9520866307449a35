/** The other side of worker-connection.ts: one engine in a thread of its own, driven by messages. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../proto/contract/assert.js';
import type { SqlResult } from './connection.js';
import { SqliteEngine } from './engine.js';
import { MIGRATIONS } from './migrations/index.js';
import {
  plainError,
  WORKER_ROLE,
  type WorkerOpened,
  type WorkerReply,
  type WorkerRequest,
  type WorkerStart,
  type WorkerTask,
} from './worker-messages.js';

/** True in a thread that {@link runSqliteWorker} must serve; its program does nothing else there. */
export function isSqliteWorker(): boolean {
  const data: unknown = workerData;
  return typeof data === 'object' && data !== null && 'role' in data && data.role === WORKER_ROLE;
}

/** Serves the thread that started this one, until it says close. */
export function runSqliteWorker(): void {
  assert(isSqliteWorker() && parentPort !== null, 'this is not a database worker');
  const { path, access, nowMs } = workerData as WorkerStart; // isSqliteWorker() has seen who sent it
  const port = parentPort;
  let engine: SqliteEngine;
  try {
    engine = SqliteEngine.open({ path, access, nowMs, migrations: MIGRATIONS });
  } catch (thrown) {
    say(port, { kind: 'refused', error: plainError(thrown) });
    return;
  }
  port.on('message', (requests: readonly WorkerRequest[]) => {
    say(
      port,
      requests.map(({ id, task }) => answer(engine, id, task)),
    );
    if (requests.some(({ task }) => task.kind === 'close')) port.close();
  });
  say(port, { kind: 'opened', migrated: engine.migrated });
}

function say(port: MessagePort, message: readonly WorkerReply[] | WorkerOpened): void {
  port.postMessage(message);
}

function answer(engine: SqliteEngine, id: number, task: WorkerTask): WorkerReply {
  try {
    return { id, result: run(engine, task) };
  } catch (thrown) {
    return { id, error: plainError(thrown) };
  }
}

const NOTHING: SqlResult = { rows: [], changedCount: 0 };

function run(engine: SqliteEngine, task: WorkerTask): SqlResult {
  switch (task.kind) {
    case 'execute':
      return engine.execute(task.statements, task.rule);
    case 'checkpoint':
      engine.checkpoint();
      return NOTHING;
    case 'backup':
      engine.backup(task.toPath);
      return NOTHING;
    case 'close':
      engine.close();
      return NOTHING;
  }
}
