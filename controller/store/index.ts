/** What main.ts needs of the store. */

export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-store.js';
export { isSqliteWorker, runSqliteWorker } from './worker.js';
