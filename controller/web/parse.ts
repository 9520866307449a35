import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId, nodeId, siteId } from '../../proto/contract/ids.js';

const PROBLEMS_MAX = 20;

/**
 * Parses what a client sent.
 * @throws BrambleError `invalid-argument` with every problem and its path; as data in `details.fields`
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const fields = fieldProblems(parsed.error);
  const message = fields.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
  throw new BrambleError('invalid-argument', message, { details: { fields } });
}

export interface FieldProblem {
  /** Path in dots, such as action.unit; "request" for the whole. */
  readonly field: string;
  readonly problem: string;
  /** Of the item of a list that the path goes through, such as an operation of a batch. */
  readonly index?: number;
}

export function fieldProblems(error: z.ZodError): readonly FieldProblem[] {
  return error.issues.slice(0, PROBLEMS_MAX).map(({ path, message }) => {
    const index = path.find((part) => typeof part === 'number');
    return { field: path.join('.') || 'request', problem: message, ...(index === undefined ? {} : { index }) };
  });
}

/** A whole number in a query string. */
export function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max });
}

/** Ids as text: parsed to their brand by the one place that knows their form. */
export const NodeIdText = parsedText(nodeId, { pattern: '^n-[0-9a-z]{13}$' });
export const CommandIdText = parsedText(commandId, { format: 'uuid' });
export const SiteIdText = parsedText(siteId, { pattern: '^[a-z][a-z0-9-]{0,31}$' });

/** Text with a parser of its own; `form` is what the document says of it. */
export function parsedText<Parsed>(
  parse: (text: string) => Parsed,
  form: Readonly<Record<string, string | number>>,
): z.ZodPipe<z.ZodString, z.ZodTransform<Awaited<Parsed>, string>> {
  return z
    .string()
    .transform((text, context) => {
      try {
        return parse(text) as Awaited<Parsed>; // no parser here is asynchronous
      } catch (thrown) {
        const { message, hint } = BrambleError.from(thrown);
        context.addIssue(hint === undefined ? message : `${message}; ${hint}`);
        return z.NEVER;
      }
    })
    .meta(form);
}
