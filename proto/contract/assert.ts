/** Thrown by {@link assert}: a bug of ours. The process ends and its supervisor starts it again. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** States what must be true whatever the input; stays on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Makes a switch over a closed union exhaustive at compile time. */
export function assertNever(value: never, what: string): never {
  throw new AssertionError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
