import pino from 'pino';
import type { LogLevel } from './config/config.js';
import type { Log } from './usecases/ports.js';

export interface ProcessLog extends Log {
  /** Writes out what is buffered; for the last moments of a process. */
  flush(): void;
}

/** What waits in memory while the reader of stderr is slow; beyond it lines are dropped rather than the controller stopped. */
const BUFFER_BYTES_MAX = 4 * 1024 * 1024;

/** JSON lines on stderr, one per entry, for the journal. Errors go under `err` with code, hint and cause. */
export function openLog(level: LogLevel): ProcessLog {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: BUFFER_BYTES_MAX });
  const logger = pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    info: (fields, message) => {
      logger.info(fields, message);
    },
    warn: (fields, message) => {
      logger.warn(fields, message);
    },
    error: (fields, message) => {
      logger.error(fields, message);
    },
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // not open yet, or the reader is gone: there is nobody left to tell
      }
    },
  };
}
