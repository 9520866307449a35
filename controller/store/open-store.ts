import { join } from 'node:path';
import type { Closers } from '../closers.js';
import { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.js';

/** The database in the folder of data, with its threads. */
export async function openStore(
  dataDir: string,
  world: Pick<SqliteStoreOptions, 'clock' | 'log'>,
  closers: Closers,
): Promise<SqliteStore> {
  const store = await openSqliteStore({
    ...{ path: join(dataDir, 'bramble.db'), mode: 'threads', clock: world.clock, log: world.log },
    workerUrl: new URL('./bramble-controller-store.mjs', import.meta.url),
  });
  closers.add('store', () => store.close());
  return store;
}
