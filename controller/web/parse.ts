import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';

/**
 * Parses what a client sent.
 * @throws BrambleError `invalid-argument` with every problem and its path
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
  throw new BrambleError('invalid-argument', problems.slice(0, 20).join('; '));
}

/** A whole number in a query string. */
export function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}
