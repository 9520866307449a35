import { runSqliteWorker } from './worker.js';

// A program of its own: a database thread that loaded the whole controller would cost 40 MB more, and there are two.
runSqliteWorker();
