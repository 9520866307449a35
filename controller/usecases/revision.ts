import { BrambleError } from '../../proto/contract/errors.js';

/**
 * Two people who change one thing at once must not undo each other's work unseen.
 * @throws BrambleError `failed-precondition` when the caller saw another revision than there is now
 */
export function assertRevision(what: string, now: number, seen: number | undefined): void {
  if (seen === undefined || seen === now) return;
  throw new BrambleError(
    'failed-precondition',
    `${what} was changed meanwhile: it is at revision ${now}, not ${seen}`,
    {
      hint: 'read it again, look at what changed, and send the change with its new ETag',
      context: { precondition: 'if-match', revision: now },
    },
  );
}
