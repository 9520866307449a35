import { CommanderError } from 'commander';
import { ErrorEnvelope } from '../../proto/contract/api/requests.js';
import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';

/** What scripts may rely on. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  permission: 4,
  conflict: 5,
  refusedBySafetyGate: 6,
  timeout: 7,
  /** Of many nodes some failed. */
  partial: 8,
  differences: 9,
  interrupted: 130,
} as const;

const EXIT_BY_CODE = {
  'invalid-argument': EXIT.usage,
  'not-found': EXIT.notFound,
  unauthenticated: EXIT.permission,
  'permission-denied': EXIT.permission,
  'already-exists': EXIT.conflict,
  'failed-precondition': EXIT.conflict,
  aborted: EXIT.conflict,
  'deadline-exceeded': EXIT.timeout,
  unavailable: EXIT.failure,
  'resource-exhausted': EXIT.failure,
  cancelled: EXIT.interrupted,
  'data-loss': EXIT.failure,
  unsupported: EXIT.failure,
  internal: EXIT.failure,
} as const satisfies Record<ErrorCode, number>;

/** A gate of the CLI's own: the request was fine, but what it would do was not confirmed. */
export function refusedBySafetyGate(message: string, hint: string): BrambleError {
  return new BrambleError('failed-precondition', message, { hint, context: { gate: 'confirm' } });
}

export function exitCodeOf(error: BrambleError): number {
  return error.context['gate'] === undefined ? EXIT_BY_CODE[error.code] : EXIT.refusedBySafetyGate;
}

/** Wrong words on the command line, told apart from --help and --version, which end with 0. */
export function isUsageError(thrown: unknown): thrown is CommanderError {
  return thrown instanceof CommanderError && thrown.exitCode !== 0;
}

/** The envelope of a refusal as the error that it was; its request id goes along. */
export function errorOfEnvelope(status: number, text: string): BrambleError {
  const parsed = ErrorEnvelope.safeParse(jsonOrUndefined(text));
  if (!parsed.success) {
    return new BrambleError('unavailable', `the controller answered with status ${status} and no explanation`, {
      hint: 'is it a Bramble controller of this version?',
    });
  }
  const { code, message, hint, requestId, details } = parsed.data;
  return new BrambleError(errorCodeOf(code), message, {
    context: { ...details, requestId },
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

/** A code that this release does not know is told as a bug. */
export function errorCodeOf(text: string): ErrorCode {
  return isErrorCode(text) ? text : 'internal';
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(EXIT_BY_CODE, text);
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller says that it was no envelope
  }
}
