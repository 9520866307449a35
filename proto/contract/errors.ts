/** Who acts on it is part of the meaning of a code; see CONTRIBUTING.md, "Errors". Names equal gRPC's. */
export type ErrorCode =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'failed-precondition'
  | 'unauthenticated'
  | 'permission-denied'
  | 'aborted'
  | 'unavailable'
  | 'deadline-exceeded'
  | 'resource-exhausted'
  | 'cancelled'
  | 'data-loss'
  | 'unsupported'
  | 'internal';

const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'aborted',
  'unavailable',
  'deadline-exceeded',
  'resource-exhausted',
]);

export interface ErrorDetail {
  readonly cause?: unknown;
  /** What the operator should do next, in one sentence. */
  readonly hint?: string;
  /** Becomes fields of the log line. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
  /** For programs: what is wrong, in pieces. Goes into the error envelope, not into the log. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An operating error: expected, handled, told to whoever can act. Programmer errors are assertions instead. */
export class BrambleError extends Error {
  override readonly name = 'BrambleError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, string | number | boolean>>;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
    this.context = detail.context ?? {};
    this.details = detail.details;
  }

  /** True when trying again later, unchanged, may succeed. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  /** Ours as it is; anything else is a bug and becomes `internal` with its cause kept. */
  static from(thrown: unknown): BrambleError {
    if (thrown instanceof BrambleError) return thrown;
    return new BrambleError('internal', messageOf(thrown), { cause: thrown });
  }
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  try {
    return String(thrown);
  } catch {
    return 'something was thrown that has no text'; // an object without a prototype, say
  }
}
