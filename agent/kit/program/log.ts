import pino from 'pino';
import type { LogLevel } from '../config.js';
import type { Log } from '../log.js';

/** The program's own log; whoever only writes to it sees a plain Log. */
export interface ProgramLog extends Log {
  /** Writes out what still waits. To be called before the process ends. */
  flush(): void;
}

/** One JSON object per line to standard error. Written behind the back of the event loop: a slow reader stalls nobody. */
export function makeProgramLog(program: string, level: LogLevel): ProgramLog {
  const destination = pino.destination({ fd: 2, sync: false });
  const logger = pino(
    {
      level,
      base: { program },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err },
    },
    destination,
  );
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
      destination.flushSync();
    },
  };
}
