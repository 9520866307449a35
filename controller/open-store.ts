import { join } from 'node:path';
import type { Closers } from './closers.js';
import type { ProcessLog } from './log.js';
import { openSqliteStore, type SqliteStore } from './store/sqlite-store.js';
import { systemClock } from './system.js';

/** The database in the folder of data, with its threads. */
export async function openStore(dataDir: string, log: ProcessLog, closers: Closers): Promise<SqliteStore> {
  const store = await openSqliteStore({
    path: join(dataDir, 'bramble.db'),
    mode: 'threads',
    clock: systemClock,
    log,
    workerUrl: new URL('./bramble-controller-store.mjs', import.meta.url),
  });
  closers.add('store', () => store.close());
  return store;
}
