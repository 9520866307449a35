import type { Log } from '../log.js';

export interface CollectedLog extends Log {
  /** "level message", oldest first. */
  readonly lines: readonly string[];
}

/** A log that a test can read. */
export function collectedLog(): CollectedLog {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (_fields: Readonly<Record<string, unknown>>, message: string): void => {
      lines.push(`${level} ${message}`);
    };
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
