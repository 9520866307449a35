import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import { CONFIG_FIELDS, type ConfigRequest, isConfigVerb, parseConfigRequest } from './config-verbs.js';

/**
 * Between the agent and its privileged helper: one JSON line each way over a Unix socket, then the connection ends.
 * The verbs are a closed set; there is no way to name a program, a path or an option.
 */
export type HelperRequest =
  | { readonly verb: 'restart-unit'; readonly unit: string }
  | { readonly verb: 'reboot' }
  | ConfigRequest;

export type HelperReply =
  | { readonly ok: true; readonly changes?: readonly string[] }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly hint?: string };

/** Of a line in either direction, without its end. Requests about configs have a limit of their own. */
export const LINE_LIMIT_BYTES = 4096;

const FIELDS: Readonly<Record<HelperRequest['verb'], readonly string[]>> = {
  'restart-unit': ['unit'],
  reboot: [],
  ...CONFIG_FIELDS,
};

/** @throws BrambleError `invalid-argument` for an unknown verb, a missing or unknown field, or no JSON at all */
export function parseRequest(line: string): HelperRequest {
  const { verb, ...fields } = parseObject(line);
  const expected = isVerb(verb) ? FIELDS[verb] : undefined;
  if (expected === undefined) throw refused(`unknown verb ${JSON.stringify(verb)}`);
  if (line.length > LINE_LIMIT_BYTES && !isConfigVerb(String(verb))) {
    throw refused(`the line is longer than ${LINE_LIMIT_BYTES} bytes`);
  }
  const unknown = Object.keys(fields).find((name) => !expected.includes(name));
  if (unknown !== undefined) throw refused(`unknown field ${JSON.stringify(unknown)}`);
  if (verb === 'reboot') return { verb: 'reboot' };
  if (typeof verb === 'string' && isConfigVerb(verb)) return parseConfigRequest(verb, fields);
  if (typeof fields['unit'] !== 'string') throw refused('unit must be a string');
  return { verb: 'restart-unit', unit: fields['unit'] };
}

/** @throws BrambleError `data-loss` for what no helper of ours answers */
export function parseReply(line: string): HelperReply {
  try {
    const { ok, code, message, hint, changes } = parseObject(line);
    if (ok === true) return Array.isArray(changes) ? { ok: true, changes: changes.map(String) } : { ok: true };
    if (typeof code === 'string' && typeof message === 'string') {
      // A helper of another version may know codes that we do not: what we cannot name is unavailable.
      const known = CODES.find((each) => each === code) ?? 'unavailable';
      return { ok: false, code: known, message, ...(typeof hint === 'string' && { hint }) };
    }
  } catch {
    // Said below, with what came.
  }
  throw new BrambleError('data-loss', `the helper answered ${JSON.stringify(line.slice(0, 100))}`);
}

export function renderLine(message: HelperRequest | HelperReply): string {
  return `${JSON.stringify(message)}\n`;
}

export function replyOf(error: BrambleError): HelperReply {
  const { code, message, hint } = error;
  const cut = { message: message.slice(0, 1000), ...(hint !== undefined && { hint: hint.slice(0, 500) }) };
  return { ok: false, code, ...cut };
}

const CODES = [
  'invalid-argument',
  'not-found',
  'failed-precondition',
  'permission-denied',
  'unavailable',
  'deadline-exceeded',
  'unsupported',
  'internal',
] as const satisfies readonly ErrorCode[];

function isVerb(verb: unknown): verb is HelperRequest['verb'] {
  return typeof verb === 'string' && Object.hasOwn(FIELDS, verb);
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw refused('not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused('not a JSON object');
  return { ...value };
}

function refused(why: string, cause?: unknown): BrambleError {
  return new BrambleError('invalid-argument', `helper request refused: ${why}`, { cause });
}
