import { BrambleError, type ErrorCode } from '../../proto/contract/errors.js';

/** What says that this machine will not tell, rather than that asking failed. */
const WILL_NOT: readonly ErrorCode[] = ['unsupported', 'permission-denied', 'not-found'];

/** The answer, or why there is none to be had here. @throws BrambleError where asking failed */
export async function orNothing<T>(asked: Promise<T>): Promise<{ readonly found: T } | { readonly nothing: string }> {
  try {
    return { found: await asked };
  } catch (thrown) {
    const error = BrambleError.from(thrown);
    if (WILL_NOT.includes(error.code)) return { nothing: error.message };
    throw error;
  }
}
