import type { ErrorEnvelope } from '../../proto/contract/api/requests.js';
import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';

/** One table from codes to HTTP. Clients act on `code` in the body; the status is for proxies and logs. */
export const HTTP_STATUS = {
  'invalid-argument': 400,
  unauthenticated: 401,
  'permission-denied': 403,
  'not-found': 404,
  'already-exists': 409,
  'failed-precondition': 409,
  aborted: 409,
  'resource-exhausted': 429,
  cancelled: 499,
  'data-loss': 500,
  internal: 500,
  unsupported: 501,
  unavailable: 503,
  'deadline-exceeded': 504,
} as const satisfies Record<ErrorCode, number>;

/** Statuses that say more than the code does; clients of HTTP know them. */
const KEPT_STATUSES: ReadonlySet<number> = new Set([405, 413, 414, 415, 431]);

/** The HTTP status of a refusal. `thrown` is what it was before it became one of ours. */
export function statusOf(error: BrambleError, thrown: unknown = error): number {
  if (error.context['precondition'] === 'if-match') return 412;
  const given = statusGiven(thrown);
  return given !== undefined && KEPT_STATUSES.has(given) ? given : HTTP_STATUS[error.code];
}

function statusGiven(thrown: unknown): number | undefined {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** What leaves the controller about an error. The text of a bug stays in our log. */
export function envelopeOf(error: BrambleError, requestId: string): ErrorEnvelope {
  if (error.code === 'internal') {
    const hint = 'the cause is in the log of the controller, under the same request id';
    return { code: error.code, message: 'internal error', hint, requestId };
  }
  const details = { ...error.context, ...error.details };
  return {
    code: error.code,
    message: error.message,
    requestId,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** Ours as it is; what the HTTP server refused before any handler keeps its meaning; the rest is a bug. */
export function webError(thrown: unknown): BrambleError {
  if (thrown instanceof BrambleError) return thrown;
  const status = statusGiven(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (status === 413) {
    return new BrambleError('resource-exhausted', 'the body is larger than 1 MiB', { cause: thrown });
  }
  if (status === 415) {
    return new BrambleError('invalid-argument', 'the body is not JSON', {
      hint: 'send it with content-type: application/json',
      cause: thrown,
    });
  }
  if (thrown instanceof SyntaxError || message.includes('not valid JSON')) {
    const hint = 'the body must be one JSON document';
    return new BrambleError('invalid-argument', 'the body cannot be read as JSON', { hint, cause: thrown });
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new BrambleError('invalid-argument', message, { cause: thrown });
  }
  return BrambleError.from(thrown);
}
