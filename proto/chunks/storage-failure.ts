import { BrambleError, type ErrorCode } from '../contract/errors.js';

const CODES: Readonly<Record<string, { readonly code: ErrorCode; readonly hint: string }>> = {
  ENOSPC: { code: 'resource-exhausted', hint: 'free space on the volume that holds the images, or remove images' },
  EDQUOT: { code: 'resource-exhausted', hint: 'raise the quota of the volume that holds the images, or remove images' },
  EROFS: { code: 'failed-precondition', hint: 'the volume is read-only: look for I/O errors in the kernel log' },
  EACCES: { code: 'permission-denied', hint: 'give the folder with the images to the user that keeps them' },
  EPERM: { code: 'permission-denied', hint: 'give the folder with the images to the user that keeps them' },
  ELOOP: { code: 'failed-precondition', hint: 'replace the symbolic link by what it points to' },
};

/** Symbolic name of a system error. Source: errno(3). */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Ours as it is; a system error with what it means for a store of images. */
export function storageFailure(thrown: unknown, doing: string): BrambleError {
  if (thrown instanceof BrambleError) return thrown;
  const errno = errnoOf(thrown) ?? 'an unknown error';
  const { code, hint } = CODES[errno] ?? { code: 'unavailable', hint: 'look for I/O errors in the kernel log' };
  return new BrambleError(code, `${doing}: ${errno}`, { cause: thrown, hint });
}
