import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId, nodeId } from '../../proto/contract/ids.js';

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
}

export function fieldProblems(error: z.ZodError): readonly FieldProblem[] {
  return error.issues
    .slice(0, PROBLEMS_MAX)
    .map((issue) => ({ field: issue.path.join('.') || 'request', problem: issue.message }));
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
export const NodeIdText = idText(nodeId, { pattern: '^n-[0-9a-z]{13}$' });
export const CommandIdText = idText(commandId, { format: 'uuid' });

function idText<Id extends string>(parse: (text: string) => Id, form: { readonly [key: string]: string }) {
  return z
    .string()
    .transform((text, context): Id => {
      try {
        return parse(text);
      } catch (thrown) {
        const { message, hint } = BrambleError.from(thrown);
        context.addIssue(hint === undefined ? message : `${message}; ${hint}`);
        return z.NEVER;
      }
    })
    .meta(form);
}
