import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { BrambleError, type ErrorCode } from '../contract/errors.js';

/** The only place that knows gRPC's numbers. */
const STATUS_BY_CODE = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'failed-precondition': status.FAILED_PRECONDITION,
  unauthenticated: status.UNAUTHENTICATED,
  'permission-denied': status.PERMISSION_DENIED,
  aborted: status.ABORTED,
  unavailable: status.UNAVAILABLE,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
  'resource-exhausted': status.RESOURCE_EXHAUSTED,
  cancelled: status.CANCELLED,
  'data-loss': status.DATA_LOSS,
  unsupported: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
} as const satisfies Record<ErrorCode, status>;

const CODE_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(STATUS_BY_CODE).map(([code, number]) => [number, code as ErrorCode]), // Object.entries widens the keys
);

/** Trailing metadata: what the operator should do next; percent-encoded, because metadata is ASCII. */
const HINT_KEY = 'bramble-hint';
const HINT_CHARACTERS_MAX = 500;
const DETAILS_CHARACTERS_MAX = 1000;

/** What a bug of ours looks like from outside: its text stays in our log. */
const INTERNAL_DETAILS = 'internal error';

export interface WireStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The status that a peer gets for whatever was thrown. Causes and context never leave this process. */
export function toServiceError(thrown: unknown): WireStatus {
  const error = BrambleError.from(thrown);
  const metadata = new Metadata();
  if (error.code === 'internal') return { code: status.INTERNAL, details: INTERNAL_DETAILS, metadata };
  if (error.hint !== undefined) metadata.set(HINT_KEY, encodeURIComponent(cut(error.hint, HINT_CHARACTERS_MAX)));
  return { code: STATUS_BY_CODE[error.code], details: cut(error.message, DETAILS_CHARACTERS_MAX), metadata };
}

/** Percent encoding, ours and grpc-js's, throws on half a surrogate pair: the way through UTF-8 replaces it. */
function cut(text: string, charactersMax: number): string {
  return Buffer.from(text.slice(0, charactersMax), 'utf8').toString('utf8');
}

/** What the other end's status means here; anything that is not one becomes `internal` as any stray error does. */
export function fromServiceError(thrown: unknown): BrambleError {
  if (thrown instanceof BrambleError || !isServiceError(thrown)) return BrambleError.from(thrown);
  // A number that is not in our table is a peer that we do not understand: retrying is the safe answer.
  const code = CODE_BY_STATUS.get(thrown.code) ?? 'unavailable';
  const message = thrown.details === '' ? (status[thrown.code] ?? `status ${thrown.code}`) : thrown.details;
  const hint = readHint(thrown.metadata);
  return new BrambleError(code, message, { cause: thrown, ...(hint === undefined ? {} : { hint }) });
}

function readHint(metadata: Metadata | undefined): string | undefined {
  const encoded = metadata?.get(HINT_KEY)[0];
  if (typeof encoded !== 'string') return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined; // not ours: a hint is a help, never a reason to fail
  }
}

/** grpc-js leaves `metadata` out of errors that it makes up itself. */
type ReceivedError = Pick<ServiceError, 'code' | 'details'> & { readonly metadata?: Metadata };

function isServiceError(thrown: unknown): thrown is ReceivedError {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    typeof thrown.details === 'string'
  );
}
