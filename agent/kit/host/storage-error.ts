import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';

/** What storage refuses with, and what the operator can do about it. Source: errno(3). */
const MEANING: Readonly<Record<string, { code: ErrorCode; hint: string }>> = {
  ENOSPC: { code: 'resource-exhausted', hint: 'free space on the volume that holds the agent state' },
  EDQUOT: { code: 'resource-exhausted', hint: 'raise the quota of the volume that holds the agent state' },
  EROFS: { code: 'failed-precondition', hint: 'the volume is read-only: look for I/O errors in the kernel log' },
  EACCES: { code: 'permission-denied', hint: 'give the state directory to the user that runs the agent' },
  EPERM: { code: 'permission-denied', hint: 'give the state directory to the user that runs the agent' },
  ELOOP: { code: 'failed-precondition', hint: 'replace the symbolic link by a plain file' },
  EFBIG: {
    code: 'failed-precondition',
    hint: 'this file never grows that large by itself: look at it, then move it away',
  },
};

const OTHER = { code: 'unavailable', hint: 'look for I/O errors in the kernel log' } as const;

/** One error for real and simulated storage. `errno` is the symbolic name, such as "ENOSPC". */
export function storageError(errno: string, doing: string, cause?: unknown): BrambleError {
  const { code, hint } = MEANING[errno] ?? OTHER;
  return new BrambleError(code, `${doing}: ${errno}`, { hint, cause, context: { errno } });
}
