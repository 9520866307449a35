import { BrambleError } from '../../proto/contract/errors.js';

/** Where an agent writes what happens. Fields become fields of the line. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/**
 * An error as fields of a log line: what failed and what to do. Only a bug is worth its stack: a controller that is away for
 * a day must not fill the journal of a thousand cards.
 */
export function errorFields(thrown: unknown): Readonly<Record<string, unknown>> {
  if (!(thrown instanceof BrambleError)) return { err: thrown };
  const { code, message, hint, context } = thrown;
  return { ...context, code, reason: message, ...(hint === undefined ? {} : { hint }) };
}
